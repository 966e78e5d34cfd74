"""Measures for the quality gate of test and validation sets."""

import numpy as np
from PIL import Image

LONG_SIDE = 256


def sharpness_and_contrast(rgb: Image.Image) -> tuple[float, float]:
    """Return the variance of the Laplacian and the standard deviation of the grey picture, at 256 pixels on its long side.

    A fixed size makes pictures of different resolution comparable; smaller ones are not enlarged. Both are rounded to four
    digits and in units of 8-bit grey values (squared for the first).
    """
    grey = rgb.convert("L")
    grey.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float64)
    if min(values.shape) < 3:
        return 0.0, round(float(values.std()), 4)
    middle = values[1:-1, 1:-1]
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * middle
    return round(float(laplacian.var()), 4), round(float(values.std()), 4)
