"""Learning a calibration from what the catalogue itself knows: ids, declared pairs, reviewers' verdicts."""

from collections import Counter, defaultdict
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.catalogue.verdicts import last_verdicts, stored_verdicts
from curate.engines import Engine
from curate.errors import NotReadyError
from curate.graph.calibration import DEFAULT, LEAST_PAIRS, THRESHOLDS, Calibration, Model, learn, looked_at
from curate.graph.components import components
from curate.graph.evidence import KINDS
from curate.graph.evidence.local import Pair, Pictures, agree_in_detail, candidate_pairs, measured, modality_of, representatives
from curate.graph.link import copies_of, near_of
from curate.graph.policy import Policy

NAMING = ("image_id", "lesion", "declared", "bytes", "pixels")  # what says that two pictures show one lesion


class Truth(NamedTuple):
    """What is known of pairs: of one lesion, told apart by somebody, and the component each belongs to."""

    same: npt.NDArray[np.bool_]
    different: npt.NDArray[np.bool_]
    component: npt.NDArray[np.int64]


class Gathered(NamedTuple):
    """What a calibration is learnt from.

    Attributes:
        pictures, pairs: the photographs, copies folded, and their candidate pairs.
        measures: float64 of shape (pairs, measures).
        modality: by whose model each pair is judged.
        truth: what is known of each pair.
        agreeing: which pairs agree in detail, as the policy asks of edges.
        known: by modality, how many pairs of photographs are known to show one lesion, candidates or not.
    """

    pictures: Pictures
    pairs: list[Pair]
    measures: npt.NDArray[np.float64]
    modality: list[str]
    truth: Truth
    agreeing: npt.NDArray[np.bool_]
    known: Counter[str]

    def names(self) -> list[tuple[str, str]]:
        """Return the pairs as image ids."""
        return [(self.pictures.images[pair.first], self.pictures.images[pair.second]) for pair in self.pairs]


def calibrate(catalogue: Catalogue, policy: Policy, engine: Engine) -> Calibration:
    """Learn one model per modality that has enough known pairs, and one for all the others.

    Pairs that no list has and no reviewer judged count as different unless they look suspiciously alike (`learn`).

    Raises:
        InputError: too few pairs of one lesion are known.
        NotReadyError: no points were taken.
    """
    found = gather(catalogue, policy, engine)
    sources = [s for (s,) in catalogue.rows("SELECT DISTINCT source_id FROM pictures ORDER BY 1")]
    learnt = learnt_from(found, f"{len(found.pictures.images)} photographs of {', '.join(sources)}")
    probability = learnt.probability(found.measures, found.modality)
    ends = np.array([(p.first, p.second) for p in found.pairs], dtype=np.int64).reshape(-1, 2)
    number = len(found.pictures.images)
    sizes = [_sizes(threshold, ends[found.agreeing & (probability >= threshold)], number) for threshold in THRESHOLDS]
    return learnt.model_copy(update={"components": tuple(sizes)})


def gather(catalogue: Catalogue, policy: Policy, engine: Engine) -> Gathered:
    """Measure the candidate pairs of a catalogue and look up what is known of them.

    Raises:
        NotReadyError: no points were taken.
    """
    if required_stage(catalogue, "fingerprint", "curate fingerprint").summary.get("points") is None:
        raise NotReadyError("No points were taken.", "Run `curate fingerprint --points` first.")
    evidence = {name: KINDS[name](catalogue, policy) for name in ("bytes", "pixels", "hash")}
    pictures = representatives(catalogue, copies_of(evidence))
    pairs = candidate_pairs(catalogue, pictures, policy, near_of(evidence)).pairs
    measures = measured(catalogue, engine, pictures, pairs)
    truth = _truth(catalogue, policy, [(pictures.images[p.first], pictures.images[p.second]) for p in pairs])
    modality = [modality_of(pictures, pair) for pair in pairs]
    agreeing = agree_in_detail(measures, policy)
    return Gathered(pictures, pairs, measures, modality, truth, agreeing, _known(catalogue, policy, pictures))


