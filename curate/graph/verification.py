"""Verification of a candidate pair: do points of one picture lie where one similarity puts them in the other, and do the aligned
pictures agree?

Best matches by Lowe's ratio test (IJCV 2004), each proposing a similarity by its position, size and angle; the one that most others
agree with is refined, and guides a second matching without ratio test. Then the two pictures are laid on each other and compared by
correlations: of the lightness, of what is left of it without the slow part (a vignette agrees with any other), and of that tile by
tile (a ruler or a hair agrees in a few tiles, one skin in most).
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.fingerprints.points import ANGLE_UNIT, FRAME, GREY_SIDE, POINT_UNIT
from curate.graph.frame import is_chart, line_mask, skin_mask

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]  # of shape (2, 3): an affine map of one frame into another

SAME_PLACE = 8.0  # points this near are one place: no rivals in the ratio test
RATIO = 0.94
MOST_MATCHES = 160
NEAR = 10.0  # lengths of the frame within which a match agrees with a proposal, and …
FARTHEST = 20.0  # … at most, however much one picture is enlarged
TURN = 0.6  # radians
GROWTH = 0.5  # natural logarithm of a ratio of sizes
GUIDED_NEAR, GUIDED_TURN, GUIDED_GROWTH, GUIDED_LIKENESS = 6.0, 0.52, 0.45, 0.6
AFFINE_FROM = 12  # guided matches from which on the map may also shear
AGREEING, THIRD_RATIO = 5, 0.5  # a pair with fewer that agree and no third match this good goes no further
CELL = 6.0  # matches in one cell of this width count once
COMPARED_SIDE = 160  # longer side of two aligned pictures of about one scale
LEAST_OVERLAP = 400  # pixels

MEASURES = (
    "best_ratio",  # of the best match: distance to the nearest over that to the next nearest, 0 to 1
    "third_ratio",  # of the third best
    "agreeing",  # places whose match agrees with the best similarity
    "guided",  # places matched under it without ratio test
    "guided_share",  # of the points that had a point to be matched with
    "guided_likeness",  # mean cosine of the descriptors of guided matches
    "guided_strong",  # guided matches of a cosine over .8
    "spread",  # of the guided matches: the smaller and …
    "length",  # … the larger standard deviation along their axes, in lengths of the frame
    "scale",  # |log| of the scale between the frames
    "shear",  # log of the ratio of the affine map's singular values
    "distance_from_identity",  # of the map, in tens of lengths of the frame
    "overlap",  # share of the coarser picture that both show
    "overlap_side",  # its shorter side in compared pixels
    "lightness",  # correlation of the lightness
    "detail",  # … of the lightness without its slow part
    "fine_detail",  # … without more of it
    "gradient",  # … of the gradient's magnitude
    "tiles_median",  # of the correlations of detail in tiles
    "tiles_lower",  # their first quartile
    "tiles_good",  # the share of tiles over .35, and …
    "tiles_better",  # … over .5
    "contrast",  # smaller of the two standard deviations of detail, in grey values
)
NOTHING = dict(zip(MEASURES, (1.0, 1.0, *[0.0] * (len(MEASURES) - 2)), strict=True))


class Prepared(NamedTuple):
    """A picture's points and lightness, ready to be compared.

    Attributes:
        descriptors: float32 of shape (n, 128), whole numbers, so that their products are exact.
        lengths: float32 of shape (n,), of the descriptors.
        places: float32 of shape (n, 2), in lengths of the frame.
        log_sizes, angles: float32 of shape (n,); angles in radians.
        one_place: bool of shape (n, n), whether two points are one place.
        grey: uint8 of shape (height, width), the longer of which is 240.
        skin: bool of that shape, False on a tube's surround, bars and margins.
    """

    descriptors: Floats
    lengths: Floats
    places: Floats
    log_sizes: Floats
    angles: Floats
    one_place: npt.NDArray[np.bool_]
    grey: npt.NDArray[np.uint8]
    skin: npt.NDArray[np.bool_]


class Verified(NamedTuple):
    """What was measured on a pair; `matrix` maps the first frame into the second, and is None where no map was found."""

    measures: dict[str, float]
    matrix: Matrix | None = None
    matches: tuple[Floats, Floats] | None = None  # places in the first and in the second picture, float32 of shape (m, 2) each


def prepare(local: npt.NDArray[np.void]) -> Prepared:
    """Make a record of dtype `LOCAL` ready to be compared; points that lie on no skin are left out, all of a chart's."""
    grey = local["grey"][: int(local["height"]), : int(local["width"])]
    skin = skin_mask(grey)
    points = local["points"][local["points"]["size"] > 0]
    per_pixel = FRAME / GREY_SIDE / POINT_UNIT
    row = np.minimum((points["y"] / per_pixel).astype(np.int64), grey.shape[0] - 1)
    column = np.minimum((points["x"] / per_pixel).astype(np.int64), grey.shape[1] - 1)
    points = points[skin[row, column] & (not is_chart(grey, skin))]
    descriptors = points["descriptor"].astype(np.float32)
    places = np.stack([points["x"], points["y"]], axis=1).astype(np.float32) * np.float32(POINT_UNIT)
    return Prepared(
        descriptors,
        np.sqrt(np.maximum((descriptors**2).sum(axis=1), np.float32(1))),
        places,
        np.log(points["size"].astype(np.float32) * np.float32(POINT_UNIT)),
        points["angle"].astype(np.float32) * np.float32(ANGLE_UNIT),
        _squared(places, places) < SAME_PLACE**2,
        grey,
        skin,
    )


