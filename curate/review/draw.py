"""Which pairs are laid before a reviewer: a seeded draw of unlisted edges, with pairs among them whose truth is known.

Every choice follows from a digest of the seed and the ids, so that it depends on no order of rows, and a smaller draw of one
seed is a part of a larger one.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.catalogue.verdicts import last_verdicts, stored_verdicts
from curate.errors import InputError
from curate.graph.components import components
from curate.review.filled import ordered

POOLS = ("edges", "findings")
JUDGED, KNOWN_SAME, KNOWN_DIFFERENT = "judged", "known_same", "known_different"
BRIDGE = "component.weak-bridge"
TRIES = 200  # random pairs of two sources looked at before they are held to give no two known lesions
CLIQUE = 10  # images of one lesion of which every pair may be drawn; of more, so many

Pair = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """What to draw.

    Attributes:
        pool: `edges`, all unlisted edges, or `findings`, those of them that a finding names as a weak bridge.
        number: how many pairs to be judged, the known ones not counted; fewer where the pool holds fewer.
        known_share: of all pairs drawn, those whose truth is known, half of them the same and half different.
        known: pairs known to be one lesion; where None, those that the ids of the catalogue tie.
        excluded: pairs not to be drawn.
    """

    pool: str = "edges"
    number: int = 200
    seed: int = 2017
    known_share: float = 0.2
    known: frozenset[Pair] | None = None
    excluded: frozenset[Pair] = frozenset()


@dataclass(frozen=True)
class Drawn:
    """One pair of a draw; `image_a < image_b`.

    Attributes:
        kind: `judged`, `known_same` or `known_different`.
        evidence: kinds of evidence of the pair's edges, sorted; none of known pairs.
        scores: their scores.
        probability: the greatest of its edges, or None where they have none.
        swapped: whether `image_b` stands on the left.
    """

    image_a: str
    image_b: str
    kind: str
    evidence: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    probability: float | None = None
    swapped: bool = False


@dataclass(frozen=True)
class Draw:
    """The pairs in the order in which they are shown, and what they were drawn from.

    Attributes:
        pool: how many pairs could have been drawn to be judged.
        notes: what is not as asked, for people.
    """

    pairs: list[Drawn]
    pool: int
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Return how many pairs are of a kind."""
        return sum(pair.kind == kind for pair in self.pairs)


