"""Measures for the quality gate of test and validation sets."""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

Matrix = npt.NDArray[np.float64]

LONG_SIDE = 256
FRAMED_SIDE = 64
SCALES = tuple(2 ** (n / 4) for n in range(19))  # standard deviations of Gaussians, in pixels of 64
WIDER = 3  # steps of scale from a blob to its surround
DIAMETER = 2.3  # of a blob to which a difference of two such Gaussians answers most, in scales
MIDDLE = 0.16  # standard deviation of the weight about the middle, in sides
LIGHT, COLOUR = 0.5, 1.5  # weights of the differences in lightness and in the two colour channels


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


def framing(rgb: Image.Image) -> float:
    """Return how large what stands out near the middle is: its diameter over the longer side, rounded to four digits.

    The blob is that of the scale to which differences of Gaussians in lightness and colour answer most (Lindeberg 1998), large ones
    somewhat before small ones. A photograph of a lesion from k times as far gives a k-th, so it says how far a picture is taken,
    for lesions of like size; it is no segmentation. 0 where nothing stands out.
    """
    small = rgb.convert("YCbCr")
    small.thumbnail((FRAMED_SIDE, FRAMED_SIDE), Image.Resampling.BOX)
    channels = np.asarray(small, dtype=np.float64) * (LIGHT, COLOUR, COLOUR)
    height, width, _ = channels.shape
    down, across = ((np.arange(side) + 0.5) / side - 0.5 for side in (height, width))
    near = np.exp(-(down[:, None] ** 2 + across**2) / (2 * MIDDLE**2))
    best, diameter = 1e-6, 0.0
    levels = [_blurred(channels, scale) for scale in SCALES]
    for scale, inner, outer in zip(SCALES, levels, levels[WIDER:], strict=False):
        if DIAMETER * scale > max(height, width):
            break  # no blob is wider than the picture
        apart = inner - outer
        answer = float((np.sqrt((apart**2).sum(axis=2)) * near).max() * scale**0.5)
        if answer > best * (1 + 1e-9):
            best, diameter = answer, DIAMETER * scale / max(height, width)
    return round(diameter, 4)


def _blurred(channels: Matrix, scale: float) -> Matrix:
    """Blur values of shape (height, width, channels); beyond the border the last pixel goes on."""
    height, width, _ = channels.shape
    along = (_kernel(height, scale) @ channels.reshape(height, -1)).reshape(channels.shape)
    whole: Matrix = _kernel(width, scale) @ along
    return whole


@cache
def _kernel(side: int, scale: float) -> Matrix:
    """Return the matrix (side, side) that blurs a line of so many pixels."""
    reach = int(np.ceil(3 * scale))
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * scale**2))
    matrix = np.zeros((side, side))
    for offset, weight in zip(range(-reach, reach + 1), weights / weights.sum(), strict=True):
        np.add.at(matrix, (np.arange(side), np.clip(np.arange(side) + offset, 0, side - 1)), weight)
    return matrix