def verify(a: Prepared, b: Prepared, *, thorough: bool = False) -> Verified:
    """Measure a pair; what could not be measured keeps its value in `NOTHING`.

    Args:
        a, b: two pictures.
        thorough: go on where so little agrees that the pair would be left (to explain it).
    """
    measures = dict(NOTHING)
    if min(len(a.places), len(b.places)) < 3:
        return Verified(measures)
    likeness = a.descriptors @ b.descriptors.T
    likeness /= a.lengths[:, None] * b.lengths
    i, j, ratio = _matches(likeness, a, b)
    if len(i) < 3:
        return Verified(measures)
    measures["best_ratio"], measures["third_ratio"] = float(ratio[0]), float(ratio[2])
    turn, shift, agreeing = _best_similarity(a, b, i, j, ratio)
    measures["agreeing"] = _places(a.places[i[agreeing]])
    if not thorough and measures["agreeing"] < AGREEING and measures["third_ratio"] > THIRD_RATIO:
        return Verified(measures)
    matrix, one, other = _guided(likeness, a, b, turn, shift, measures)
    if measures["agreeing"] >= 3 or measures["guided"] >= 4:
        measures |= compare(a, b, matrix)
    return Verified(measures, matrix, (a.places[one], b.places[other]))


def _matches(likeness: Floats, a: Prepared, b: Prepared) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return the best matches from either side as (i, j, ratio), the most distinctive first."""
    there, ratio_there = _nearest(likeness, b.one_place)
    back, ratio_back = _nearest(np.ascontiguousarray(likeness.T), a.one_place)
    i = np.concatenate([np.arange(len(there)), back])
    j = np.concatenate([there, np.arange(len(back))])
    ratio = np.concatenate([ratio_there, ratio_back])
    order = np.argsort(ratio, kind="stable")
    order = order[ratio[order] < RATIO]
    _, first = np.unique(i[order] * len(b.places) + j[order], return_index=True)
    order = order[np.sort(first)][:MOST_MATCHES]
    return i[order], j[order], ratio[order]


def _nearest(likeness: Floats, one_place: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return each row's nearest column and the ratio of its distance to that of the nearest column at another place."""
    nearest = likeness.argmax(axis=1)
    best = likeness[np.arange(len(likeness)), nearest]
    next_best = np.where(one_place[nearest], np.float32(-1), likeness).max(axis=1)
    distance, next_distance = (np.sqrt(np.maximum(2 - 2 * cosine, 1e-6)) for cosine in (best, next_best))
    return nearest, distance / next_distance


