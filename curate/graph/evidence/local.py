"""Candidate evidence from local features: one skin in two photographs, whatever their turn, zoom and light.

Candidates come from voting (`curate.graph.candidates`) and, where CNN features were computed, from the nearest neighbours by these:
a few of any picture, more of clinical ones, whose texture changes with the light. Each is verified (`curate.graph.verification`),
and its measures become a probability (`curate.graph.calibration`). Copies of one photograph are represented by one of them, so that
they do not fill each other's lists.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.engines import Engine
from curate.fingerprints.feature_store import FeatureStore
from curate.fingerprints.points import LOCAL
from curate.fingerprints.stage import cnn_features, store
from curate.graph.calibration import DEFAULT, calibration_of, digest
from curate.graph.candidates import codes, vote
from curate.graph.components import components
from curate.graph.evidence.cnn import near_pairs
from curate.graph.evidence.interface import Edge, Evidence
from curate.graph.policy import Policy
from curate.graph.verification import MEASURES, Prepared, prepare, verify

VERSION = "1"  # of the measures
CLINICAL = "clinical"
ALL_OVER_MATCHES, ALL_OVER_SHARE, ALL_OVER_SPREAD = 30, 0.5, 30.0  # guided matches, of the possible ones; in lengths of the frame
KEPT = 400  # prepared pictures that a worker keeps, half a megabyte each
BATCH = 20_000  # pairs per commit


class Pictures(NamedTuple):
    """The pictures that represent their copies, in order of their ids."""

    images: list[str]
    sha256: list[str]
    positions: npt.NDArray[np.int64]
    modality: list[str]


class Pair(NamedTuple):
    """Two positions in `Pictures`, the one with the smaller sha256 first."""

    first: int
    second: int


def same_skin(
    catalogue: Catalogue, policy: Policy, engine: Engine, copies: Iterable[tuple[str, str]], near: Iterable[tuple[str, str]]
) -> Evidence:
    """Tie pictures that show one skin.

    Args:
        catalogue: open for writing: what is measured on a pair is kept.
        policy: how many candidates, from which probability on.
        engine: where pairs are verified.
        copies: pairs known as copies of one photograph.
        near: pairs that other evidence proposes.
    """
    if required_stage(catalogue, "fingerprint", "curate fingerprint").summary.get("points") is None:
        return Evidence([], not_run="no points were taken (--no-points)")
    pictures = representatives(catalogue, copies)
    pairs, nearest_found = candidate_pairs(catalogue, pictures, policy, near)
    measures = measured(catalogue, engine, pictures, pairs)
    calibration = calibration_of(policy.calibration)
    modality = [modality_of(pictures, pair) for pair in pairs]
    probability = calibration.probability(measures, modality)
    accepted = is_accepted(probability, measures, modality, policy)
    models = sorted(calibration.models.items())
    told = {
        "learnt_on": calibration.learnt_on,
        "sha256": digest(calibration),
        "expected_false_edges": round(float((1 - probability[accepted]).sum()), 1),
        "recall_of_known": {name: model.recall(policy.least_probability(name)) for name, model in models},
        "known_pairs": {
            name: {"found": model.found(policy.least_probability(name)), "known": model.pairs_known} for name, model in models
        },
        "model_of_others": DEFAULT,
    }
    edges = []
    for n in np.flatnonzero(accepted).tolist():
        a, b = sorted((pictures.images[pairs[n].first], pictures.images[pairs[n].second]))
        chance = float(probability[n])
        basis = in_words(dict(zip(MEASURES, measures[n].tolist(), strict=True)))
        edges.append(Edge(a, b, "local", chance, False, chance < policy.local_strong, basis, chance))
    return Evidence(edges, pairs_compared=len(pairs), calibration=told, nearest_found=nearest_found)


def is_accepted(
    probability: npt.NDArray[np.float64], measures: npt.NDArray[np.float64], modality: Sequence[str], policy: Policy
) -> npt.NDArray[np.bool_]:
    """Say which pairs become edges; less probability is asked where the aligned pictures agree all over.

    The model weighs one measure against another; where all of them hold, from the lesion to the skin around it, look-alikes have
    a probability of nearly nothing and pairs of one lesion one that is merely low (decision 9).
    """
    asked = np.array([policy.least_probability(of) for of in modality])
    less = np.minimum(asked, policy.local_all_over_accept)
    asked = np.where(agree_all_over(measures, policy), less, asked)
    return np.asarray((probability >= asked) & agree_in_detail(measures, policy))


def agree_all_over(measures: npt.NDArray[np.float64], policy: Policy) -> npt.NDArray[np.bool_]:
    """Say of which pairs many matches are spread over the pictures, and the skin agrees in three tiles of four."""

    def of(name: str) -> npt.NDArray[np.float64]:
        return measures[:, MEASURES.index(name)]

    many = (of("guided_strong") >= ALL_OVER_MATCHES) & (of("guided_share") >= ALL_OVER_SHARE) & (of("spread") >= ALL_OVER_SPREAD)
    return np.asarray(many & (of("tiles_lower") >= policy.local_all_over_tiles))


def agree_in_detail(measures: npt.NDArray[np.float64], policy: Policy) -> npt.NDArray[np.bool_]:
    """Say of which pairs the aligned pictures agree: both as a whole and in the median tile, and in one of the two clearly.

    A probability is worth what it was learnt on; where points agree and the skin between them does not, it is not believed. Two
    photographs of one lesion never lie on each other as they are. What does is of the device or the publisher (dust, a
    watermark, a frame), unless it is one photograph: then nearly all tiles agree, and not only those that such a thing covers.
    """

    def of(name: str) -> npt.NDArray[np.float64]:
        return measures[:, MEASURES.index(name)]

    detail, tiles = of("detail"), of("tiles_median")
    at_all = (detail >= policy.local_least_detail) & (tiles >= policy.local_least_tiles)
    at_all &= of("overlap") >= policy.local_least_overlap
    clearly = (detail >= policy.local_clear_detail) | (tiles >= policy.local_clear_tiles)
    as_large = (of("scale") < policy.local_in_place_size) & (of("shear") < policy.local_in_place_size)
    in_place = as_large & (of("distance_from_identity") < policy.local_in_place)
    return np.asarray(at_all & clearly & (~in_place | (of("tiles_lower") >= policy.local_in_place_tiles)))


def in_words(measures: dict[str, float]) -> str:
    """Say what a probability rests on."""
    return (
        f"{measures['guided']:.0f} places match, {measures['agreeing']:.0f} of them alone; "
        f"detail agrees {measures['detail']:.2f}, in the median tile {measures['tiles_median']:.2f}; "
        f"scale {np.exp(measures['scale']):.2f}"
    )


def modality_of(pictures: Pictures, pair: Pair) -> str:
    """Return the modality by whose model a pair is judged: its pictures' where it is one, else none."""
    one, other = pictures.modality[pair.first], pictures.modality[pair.second]
    return one if one == other else ""


