"""From what was measured on a pair to the probability that its two pictures show one lesion: logistic regression, by modality.

A model is learnt from pairs whose truth is known, and judged on pairs of components that it has not seen (cross-validation by
component). Unlisted pairs are no known negatives: those that look suspiciously alike are left out of learning, and kept as wrong
when precision is counted, which is therefore a lower bound.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from curate.errors import InputError
from curate.graph.verification import MEASURES

Floats = npt.NDArray[np.float64]
DEFAULT = "dermoscopic"  # the model of pictures whose modality has none of its own
FOLDS = 5
RIDGE = 10.0
SUSPICIOUS = 0.5  # an unlisted pair of this probability or more is not taken for a known negative
LEAST_PAIRS = 40  # of one lesion, for a model to be learnt
STEPS = 100
WRITE = "Write one with `curate calibrate`."
BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0)
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(_Frozen):
    """Logistic regression over the measures and their logarithms, log(1 + x).

    Attributes:
        centre, scale, weight: of the 2 n columns; `intercept` besides.
        pairs_same, pairs_different, pairs_left_out: what it was learnt on; pairs_known: those of one lesion, candidates or not.
        curve: one row per threshold, on components not learnt from: pairs at or over it, how many of them are known as one
            lesion (precision, a lower bound), and which share of all known pairs they are, candidates or not (recall).
        reliability: one row per bin of probability: pairs, their mean probability, the share known as one lesion.
        calibration_error: mean distance between the two, weighted by pairs, over pairs that passed the first look.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept: float
    pairs_same: int
    pairs_different: int
    pairs_left_out: int
    pairs_known: int
    curve: tuple[dict[str, float], ...] = ()
    reliability: tuple[dict[str, float], ...] = ()
    calibration_error: float | None = None

    def recall(self, threshold: float) -> float:
        """Return the share of known pairs found from a threshold on, by the nearest threshold of the curve at or over it."""
        return next((row["recall"] for row in self.curve if row["threshold"] >= threshold), 0.0)

    def found(self, threshold: float) -> int:
        """Return how many of the known pairs that share is; exact up to 10,000 pairs, whose recall four digits tell apart."""
        return round(self.recall(threshold) * self.pairs_known)

    def probability(self, measures: Floats) -> Floats:
        """Return the probabilities of pairs, rounded to four digits; `measures` is of shape (pairs, measures)."""
        columns = (_columns(measures) - np.array(self.centre)) / np.array(self.scale)
        return _sigmoid(columns @ np.array(self.weight) + self.intercept).round(4)


def digest(calibration: "Calibration") -> str:
    """Return the sha256 of a calibration's text."""
    return hashlib.sha256(as_json(calibration).encode("utf-8")).hexdigest()


class Calibration(_Frozen):
    """The models by modality, what they were learnt on, and by threshold the components that pixels alone then make."""

    version: int = 1
    learnt_on: str
    measures: tuple[str, ...] = MEASURES
    models: dict[str, Model]
    components: tuple[dict[str, float], ...] = ()

    def probability(self, measures: Floats, modality: Sequence[str]) -> Floats:
        """Return the probability of each pair by the model of its modality; pairs that did not pass the first look have 0."""
        names = np.array([m if m in self.models else DEFAULT for m in modality], dtype=object)
        result = np.zeros(len(measures))
        passed = looked_at(measures)
        for name, model in self.models.items():
            mine = passed & (names == name)
            result[mine] = model.probability(measures[mine])
        return result


def calibration_of(path: str | None) -> Calibration:
    """Return the calibration that a policy names; None: the shipped one."""
    return shipped() if path is None else read_calibration(Path(path))


def looked_at(measures: Floats) -> npt.NDArray[np.bool_]:
    """Say of which pairs more was measured than whether a few points match."""
    return np.asarray(measures[:, MEASURES.index("guided")] > 0)


@cache
def shipped() -> Calibration:
    """Return the calibration that travels with the package."""
    return Calibration.model_validate_json(files("curate.graph").joinpath("calibration.json").read_text(encoding="utf-8"))


def read_calibration(path: Path) -> Calibration:
    """Read a calibration that `curate calibrate` wrote.

    Raises:
        InputError: it is missing, no calibration, or of other measures than this version takes.
    """
    try:
        found = Calibration.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The calibration {path} cannot be read: {error.strerror}.", WRITE) from error
    except ValueError as error:
        raise InputError(f"{path} is no calibration: {str(error).splitlines()[0]}.", WRITE) from error
    if found.measures != MEASURES or DEFAULT not in found.models:
        raise InputError(f"{path} was learnt on other measures than this version takes.", WRITE)
    return found


