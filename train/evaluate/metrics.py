"""Areas under ROC curves with intervals that respect components."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """A ROC curve: false and true positive rates at each distinct score, from (0, 0) to (1, 1), and the scores (first: inf)."""

    false_positive_rate: Vector
    true_positive_rate: Vector
    threshold: Vector


def roc(scores: Vector, positive: Flags) -> Curve:
    """Return the ROC curve of scores against truth; images of one score are one step of the curve.

    Raises:
        ValueError: there are no positives or no negatives.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ValueError("a ROC curve needs both positives and negatives")
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order])[last]
    false = last + 1 - hits
    return Curve(
        np.concatenate([[0.0], false / negatives]),
        np.concatenate([[0.0], hits / positives]),
        np.concatenate([[np.inf], scores[order][last]]),
    )


def auc(scores: Vector, positive: Flags, weights: Vector | None = None) -> float:
    """Return the area under the ROC curve: the share of pairs of a positive and a negative in which the positive has the
    higher score, ties counting half; NaN without positives or negatives.

    Args:
        scores: shape (n,).
        positive: shape (n,).
        weights: how often each image counts; None: once.
    """
    w = np.ones(len(scores)) if weights is None else weights
    _, group = np.unique(scores, return_inverse=True)
    up = np.bincount(group, weights=w * positive)
    down = np.bincount(group, weights=w * ~positive)
    if not up.sum() or not down.sum():
        return float("nan")
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))


def auc_interval(
    scores: Vector, positive: Flags, components: Sequence[str], *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the AUC, whole components drawn with replacement.

    Images of one lesion are no independent observations, so that drawing images would make the interval too narrow. Draws
    without positives or without negatives are left out; None where that leaves fewer than half.
    """
    _, member = np.unique(np.array(components), return_inverse=True)
    count = int(member.max()) + 1
    random = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        times = np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)
        value = auc(scores, positive, times[member])
        if not np.isnan(value):
            values.append(value)
    if len(values) < draws / 2:
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