def representatives(catalogue: Catalogue, copies: Iterable[tuple[str, str]]) -> Pictures:
    """Return the first picture of each set of copies."""
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["points"]
    rows = catalogue.rows(
        """SELECT p.image_id, p.sha256, f.position, coalesce(r.modality, '') FROM pictures p
           JOIN features f ON f.sha256 = p.sha256 AND f.extractor = ? LEFT JOIN records r USING (image_id) ORDER BY p.image_id""",
        [key],
    )
    images = [image for image, *_ in rows]
    there = set(images)
    place = components(images, ((a, b) for a, b in copies if a in there and b in there))
    named: dict[str, tuple[str, str, int, str]] = {}
    for row in rows:
        named.setdefault(place[row[0]], row)
    first = list(named.values())
    return Pictures(
        [image for image, *_ in first],
        [sha for _, sha, *_ in first],
        np.array([position for *_, position, _ in first], dtype=np.int64),
        [modality for *_, modality in first],
    )


class Proposed(NamedTuple):
    """The pairs to be verified, sorted by position, and what the searches for them found of the exactly nearest."""

    pairs: list[Pair]
    nearest_found: dict[str, float]


def candidate_pairs(catalogue: Catalogue, pictures: Pictures, policy: Policy, near: Iterable[tuple[str, str]]) -> Proposed:
    """Propose pairs by votes, by CNN features, and those to which other evidence came near."""
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["points"]
    records = store(catalogue, key)
    reduced = codes(lambda rows: records.records(LOCAL, rows.tolist())["points"], pictures.positions)
    voted = vote(reduced, len(pictures.images), policy.local_candidates)
    pairs = set(zip(voted.i.tolist(), voted.j.tolist(), strict=True))
    clinical = [n for n, modality in enumerate(pictures.modality) if modality == CLINICAL]
    found = {"points": voted.recall}
    asked = {"CNN features": (list(range(len(pictures.images))), policy.local_alike)}
    asked["CNN features of clinical pictures"] = clinical, policy.local_candidates
    for what, (among, most) in asked.items():
        alike, found[what] = _alike(catalogue, pictures, among, most)
        pairs |= alike
    place = {image: n for n, image in enumerate(pictures.images)}
    pairs |= {(min(place[a], place[b]), max(place[a], place[b])) for a, b in near if a in place and b in place}
    ordered = [Pair(i, j) if pictures.sha256[i] < pictures.sha256[j] else Pair(j, i) for i, j in sorted(pairs)]
    return Proposed(ordered, {what: part for what, part in found.items() if part is not None})