def learnt_from(found: Gathered, described: str, chosen: npt.NDArray[np.bool_] | None = None) -> Calibration:
    """Learn the models from what was gathered, or from the chosen pairs of it."""
    passed = looked_at(found.measures) if chosen is None else looked_at(found.measures) & chosen
    modality = np.array(found.modality, dtype=object)
    same, component, different = found.truth.same, found.truth.component, found.truth.different

    def model(mine: npt.NDArray[np.bool_], pairs_known: int, prior: Model | None = None) -> Model:
        agreeing = found.agreeing[mine]
        return learn(found.measures[mine], same[mine], component[mine], different[mine], pairs_known, prior, agreeing)

    named = sorted(set(found.modality) - {"", DEFAULT})
    own = [name for name in named if same[passed & (modality == name)].sum() >= LEAST_PAIRS]
    rest = sum(found.known[name] for name in found.known if name not in own)
    models = {DEFAULT: model(passed & ~np.isin(modality, own), rest)}
    models |= {name: model(passed & (modality == name), found.known[name], models[DEFAULT]) for name in own}
    return Calibration(learnt_on=described, models=models)


def _sizes(threshold: float, ends: npt.NDArray[np.int64], pictures: int) -> dict[str, float]:
    """Return how many components of several photographs there are from a threshold on, and how many the largest has."""
    names = [str(n) for n in range(pictures)]
    sizes = Counter(components(names, ((str(a), str(b)) for a, b in ends.tolist())).values())
    return {"threshold": threshold, "several": sum(1 for n in sizes.values() if n > 1), "largest": max(sizes.values(), default=0)}


def _known(catalogue: Catalogue, policy: Policy, pictures: Pictures) -> Counter[str]:
    """Return by modality how many pairs of photographs are known to show one lesion."""
    place = {image: n for n, image in enumerate(pictures.images)}
    members: defaultdict[str, list[int]] = defaultdict(list)
    named = _named(catalogue, policy)
    images = sorted(set(place) | {image for pair in named for image in pair})
    for image, component in components(images, named).items():
        if image in place:
            members[component].append(place[image])
    return Counter(modality_of(pictures, Pair(a, b)) for found in members.values() for a, b in combinations(found, 2))


def _named(catalogue: Catalogue, policy: Policy) -> list[tuple[str, str]]:
    """Return the pairs that ids, declared pairs, equal content or reviewers tie."""
    last = last_verdicts(stored_verdicts(catalogue))
    named = [(e.image_a, e.image_b) for kind in NAMING for e in KINDS[kind](catalogue, policy).edges]
    return named + [pair for pair, v in last.items() if v.verdict == "same"]


def _truth(catalogue: Catalogue, policy: Policy, pairs: list[tuple[str, str]]) -> Truth:
    """Look pairs up in what ids, declared pairs and verdicts say; a reviewer's word goes before an id's."""
    verdicts = {pair: v.verdict for pair, v in last_verdicts(stored_verdicts(catalogue)).items()}
    named = _named(catalogue, policy)
    patients = [(e.image_a, e.image_b) for e in KINDS["patient"](catalogue, policy).edges]
    images = sorted({image for pair in pairs for image in pair} | {image for pair in (*named, *patients) for image in pair})
    lesion, patient = components(images, named), components(images, [*named, *patients])
    numbers = {name: n for n, name in enumerate(sorted(set(patient.values())))}
    told = [verdicts.get((min(a, b), max(a, b))) for a, b in pairs]
    return Truth(
        np.array([lesion[a] == lesion[b] and v != "different" for (a, b), v in zip(pairs, told, strict=True)], dtype=bool),
        np.array([v == "different" for v in told], dtype=bool),
        np.array([numbers[min(patient[a], patient[b])] for a, b in pairs], dtype=np.int64),
    )