def draw(catalogue: Catalogue, request: Request) -> Draw:
    """Draw pairs.

    To be judged are accepted edges of candidate evidence, one pair each, whose two images nothing must-link joins: neither an
    edge of the last run, nor ids of the catalogue (also where the run left ids out), nor the list of known pairs, nor a verdict;
    one patient's id does not count, as it says nothing of the lesion.

    Raises:
        InputError: a setting is out of range, the list of known pairs names no picture of the catalogue, or the pool is empty.
        NotReadyError: the stage `link` has not run.
    """
    if request.pool not in POOLS:
        raise InputError(f"There is no pool {request.pool!r}.", f"Use --from {' or '.join(POOLS)}.")
    if request.number < 1 or not 0 <= request.known_share < 1:
        raise InputError("A draw needs at least one pair to be judged.", "Give --number from 1, --known-share from 0 to below 1.")
    required_stage(catalogue, "link", "curate link")
    truth = _Truth(catalogue, request)
    pool = _pool(catalogue, request, truth)
    if not pool:
        raise InputError(
            "There is no pair to be judged: every accepted edge is listed, was judged before, or is excluded.",
            "Draw from other edges (`curate link --without-ids` leaves ids out), or without --exclude.",
        )
    judged = sorted(pool, key=lambda pair: _rank(request.seed, "judged", pair))[: request.number]
    known = round(len(judged) * request.known_share / (1 - request.known_share))
    same = _known_same(truth, known - known // 2, request.seed)
    different, unmatched = _known_different(truth, judged, known // 2, request.seed)
    drawn = [pool[pair] for pair in judged]
    drawn += [Drawn(*pair, KNOWN_SAME) for pair in same] + [Drawn(*pair, KNOWN_DIFFERENT) for pair in different]
    drawn = [_turned(pair, request.seed) for pair in drawn]
    drawn.sort(key=lambda pair: _rank(request.seed, "order", (pair.image_a, pair.image_b)))
    notes = list(truth.notes)
    if len(judged) < request.number:
        notes.append(f"{request.number} pairs were asked for, {len(judged)} are all there are.")
    if len(same) + len(different) < known:
        notes.append(f"Of {known} known pairs asked for, {len(same)} same and {len(different)} different ones could be had.")
    if unmatched:
        notes.append(f"{unmatched} known different pairs are of other sources than the pairs judged: no lesion ids in those.")
    return Draw(drawn, len(pool), notes)


class _Truth:
    """What is known of the catalogue's pictures: lesions, pairs that are the same, pairs that must not be drawn."""

    def __init__(self, catalogue: Catalogue, request: Request) -> None:
        self.notes: list[str] = []
        self.excluded: Set[Pair] = request.excluded
        self.source, self.pixels = {}, {}
        rows = catalogue.rows("SELECT image_id, source_id, pixel_sha256 FROM pictures ORDER BY image_id")
        for image, source, pixels in rows:
            self.source[image], self.pixels[image] = source, pixels
        self.component: Mapping[str, str] = dict(catalogue.rows("SELECT image_id, component FROM components"))
        self.lesions: dict[str, set[str]] = defaultdict(set)
        for image, key in catalogue.rows("SELECT image_id, lesion_key FROM image_lesion_keys JOIN pictures USING (image_id)"):
            self.lesions[image].add(key)
        by_ids = _pairs_by_ids(catalogue, request.seed)
        listed = by_ids if request.known is None else {pair for pair in request.known if self._held(pair)}
        if request.known is not None and len(listed) < len(request.known):
            if not listed:
                a, b = min(request.known)
                raise InputError(
                    f"No known pair has both its pictures in the catalogue; the first is {a} and {b}.",
                    "Ids are SOURCE:NATIVE_ID, as `curate explain` takes them.",
                )
            self.notes.append(f"{len(request.known) - len(listed)} known pairs name pictures that the catalogue does not hold.")
        verdicts = last_verdicts(stored_verdicts(catalogue))
        self.decided = {pair for pair, v in verdicts.items() if v.verdict != "unsure"}
        same = {pair for pair, v in verdicts.items() if v.verdict == "same" and self._held(pair)}
        must = catalogue.rows(
            """SELECT DISTINCT e.image_a, e.image_b FROM edges e JOIN pictures a ON a.image_id = e.image_a
               JOIN pictures b ON b.image_id = e.image_b WHERE e.must_link AND e.evidence <> 'patient'"""
        )
        self.settled = components(list(self.source), [*must, *by_ids, *listed, *same])
        self.listed = listed

    def _held(self, pair: Pair) -> bool:
        return pair[0] in self.source and pair[1] in self.source

    def is_open(self, pair: Pair) -> bool:
        """Say whether nothing tells yet that the two are one lesion, and no person has said that they are not."""
        a, b = pair
        return self._held(pair) and self.settled[a] != self.settled[b] and pair not in self.decided and pair not in self.excluded

    def known_to_differ(self, pair: Pair) -> bool:
        """Say whether the two are lesions that one id space tells apart, and no edge, list or path of them joins."""
        a, b = pair
        spaces = [{key.partition(":")[0] for key in self.lesions.get(image, ())} for image in pair]
        return (
            a != b
            and bool(spaces[0] & spaces[1])
            and not self.lesions[a] & self.lesions[b]
            and self.component.get(a, a) != self.component.get(b, b)
            and self.is_open(pair)
        )


def _pool(catalogue: Catalogue, request: Request, truth: _Truth) -> dict[Pair, Drawn]:
    rows = catalogue.rows(
        """SELECT image_a, image_b, list(evidence ORDER BY evidence), list(score ORDER BY evidence), max(probability)
           FROM edges WHERE NOT must_link GROUP BY 1, 2"""
    )
    pool = {(a, b): Drawn(a, b, JUDGED, tuple(kinds), tuple(scores), p) for a, b, kinds, scores, p in rows if truth.is_open((a, b))}
    if request.pool == "findings":
        bridges = {ordered(*images) for (images,) in catalogue.rows("SELECT images FROM findings WHERE id = ?", [BRIDGE])}
        return {pair: drawn for pair, drawn in pool.items() if pair in bridges}
    return pool


def _pairs_by_ids(catalogue: Catalogue, seed: int) -> set[Pair]:
    """Return pairs that share a lesion or image key, or that a publisher declares; of many images of one key, some pairs."""
    groups = catalogue.rows(
        """SELECT list(image_id) FROM (SELECT 'l' || lesion_key AS key, image_id FROM image_lesion_keys
                                       UNION SELECT 'i' || key, image_id FROM image_key_rows)
           JOIN pictures USING (image_id) GROUP BY key HAVING count(*) > 1"""
    )
    declared = catalogue.rows(
        """SELECT DISTINCT a.image_id, b.image_id FROM relations r
           JOIN image_key_rows a ON a.key = r.key_a JOIN image_key_rows b ON b.key = r.key_b
           JOIN pictures pa ON pa.image_id = a.image_id JOIN pictures pb ON pb.image_id = b.image_id
           WHERE a.image_id <> b.image_id"""
    )
    found = {ordered(a, b) for a, b in declared}
    for (images,) in groups:
        members = sorted(images, key=lambda image: _rank(seed, "member", (image,)))
        found.update(ordered(a, b) for a, b in combinations(members[:CLIQUE], 2))
        found.update(ordered(members[0], image) for image in members[CLIQUE:])
    return found


def _known_same(truth: _Truth, count: int, seed: int) -> list[Pair]:
    """Return known pairs of different pixels that nobody judged, at most one of each lesion."""
    chosen: dict[str, Pair] = {}
    for pair in sorted(truth.listed, key=lambda pair: _rank(seed, "same", pair)):
        if len(chosen) == count:
            break
        if truth.pixels[pair[0]] != truth.pixels[pair[1]] and pair not in truth.excluded and pair not in truth.decided:
            chosen.setdefault(truth.settled[pair[0]], pair)
    return list(chosen.values())


def _known_different(truth: _Truth, judged: list[Pair], count: int, seed: int) -> tuple[list[Pair], int]:
    """Return pairs of two lesions, of the sources that the judged pairs are of in turn, and how many had to be of others."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for image in truth.source:  # in order of the ids
        if truth.lesions.get(image):
            by_source[truth.source[image]].append(image)
    wanted = [ordered(truth.source[a], truth.source[b]) for a, b in judged]
    others = sorted({ordered(a, b) for a in by_source for b in by_source})
    barren = {pair for pair in wanted if not (by_source.get(pair[0]) and by_source.get(pair[1]))}
    chosen: dict[Pair, None] = {}
    unmatched = 0
    for slot in range(count):
        random = np.random.default_rng([seed, slot])
        first = wanted[slot % len(wanted)]
        for sources in dict.fromkeys((first, *wanted, *others)):
            pair = None if sources in barren else _two_lesions(truth, sources, by_source, chosen, random)
            if pair is not None:
                chosen[pair] = None
                unmatched += sources not in wanted
                break
            barren.add(sources)
    return list(chosen), unmatched


def _two_lesions(
    truth: _Truth, sources: Pair, by_source: Mapping[str, list[str]], taken: Iterable[Pair], random: np.random.Generator
) -> Pair | None:
    """Return a pair of pictures that no pair taken shows, or if none is met soon, a pair at least that is not taken."""
    first, second = by_source[sources[0]], by_source[sources[1]]
    shown = {image for pair in taken for image in pair}
    for n, (i, j) in enumerate(random.random((TRIES, 2))):
        pair = ordered(first[int(i * len(first))], second[int(j * len(second))])
        if pair not in taken and (n >= TRIES // 2 or shown.isdisjoint(pair)) and truth.known_to_differ(pair):
            return pair
    return None


def _turned(pair: Drawn, seed: int) -> Drawn:
    return replace(pair, swapped=_rank(seed, "side", (pair.image_a, pair.image_b)) < "8")  # of a hex digit, half lie below 8


def _rank(seed: int, purpose: str, ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join((str(seed), purpose, *ids)).encode("utf-8")).hexdigest()