def _best_similarity(
    a: Prepared, b: Prepared, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], ratio: Floats
) -> tuple[complex, complex, npt.NDArray[np.int64]]:
    """Return the similarity z -> turn * z + shift that most matches agree with, refined, and which of them do."""
    x, y = _complex(a.places[i]), _complex(b.places[j])
    growth = b.log_sizes[j] - a.log_sizes[i]
    angle = b.angles[j] - a.angles[i]
    turns = np.exp(growth + 1j * angle)
    shifts = y - turns * x
    near = np.clip(NEAR * np.exp(growth), NEAR, FARTHEST).astype(np.float64)
    off = np.multiply.outer(turns, x)
    off += shifts[:, None]
    off -= y
    agree = off.real**2 + off.imag**2 < (near**2)[:, None]
    one, other = np.nonzero(agree)  # few: what is dear is asked of these alone
    fits = (_turned(angle[one] - angle[other]) < TURN) & (np.abs(growth[one] - growth[other]) < GROWTH)
    agree[one[~fits], other[~fits]] = False
    chosen = int((agree * np.maximum(1 - ratio, 0.02)).sum(axis=1).argmax())
    turn, shift, agreeing = complex(turns[chosen]), complex(shifts[chosen]), np.flatnonzero(agree[chosen])
    for within in (8.0, 6.0):
        if len(agreeing) < 2:
            break
        refined = _fitted(x[agreeing], y[agreeing])
        size = max(abs(refined[0]), 1e-3)
        close = np.abs(refined[0] * x + refined[1] - y) < within * max(1.0, size)
        close &= (_turned(angle - np.angle(refined[0])) < TURN) & (np.abs(growth - math.log(size)) < GROWTH)
        if close.sum() < 2:
            break
        (turn, shift), agreeing = refined, np.flatnonzero(close)
    return turn, shift, agreeing


