"""From probabilities of training classes to those of the nine and the three classes (Esteva et al. 2017, Extended Data Fig. 1)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def roll_up(probabilities: Matrix, training_classes: Sequence[dict[str, Any]], level: str, names: Sequence[str]) -> Matrix:
    """Return the probability of each coarse class: the sum over the training classes below it.

    Args:
        probabilities: shape (images, training classes).
        training_classes: entries of `classes.json`, in the order of the columns.
        level: `nine` or `three`. A training class above the nine has no nine-class, and its probability goes to none.
        names: the coarse classes, in the order of the result's columns.

    Returns:
        Shape (images, coarse classes).
    """
    belongs = np.array([[1.0 if c[level] == name else 0.0 for name in names] for c in training_classes])
    rolled: Matrix = probabilities @ belongs.reshape(len(training_classes), len(names))
    return rolled
