"""A picture of two aligned photographs: their matches, and the finer one laid on the coarser."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from curate.fingerprints.points import FRAME
from curate.graph.verification import Verified

SIDE = 480  # pixels, longer side of each picture
MARGIN = 12
SQUARE = 40  # of the chequerboard, in pixels
BACKGROUND = (250, 250, 248)
LINE = (214, 92, 20)


def drawn_pair(a: Image.Image, b: Image.Image, verified: Verified) -> Image.Image:
    """Return a sheet: above, both pictures with their matches; below, the coarser, the finer laid on it, and both by squares.

    The lower row is left out where no map between the two was found.
    """
    one, other = _resized(a), _resized(b)
    height = max(one.height, other.height)
    rows = 1 if verified.matrix is None else 2
    sheet = Image.new("RGB", (3 * SIDE + 4 * MARGIN, rows * (SIDE + MARGIN) + MARGIN), BACKGROUND)
    sheet.paste(one, (MARGIN, MARGIN))
    left = 2 * MARGIN + SIDE
    sheet.paste(other, (left, MARGIN))
    if verified.matrix is None or verified.matches is None:
        return sheet.crop((0, 0, 2 * SIDE + 3 * MARGIN, height + 2 * MARGIN))
    per_frame = SIDE / FRAME
    draw = ImageDraw.Draw(sheet)
    for (xa, ya), (xb, yb) in zip(*(m.tolist() for m in verified.matches), strict=True):
        start = MARGIN + xa * per_frame, MARGIN + ya * per_frame
        end = left + xb * per_frame, MARGIN + yb * per_frame
        draw.line([start, end], fill=LINE, width=1)
        for x, y in (start, end):
            draw.ellipse([x - 2, y - 2, x + 2, y + 2], outline=LINE)
    target, laid, overlap = _laid(np.asarray(one), np.asarray(other), verified.matrix)
    squares = (np.add.outer(np.arange(target.shape[0]) // SQUARE, np.arange(target.shape[1]) // SQUARE) % 2).astype(bool)
    mixed = np.where((squares & overlap)[..., None], laid, target)
    for n, shown in enumerate((target, np.where(overlap[..., None], laid, np.array(BACKGROUND, np.uint8)), mixed)):
        sheet.paste(Image.fromarray(shown), (MARGIN + n * (SIDE + MARGIN), SIDE + 2 * MARGIN))
    return sheet


def _resized(picture: Image.Image) -> Image.Image:
    scale = SIDE / max(picture.size)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS)


def _laid(
    a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.uint8], Any, npt.NDArray[np.bool_]]:
    import cv2

    if math.sqrt(max(abs(float(np.linalg.det(matrix[:, :2]))), 1e-6)) >= 1:
        target, moved, onto = a, b, np.array(cv2.invertAffineTransform(matrix))
    else:
        target, moved, onto = b, a, matrix.copy()
    half = np.array([0.5, 0.5])
    onto[:, 2] = onto[:, 2] * SIDE / FRAME + onto[:, :2] @ half - half
    size = target.shape[1], target.shape[0]
    laid = cv2.warpAffine(moved, onto, size, flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full(moved.shape[:2], 255, np.uint8), onto, size, flags=cv2.INTER_NEAREST)
    return target, laid, mask > 0
