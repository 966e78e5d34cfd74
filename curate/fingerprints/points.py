"""Local features: points of a picture that can be found again in another photograph of the same skin.

SIFT (Lowe, IJCV 2004) with descriptors compared by the Hellinger kernel (RootSIFT: Arandjelović and Zisserman, CVPR 2012). The
points are taken in three views of each picture, because most pairs of photographs of one lesion are an overview and a close view,
two times nearer: the whole picture, its centre enlarged, and the whole picture reduced. All are given in one frame, so that later
steps need not know the view.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

WORKING_SIDE = 400  # a larger picture is reduced to this first, so that it costs its decoding and little more
FRAME = 300  # length of the longer side of the frame in which points are given
GREY_SIDE = 240  # longer side of the grey picture kept for comparing aligned pictures
CLAHE = (2.0, (8, 8))  # clip limit and tiles of the contrast-limited equalisation (Zuiderveld 1994)
EDGE_THRESHOLD = 12  # SIFT's own; larger keeps more points on hairs and edges


class View(NamedTuple):
    """One view: which part of the picture, its longer side in pixels, how weak a point may be, how many are kept."""

    part: float
    side: int
    contrast: float
    points: int


VIEWS = (View(1.0, 300, 0.01, 190), View(0.5, 250, 0.004, 100), View(1.0, 150, 0.006, 60))
POINTS = sum(view.points for view in VIEWS)
POINT_UNIT = 1 / 64  # of `x`, `y` and `size`, in lengths of the frame
ANGLE_UNIT = 2 * np.pi / 65536

# `size` is 0 where a view gave fewer points than it may; the points of a view stand in the order of their strength.
POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "<u2"), ("angle", "<u2"), ("descriptor", "u1", 128)])
LOCAL = np.dtype([("points", POINT, POINTS), ("height", "u1"), ("width", "u1"), ("grey", "u1", (GREY_SIDE, GREY_SIDE))])
KEY = "sift-three-views-1"


def local_features(rgb: Image.Image) -> npt.NDArray[np.void]:
    """Return the points of a picture and its lightness at 240 pixels on the longer side, one record of `LOCAL`.

    Same pixels give the same record on one build of OpenCV, whatever the number of threads.
    """
    import cv2

    cv2.setNumThreads(1)
    picture = rgb
    if max(rgb.size) > WORKING_SIDE:
        picture = rgb.copy()
        picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    lightness = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2LAB)[..., 0]
    record = np.zeros((), dtype=LOCAL)
    first = 0
    for view in VIEWS:
        found = _points_of(lightness, view)
        record["points"][first : first + len(found)] = found
        first += view.points
    grey = _resized(lightness, GREY_SIDE)
    record["height"], record["width"] = grey.shape
    record["grey"][: grey.shape[0], : grey.shape[1]] = grey
    return record


def _points_of(lightness: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.void]:
    import cv2

    height, width = lightness.shape
    top, left = round(height * (1 - view.part) / 2), round(width * (1 - view.part) / 2)
    part = np.ascontiguousarray(lightness[top : height - top, left : width - left])
    shown = cv2.createCLAHE(*CLAHE).apply(_resized(part, view.side))
    sift = cv2.SIFT.create(nfeatures=view.points, contrastThreshold=view.contrast, edgeThreshold=EDGE_THRESHOLD)
    keypoints, descriptors = sift.detectAndCompute(shown, None)
    if not keypoints:
        return np.zeros(0, dtype=POINT)
    order = np.argsort([-point.response for point in keypoints], kind="stable")[: view.points]
    to_frame = FRAME / max(height, width)
    per_pixel = part.shape[1] * to_frame / shown.shape[1]
    centres = np.array([keypoints[n].pt for n in order]) + 0.5  # OpenCV counts from the centre of the first pixel
    places = centres * per_pixel + np.array([left, top]) * to_frame
    root = np.sqrt(descriptors[order] / np.maximum(descriptors[order].sum(axis=1, keepdims=True), 1e-9))
    points = np.zeros(len(order), dtype=POINT)
    points["x"], points["y"] = np.clip(np.rint(places / POINT_UNIT), 0, 65535).T
    points["size"] = np.clip(np.rint([keypoints[n].size * per_pixel / POINT_UNIT for n in order]), 1, 65535)
    points["angle"] = np.rint(np.deg2rad([keypoints[n].angle for n in order]) / ANGLE_UNIT).astype(np.int64) % 65536
    points["descriptor"] = np.clip(np.rint(root * 512), 0, 255)
    return points


def _resized(grey: npt.NDArray[np.uint8], longer: int) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = grey.shape
    scale = longer / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized: npt.NDArray[np.uint8] = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return resized
