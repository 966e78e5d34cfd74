"""What in a picture is no skin: the dark surround of a dermoscope's tube, bars and margins of one tone, hairs and rulers."""

import numpy as np
import numpy.typing as npt

DARK = 50  # lightness, 0 to 255
ONE_TONE = 1  # grey values between the lightest and the darkest of 7 x 7 pixels: skin, however smooth, has more noise
DRAWN_SKIN, DRAWN_TONE = 0.6, 0.05  # a chart: less than this share shows something, and of that more than this is of one tone
BESIDE = 7  # pixels next to it that belong to its edge

LINE_WIDTH = 9  # pixels; wider dark lines are no hairs
LINE_DEPTH = 25  # grey values below what is beside it
LINE_LENGTH = 36  # pixels: longer than the strands of a pigment network

Grey = npt.NDArray[np.uint8]


def skin_mask(grey: Grey) -> npt.NDArray[np.bool_]:
    """Return where a picture shows what it was taken of: not where dark, or one tone, reaches in from its border.

    A dark lesion inside the picture is kept.
    """
    import cv2

    no_skin = _from_border(grey < DARK) | _from_border(_one_tone(grey))
    grown = cv2.dilate(no_skin.astype(np.uint8), np.ones((2 * BESIDE + 1,) * 2, np.uint8))
    return np.asarray(grown == 0)


def is_chart(grey: Grey, skin: npt.NDArray[np.bool_]) -> bool:
    """Say whether a picture is a chart or a drawing: a broad margin of one tone, and more of one tone inside."""
    return bool(skin.mean() < DRAWN_SKIN and (_one_tone(grey) & skin).sum() > DRAWN_TONE * skin.sum())


def _one_tone(grey: Grey) -> npt.NDArray[np.bool_]:
    import cv2

    window = np.ones((7, 7), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(grey, window), cv2.erode(grey, window)) <= ONE_TONE)


def _from_border(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return those parts of a region that touch the border."""
    import cv2

    if not region.any():
        return region
    count, parts = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    touching = np.zeros(count, dtype=bool)
    for border in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        touching[border] = True
    touching[0] = False  # what is not of the region
    return np.asarray(touching[parts])


def line_mask(grey: Grey) -> npt.NDArray[np.bool_]:
    """Return where a thin dark line runs: a hair, a ruler's mark (a bottom-hat transform, as in DullRazor, Lee et al. 1997)."""
    import cv2

    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE_WIDTH, LINE_WIDTH))
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, window) > LINE_DEPTH
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(np.asarray(dark).astype(np.uint8), connectivity=8)
    length = np.maximum(sizes[:, cv2.CC_STAT_WIDTH], sizes[:, cv2.CC_STAT_HEIGHT])
    long = length >= LINE_LENGTH
    long[0] = False
    lines = long[parts].astype(np.uint8) if count > 1 else np.zeros(grey.shape, np.uint8)
    return np.asarray(cv2.dilate(lines, np.ones((5, 5), np.uint8)) > 0)