def _alike(catalogue: Catalogue, pictures: Pictures, among: list[int], most: int) -> tuple[set[tuple[int, int]], float | None]:
    """Return the `most` nearest by CNN features among some pictures, where these were computed, and `found` of `near_pairs`."""
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["extractor"]
    if key is None or len(among) < 2 or most < 1:
        return set(), None
    positions = dict(catalogue.rows("SELECT sha256, position FROM features WHERE extractor = ?", [key]))
    features = cnn_features(catalogue, key)[[positions[pictures.sha256[n]] for n in among]]
    near = near_pairs(features, most, -1.0)
    return {(among[i], among[j]) for i, j, _ in near.pairs}, near.found


def measured(catalogue: Catalogue, engine: Engine, pictures: Pictures, pairs: list[Pair]) -> npt.NDArray[np.float64]:
    """Return the measures of pairs, of shape (pairs, measures); those not known yet are measured and kept, batch by batch."""
    known = _known(catalogue, pictures, pairs)
    missing = [pair for pair in pairs if pair not in known]
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["points"]
    tasks = ((int(pictures.positions[p.first]), int(pictures.positions[p.second])) for p in missing)
    results: Iterator[bytes] = engine.map(_measure, tasks, _open, (store(catalogue, key),)) if missing else iter(())
    waiting = iter(missing)
    while batch := list(islice(results, BATCH)):
        with catalogue.transaction():
            rows: list[dict[str, Any]] = []
            for pair, values in zip(islice(waiting, len(batch)), batch, strict=True):
                known[pair] = values
                names = {"sha256_a": pictures.sha256[pair.first], "sha256_b": pictures.sha256[pair.second]}
                rows.append({**names, "version": VERSION, "measures": values})
            catalogue.insert("pair_measures", rows)
    table = np.frombuffer(b"".join(known[pair] for pair in pairs), dtype=np.float32)
    return table.reshape(-1, len(MEASURES)).astype(np.float64)


def _known(catalogue: Catalogue, pictures: Pictures, pairs: list[Pair]) -> dict[Pair, bytes]:
    """Return what was measured before."""
    import pyarrow as pa

    asked = pa.table(
        {
            "first": pa.array([p.first for p in pairs], pa.int64()),
            "second": pa.array([p.second for p in pairs], pa.int64()),
            "sha256_a": pa.array([pictures.sha256[p.first] for p in pairs], pa.string()),
            "sha256_b": pa.array([pictures.sha256[p.second] for p in pairs], pa.string()),
        }
    )
    catalogue.connection.register("asked", asked)
    rows = catalogue.rows(
        "SELECT first, second, measures FROM asked JOIN pair_measures USING (sha256_a, sha256_b) WHERE version = ?", [VERSION]
    )
    catalogue.connection.unregister("asked")
    return {Pair(i, j): values for i, j, values in rows}


_store: FeatureStore | None = None


def _open(points: FeatureStore) -> None:
    """Say to a worker where the points are."""
    global _store  # noqa: PLW0603 - a worker process reads one file for all its tasks
    _store = points
    _prepared.cache_clear()


@lru_cache(KEPT)
def _prepared(position: int) -> Prepared:
    assert _store is not None
    return prepare(_store.records(LOCAL, [position])[0])


def _measure(pair: tuple[int, int]) -> bytes:
    measures = verify(_prepared(pair[0]), _prepared(pair[1])).measures
    return np.array([measures[name] for name in MEASURES], dtype=np.float32).tobytes()
