"""Learning a calibration from what the catalogue itself knows: ids, declared pairs, reviewers' verdicts."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.catalogue.verdicts import last_verdicts, stored_verdicts
from curate.engines import Engine
from curate.errors import NotReadyError
from curate.graph.calibration import DEFAULT, LEAST_PAIRS, THRESHOLDS, Calibration, learn, looked_at
from curate.graph.components import components
from curate.graph.evidence import KINDS
from curate.graph.evidence.local import candidate_pairs, measured, modality_of, representatives
from curate.graph.link import copies_of, near_of
from curate.graph.policy import Policy

NAMING = ("image_id", "lesion", "declared", "bytes", "pixels")  # what says that two pictures show one lesion


class Truth(NamedTuple):
    """What is known of pairs: of one lesion, told apart by somebody, and the component each belongs to."""

    same: npt.NDArray[np.bool_]
    different: npt.NDArray[np.bool_]
    component: npt.NDArray[np.int64]


def calibrate(catalogue: Catalogue, policy: Policy, engine: Engine) -> Calibration:
    """Learn one model per modality that has enough known pairs, and one for all the others.

    Pairs that no list has and no reviewer judged count as different unless they look suspiciously alike (`learn`).

    Raises:
        InputError: too few pairs of one lesion are known.
        NotReadyError: no points were taken.
    """
    if required_stage(catalogue, "fingerprint", "curate fingerprint").summary.get("points") is None:
        raise NotReadyError("No points were taken.", "Run `curate fingerprint --points` first.")
    evidence = {name: KINDS[name](catalogue, policy) for name in ("bytes", "pixels", "hash")}
    pictures = representatives(catalogue, copies_of(evidence))
    pairs = candidate_pairs(catalogue, pictures, policy, near_of(evidence))
    measures = measured(catalogue, engine, pictures, pairs)
    truth = _truth(catalogue, policy, [(pictures.images[p.first], pictures.images[p.second]) for p in pairs])
    modality = np.array([modality_of(pictures, pair) for pair in pairs], dtype=object)
    passed = looked_at(measures)
    models = {}
    for name in sorted({m for m in modality.tolist() if m and m != DEFAULT}):
        mine = passed & (modality == name)
        if truth.same[mine].sum() >= LEAST_PAIRS:
            models[name] = learn(measures[mine], truth.same[mine], truth.component[mine], truth.different[mine])
    rest = passed & ~np.isin(modality, list(models))
    models[DEFAULT] = learn(measures[rest], truth.same[rest], truth.component[rest], truth.different[rest])
    sources = [s for (s,) in catalogue.rows("SELECT DISTINCT source_id FROM pictures ORDER BY 1")]
    learnt = Calibration(learnt_on=f"{len(pictures.images)} photographs of {', '.join(sources)}", models=models)
    probability = learnt.probability(measures, modality.tolist())
    ends = np.array([(p.first, p.second) for p in pairs], dtype=np.int64).reshape(-1, 2)
    sizes = [_sizes(threshold, ends[probability >= threshold], len(pictures.images)) for threshold in THRESHOLDS]
    return learnt.model_copy(update={"components": tuple(sizes)})


def _sizes(threshold: float, ends: npt.NDArray[np.int64], pictures: int) -> dict[str, float]:
    """Return how many components of several photographs there are from a threshold on, and how many the largest has."""
    names = [str(n) for n in range(pictures)]
    sizes = Counter(components(names, ((str(a), str(b)) for a, b in ends.tolist())).values())
    return {"threshold": threshold, "several": sum(1 for n in sizes.values() if n > 1), "largest": max(sizes.values(), default=0)}


def _truth(catalogue: Catalogue, policy: Policy, pairs: list[tuple[str, str]]) -> Truth:
    """Look pairs up in what ids, declared pairs and verdicts say; a reviewer's word goes before an id's."""
    verdicts = {pair: v.verdict for pair, v in last_verdicts(stored_verdicts(catalogue)).items()}
    named = [(e.image_a, e.image_b) for kind in NAMING for e in KINDS[kind](catalogue, policy).edges]
    named += [pair for pair, verdict in verdicts.items() if verdict == "same"]
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