def learn(
    measures: Floats,
    same: npt.NDArray[np.bool_],
    components: npt.NDArray[np.int64],
    trusted: npt.NDArray[np.bool_],
    known: int | None = None,
    prior: Model | None = None,
    agreeing: npt.NDArray[np.bool_] | None = None,
) -> Model:
    """Learn a model, and judge it on components that it has not seen.

    Args:
        measures: of shape (pairs, measures), of pairs that passed the first look.
        same: whether a pair is known as one lesion.
        components: the known component of each pair's lesions; pairs of one component fall into one fold.
        trusted: pairs known to be different (two lesions that somebody told apart): these are never left out of learning.
        prior: a model of other pairs, to which this one keeps where its own pairs say little.
        known: how many pairs of one lesion there are, candidates or not; None: all are among these.
        agreeing: which pairs agree so far that they can become edges; the others count as not found. None: all.

    Raises:
        InputError: too few pairs of one lesion are known.
    """
    if same.sum() < LEAST_PAIRS or (~same).sum() < LEAST_PAIRS:
        raise InputError(
            f"{int(same.sum())} pairs of one lesion and {int((~same).sum())} others are known; {LEAST_PAIRS} of each are needed.",
            "Ingest a source that names lesions, or go with the shipped calibration.",
        )
    fold = _folds(components)
    first = _held_out(measures, same, fold, np.ones(len(same), dtype=bool), prior)
    used = same | trusted | (first < SUSPICIOUS)
    held_out = _held_out(measures, same, fold, used, prior)
    model = _fit(measures[used], same[used], prior)
    known = int(same.sum()) if known is None else known
    curve, reliability, error = judged(held_out, same, known, agreeing)
    return model.model_copy(
        update={
            "pairs_left_out": int((~used).sum()),
            "pairs_known": known,
            "curve": curve,
            "reliability": reliability,
            "calibration_error": error,
        }
    )


def judged(
    probability: Floats, same: npt.NDArray[np.bool_], known: int, agreeing: npt.NDArray[np.bool_] | None = None
) -> tuple[tuple[dict[str, float], ...], tuple[dict[str, float], ...], float]:
    """Return the precision-recall curve (of the agreeing pairs), the reliability and the calibration error of probabilities."""
    curve = []
    for threshold in THRESHOLDS:
        over = (probability >= threshold) & (True if agreeing is None else agreeing)
        right = int((over & same).sum())
        precision = round(right / int(over.sum()), 4) if over.any() else 1.0
        recall = round(right / max(known, 1), 4)
        curve.append({"threshold": threshold, "pairs": int(over.sum()), "precision": precision, "recall": recall})
    reliability, error = [], 0.0
    place = np.clip(np.digitize(probability, BINS) - 1, 0, len(BINS) - 2)
    for n in range(len(BINS) - 1):
        inside = place == n
        if inside.any():
            mean, share = float(probability[inside].mean()), float(same[inside].mean())
            reliability.append(
                {"from": BINS[n], "to": BINS[n + 1], "pairs": int(inside.sum()), "mean": round(mean, 4), "share": round(share, 4)}
            )
            error += float(inside.mean()) * abs(mean - share)
    return tuple(curve), tuple(reliability), round(error, 4)


def _held_out(
    measures: Floats,
    same: npt.NDArray[np.bool_],
    fold: npt.NDArray[np.int64],
    used: npt.NDArray[np.bool_],
    prior: Model | None,
) -> Floats:
    result = np.zeros(len(same))
    for n in range(FOLDS):
        inside = fold == n
        learning = used & ~inside
        if inside.any():
            result[inside] = _fit(measures[learning], same[learning], prior).probability(measures[inside])
    return result


def _folds(components: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Spread components over the folds by a fixed draw."""
    names, place = np.unique(components, return_inverse=True)
    return np.random.default_rng(2017).permutation(len(names))[place] % FOLDS


def _fit(measures: Floats, same: npt.NDArray[np.bool_], prior: Model | None = None) -> Model:
    """Fit by Newton's method (Hastie, Tibshirani and Friedman 2009, 4.4) with a ridge on all weights but the intercept.

    The ridge draws the weights to those of the prior, on the prior's scale, or to 0 where there is none.
    """
    columns = _columns(measures)
    if prior is None:
        centre, scale = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-6)
        start = np.zeros(columns.shape[1] + 1)
    else:
        centre, scale = np.array(prior.centre), np.array(prior.scale)
        start = np.array([*prior.weight, prior.intercept])
    design = np.column_stack([(columns - centre) / scale, np.ones(len(columns))])
    ridge = np.diag([RIDGE] * (design.shape[1] - 1) + [0.0])
    weight = start.copy()
    target = same.astype(np.float64)
    for _ in range(STEPS):
        chance = _sigmoid(design @ weight)
        slope = design.T @ (target - chance) - ridge @ (weight - start)
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + ridge + np.eye(len(weight)) * 1e-9
        step = np.linalg.solve(bend, slope)
        weight += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-7:
            break
    return Model(
        centre=tuple(centre.round(9).tolist()),
        scale=tuple(scale.round(9).tolist()),
        weight=tuple(weight[:-1].round(9).tolist()),
        intercept=round(float(weight[-1]), 9),
        pairs_same=int(same.sum()),
        pairs_different=int((~same).sum()),
        pairs_left_out=0,
        pairs_known=int(same.sum()),
    )


def _columns(measures: Floats) -> Floats:
    return np.column_stack([measures, np.log1p(np.maximum(measures, 0.0))])


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))


def as_json(calibration: Calibration) -> str:
    """Return a calibration as text, one key per line."""
    return json.dumps(calibration.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def as_rows(calibration: Calibration) -> list[dict[str, Any]]:
    """Return the curves of all models as rows."""
    return [{"modality": name, **row} for name, model in sorted(calibration.models.items()) for row in model.curve]