def _guided(
    likeness: Floats, a: Prepared, b: Prepared, turn: complex, shift: complex, measures: dict[str, float]
) -> tuple[Matrix, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Match again, each point only with those that lie where the similarity puts it; return the map and the matches."""
    matrix = _matrix(turn, shift)
    one = other = np.zeros(0, dtype=np.int64)
    for _ in range(2):
        size = max(abs(turn), 1e-3)
        foretold = a.places @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
        near_i, near_j = np.nonzero(_squared(foretold, b.places) < (GUIDED_NEAR * max(1.0, size)) ** 2)
        fits = _turned(b.angles[near_j] - a.angles[near_i] - np.angle(turn)) < GUIDED_TURN
        fits &= np.abs(b.log_sizes[near_j] - a.log_sizes[near_i] - math.log(size)) < GUIDED_GROWTH
        near_i, near_j = near_i[fits], near_j[fits]
        one, other = _mutual(likeness, near_i, near_j)
        possible = len(np.unique(near_i))
        if len(one) >= 3:
            turn, shift = _fitted(_complex(a.places[one]), _complex(b.places[other]))
            matrix = _affine(a.places[one], b.places[other]) if len(one) >= AFFINE_FROM else _matrix(turn, shift)
    cosines = likeness[one, other]
    measures["guided"] = _places(a.places[one])
    measures["guided_share"] = len(one) / max(possible, 1)
    measures["guided_likeness"] = float(cosines.mean()) if len(one) else 0.0
    measures["guided_strong"] = float((cosines > 0.8).sum())
    if len(one) >= 3:
        smaller, larger = np.linalg.eigvalsh(np.cov(a.places[one].T.astype(np.float64)))
        measures["spread"], measures["length"] = math.sqrt(max(smaller, 0.0)), math.sqrt(max(larger, 0.0))
    measures["scale"] = abs(math.log(max(abs(turn), 1e-3)))
    first, second = np.linalg.svd(matrix[:, :2], compute_uv=False)
    measures["shear"] = math.log(max(first, 1e-3) / max(second, 1e-3))
    measures["distance_from_identity"] = float(np.abs(matrix - np.eye(2, 3)).max() / 10)
    return matrix, one, other


def _mutual(
    likeness: Floats, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the pairs (i, j) that are each other's most alike among those given."""
    cosine = likeness[i, j]
    alike = cosine > GUIDED_LIKENESS
    i, j, cosine = i[alike], j[alike], cosine[alike]
    order = np.argsort(-cosine, kind="stable")
    i, j = i[order], j[order]
    best_of_i = np.zeros(len(i), dtype=bool)
    best_of_i[np.unique(i, return_index=True)[1]] = True
    best_of_j = np.zeros(len(j), dtype=bool)
    best_of_j[np.unique(j, return_index=True)[1]] = True
    both = best_of_i & best_of_j
    return i[both], j[both]


def compare(a: Prepared, b: Prepared, matrix: Matrix) -> dict[str, float]:
    """Lay the finer picture on the coarser one and measure how well they agree (`overlap` to `contrast` of `MEASURES`)."""
    target, moved, overlap = aligned(a, b, matrix)
    measures = {"overlap": float(overlap.mean())}
    if overlap.sum() < LEAST_OVERLAP:
        return measures
    rows, columns = np.flatnonzero(overlap.any(axis=1)), np.flatnonzero(overlap.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    target, moved, overlap = target[box], moved[box], overlap[box]
    measures["overlap_side"] = float(min(target.shape))
    measures["lightness"] = _correlation(target[overlap], moved[overlap])
    detail = [np.clip(_without_slow_part(p, overlap, 1.0, 6.0), -25, 25) for p in (target, moved)]
    fine = [np.clip(_without_slow_part(p, overlap, 0.6, 2.5), -12, 12) for p in (target, moved)]
    measures["detail"] = _correlation(detail[0][overlap], detail[1][overlap])
    measures["fine_detail"] = _correlation(fine[0][overlap], fine[1][overlap])
    gradients = [_gradient(p)[overlap] for p in (target, moved)]
    measures["gradient"] = _correlation(*gradients)
    tiles = _tiles(detail[0], detail[1], overlap)
    measures["tiles_median"], measures["tiles_lower"] = (float(np.quantile(tiles, q)) for q in (0.5, 0.25))
    measures["tiles_good"], measures["tiles_better"] = (float((tiles > least).mean()) for least in (0.35, 0.5))
    measures["contrast"] = float(min(d[overlap].std() for d in detail))
    return measures


def aligned(a: Prepared, b: Prepared, matrix: Matrix) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return the coarser picture, the finer one laid on it, and where both show bare skin; `matrix` maps frame a into frame b."""
    import cv2

    cv2.setNumThreads(1)
    scale = math.sqrt(max(abs(float(np.linalg.det(matrix[:, :2]))), 1e-6))
    if scale >= 1:  # b shows the skin larger
        below, above, onto, shrink = a, b, cv2.invertAffineTransform(matrix), 1 / scale
    else:
        below, above, onto, shrink = b, a, matrix, scale
    target, moved = below.grey, above.grey
    # A close view covers a small part of an overview: that part is enlarged, so that enough pixels are compared.
    zoom = COMPARED_SIDE / GREY_SIDE if shrink > 0.8 else min(2.0, 0.6 / shrink)
    per_frame = GREY_SIDE / FRAME
    # Frames count from the corner, OpenCV from the centre of the first pixel: half a pixel before and after.
    placed = np.array(onto, dtype=np.float64)
    linear = placed[:, :2] * zoom
    shift = placed[:, 2] * per_frame * zoom + linear @ np.array([0.5, 0.5]) - 0.5
    full = np.column_stack([linear, shift])
    height, width = (max(1, round(side * zoom)) for side in target.shape)
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    shown = cv2.resize(target.astype(np.float32), (width, height), interpolation=how)
    smooth = moved.astype(np.float32)
    if shrink * zoom < 1 / 1.2:
        smooth = cv2.GaussianBlur(smooth, (0, 0), 0.45 / (shrink * zoom))
    laid = cv2.warpAffine(smooth, full, (width, height), flags=cv2.INTER_LINEAR)
    # Hairs and rulers are left out: they may agree where the skin does not.
    showing = [(side.skin & ~line_mask(side.grey)).astype(np.uint8) for side in (above, below)]
    mask = cv2.warpAffine(showing[0], full, (width, height), flags=cv2.INTER_NEAREST)
    inside = cv2.resize(showing[1], (width, height), interpolation=cv2.INTER_NEAREST)
    return shown, laid, cv2.erode(mask & inside, np.ones((3, 3), np.uint8), borderValue=0) > 0


def _without_slow_part(picture: Floats, where: npt.NDArray[np.bool_], fine: float, coarse: float) -> Floats:
    """Return the picture blurred by `fine` less the picture blurred by `coarse`, the latter over the overlap alone."""
    import cv2

    weight = where.astype(np.float32)
    slow = cv2.GaussianBlur(picture * weight, (0, 0), coarse) / np.maximum(cv2.GaussianBlur(weight, (0, 0), coarse), 1e-3)
    difference: Floats = cv2.GaussianBlur(picture, (0, 0), fine) - slow
    return difference


def _gradient(picture: Floats) -> Floats:
    import cv2

    gradient: Floats = np.hypot(cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1))
    return gradient


def _tiles(one: Floats, other: Floats, where: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the correlations in up to 7 x 7 tiles of at least 12 pixels, those mostly inside the overlap."""
    height, width = one.shape
    rows, columns = (np.linspace(0, side, max(2, min(7, side // 12)) + 1).astype(int)[:-1] for side in (height, width))

    def summed(values: Any) -> Any:
        return np.add.reduceat(np.add.reduceat(values.astype(np.float64), rows, axis=0), columns, axis=1)

    one, other = one * where, other * where
    pixels = summed(where)
    inside = pixels > 0.6 * pixels.max()
    n = np.maximum(pixels, 1)
    mean_one, mean_other = summed(one) / n, summed(other) / n
    variances = (np.maximum(summed(p * p) / n - mean**2, 0.3) for p, mean in ((one, mean_one), (other, mean_other)))
    together = summed(one * other) / n - mean_one * mean_other
    correlations: npt.NDArray[np.float64] = (together / np.sqrt(math.prod(variances)))[inside]
    return correlations


def _correlation(one: Floats, other: Floats) -> float:
    x, y = one.astype(np.float64) - one.mean(), other.astype(np.float64) - other.mean()
    length = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / length) if length > 1e-6 else 0.0


def _squared(one: Floats, other: Floats) -> Floats:
    """Return the squared distances of all pairs of places, of shape (n, m)."""
    squared: Floats = one[:, 0, None] - other[:, 0]
    squared *= squared
    down = one[:, 1, None] - other[:, 1]
    down *= down
    squared += down
    return squared


def _complex(places: Floats) -> npt.NDArray[np.complex128]:
    return places[:, 0].astype(np.float64) + 1j * places[:, 1].astype(np.float64)


def _turned(angle: Any) -> Any:
    """Return the size of an angle, brought into 0 to pi."""
    return np.abs((angle + np.pi) % (2 * np.pi) - np.pi)


def _fitted(x: npt.NDArray[np.complex128], y: npt.NDArray[np.complex128]) -> tuple[complex, complex]:
    """Return the similarity y = turn * x + shift of least squares."""
    middle_x, middle_y = x.mean(), y.mean()
    x, y = x - middle_x, y - middle_y
    spread = float((np.abs(x) ** 2).sum())
    turn = complex((y * x.conj()).sum() / spread) if spread > 1e-6 else 1 + 0j
    return turn, complex(middle_y - turn * middle_x)


def _matrix(turn: complex, shift: complex) -> Matrix:
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _affine(x: Floats, y: Floats) -> Matrix:
    """Return the affine map of least squares, twice without the 15 % that fit least."""
    wide = np.column_stack([x.astype(np.float64), np.ones(len(x))])
    kept = np.ones(len(x), dtype=bool)
    for _ in range(3):
        solution = np.linalg.lstsq(wide[kept], y[kept].astype(np.float64), rcond=None)[0]
        error = np.abs(wide @ solution - y).sum(axis=1)
        kept = error <= np.quantile(error, 0.85)
    return np.ascontiguousarray(solution.T)


def _places(places: Floats) -> float:
    """Return how many cells hold a point."""
    return float(len(np.unique(np.floor(places / CELL).astype(np.int64), axis=0)))
