"""Verification against known maps between drawn photographs, and its parts against slow and obvious computations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from curate.fingerprints.points import FRAME, LOCAL, local_features
from curate.graph import verification
from curate.graph.drawing import drawn_pair
from curate.graph.verification import MEASURES, NOTHING, prepare, verify
from tests.graph.skin import skin, view

ONE, OTHER = skin(1), skin(2)


def prepared(picture):
    return prepare(local_features(picture))


PLAIN = prepared(view(ONE))


@pytest.mark.parametrize(
    ("zoom", "turn", "shift"),
    [(1.0, 0, (0, 0)), (1.0, 30, (20, -10)), (1.0, 180, (0, 0)), (1.8, 0, (0, 0)), (2.2, 75, (10, 5)), (0.6, -20, (-15, 8))],
)
def test_the_map_between_two_photographs_is_found(zoom, turn, shift):
    shot = prepared(view(ONE, zoom=zoom, turn=turn, shift=shift, seed=5))
    found = verify(PLAIN, shot)
    assert found.measures["agreeing"] >= 8
    assert found.measures["detail"] > 0.6
    assert found.measures["tiles_median"] > 0.5
    assert found.matrix is not None
    per_pixel = FRAME / 400
    angle, middle = math.radians(-turn), np.array([200, 150]) * per_pixel
    for place in ([150.0, 112.0], [120.0, 90.0], [180.0, 130.0]):  # x -> zoom * turn(x - middle) + middle + shift
        x = np.array(place) - middle
        turned = np.array([math.cos(angle) * x[0] - math.sin(angle) * x[1], math.sin(angle) * x[0] + math.cos(angle) * x[1]])
        expected = zoom * turned + middle + np.array(shift) * per_pixel
        assert np.abs(found.matrix[:, :2] @ place + found.matrix[:, 2] - expected).max() < 4


def test_both_orders_tell_the_same():
    shot = prepared(view(ONE, zoom=1.7, turn=40, seed=3))
    one, other = verify(PLAIN, shot).measures, verify(shot, PLAIN).measures
    for name in ("scale", "detail", "tiles_median"):
        assert one[name] == pytest.approx(other[name], abs=0.1)


def test_two_lesions_do_not_agree():
    found = verify(PLAIN, prepared(view(OTHER, seed=4))).measures
    assert found["detail"] < 0.3
    assert found["tiles_better"] < 0.2


def marked(picture, mark):
    """Put the same ruler, vignette or hairs on a photograph."""
    result = picture.copy()
    draw = ImageDraw.Draw(result)
    if mark == "ruler":
        for n in range(40):
            draw.line([(n * 10, 300), (n * 10, 300 - (30 if n % 5 == 0 else 14))], fill=(20, 20, 20), width=2)
    elif mark == "hairs":
        random = np.random.default_rng(7)
        for _ in range(14):
            draw.line([tuple(p) for p in (random.random((3, 2)) * (400, 300)).tolist()], fill=(40, 30, 25), width=2)
    else:
        y, x = np.mgrid[:300, :400]
        shade = np.hypot((x - 200) / 200, (y - 150) / 150) > 0.95
        result = Image.fromarray(np.where(shade[..., None], 8, np.asarray(result)).astype(np.uint8))
    return result


@pytest.mark.parametrize("mark", ["ruler", "hairs", "vignette"])
def test_what_lies_on_the_device_agrees_in_few_tiles(mark):
    different = verify(prepared(marked(view(ONE, seed=1), mark)), prepared(marked(view(OTHER, seed=2), mark))).measures
    turned = 0 if mark == "hairs" else 8  # hairs are on the skin and turn with it
    same = verify(prepared(marked(view(ONE, seed=1), mark)), prepared(marked(view(ONE, turn=turned, seed=2), mark))).measures
    assert different["tiles_median"] < 0.3 < same["tiles_median"]
    assert different["tiles_better"] < 0.35 < same["tiles_better"]


def test_flat_and_tiny_pictures_measure_nothing():
    flat = prepared(Image.new("RGB", (300, 200), (200, 180, 170)))
    assert len(flat.places) == 0
    assert verify(flat, PLAIN).measures == NOTHING
    assert verify(prepared(Image.new("RGB", (1, 1))), prepared(Image.new("RGB", (3, 2000)))).measures == NOTHING


def test_measures_are_finite_and_named():
    rng = np.random.default_rng(0)
    noise = [prepared(Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8))) for _ in range(4)]
    for a in (*noise, PLAIN):
        for b in noise:
            for thorough in (False, True):
                measures = verify(a, b, thorough=thorough).measures
                assert tuple(measures) == MEASURES
                assert all(math.isfinite(v) for v in measures.values())


def test_a_record_is_what_the_file_format_says():
    record = local_features(view(ONE))
    again = local_features(view(ONE))
    assert record.tobytes() == again.tobytes()
    assert record.dtype == LOCAL
    assert (int(record["width"]), int(record["height"])) == (240, 180)
    there = record["points"]["size"] > 0
    assert there.sum() > 200
    assert record["points"]["x"][there].max() <= 300 * 64


def test_a_large_picture_gives_the_points_of_its_small_copy():
    large = skin(1, 3600).resize((6000, 4000))
    small = large.copy()
    small.thumbnail((400, 400), Image.Resampling.LANCZOS, reducing_gap=2.0)
    assert local_features(large).tobytes() == local_features(small).tobytes()


@given(seed=st.integers(0, 200), n=st.integers(2, 12), m=st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_the_ratio_is_that_to_the_nearest_at_another_place(seed, n, m):
    random = np.random.default_rng(seed)
    likeness = random.random((n, m)).astype(np.float32)
    places = random.integers(0, 30, (m, 2))
    one_place = ((places[:, None] - places) ** 2).sum(axis=2) < 64
    nearest, ratio = verification._nearest(likeness, one_place)
    for row in range(n):
        best = max(range(m), key=lambda j: likeness[row, j])
        others = [likeness[row, j] for j in range(m) if not one_place[best, j]]
        expected = math.sqrt(2 - 2 * likeness[row, best]) / math.sqrt(2 - 2 * max(others, default=-1))
        assert nearest[row] == best
        assert ratio[row] == pytest.approx(expected, rel=1e-4)


@given(seed=st.integers(0, 200), n=st.integers(1, 10), m=st.integers(1, 10))
@settings(max_examples=40, deadline=None)
def test_mutual_matches_are_each_other_s_best(seed, n, m):
    random = np.random.default_rng(seed)
    likeness = random.random((n, m)).astype(np.float32)
    allowed = random.random((n, m)) < 0.6
    i, j = verification._mutual(likeness, *np.nonzero(allowed))
    score = np.where(allowed & (likeness > verification.GUIDED_LIKENESS), likeness, -1)
    expected = {
        (a, b) for a in range(n) for b in range(m) if score[a, b] > 0 and score[a].max() == score[a, b] == score[:, b].max()
    }
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == expected


def test_tiles_are_correlations_of_their_pixels():
    random = np.random.default_rng(3)
    one = random.normal(0, 5, (60, 84)).astype(np.float32)
    other = (one + random.normal(0, 5, one.shape)).astype(np.float32)
    whole = np.ones(one.shape, dtype=bool)
    tiles = verification._tiles(one, other, whole)
    expected = [
        np.corrcoef(one[y : y + 12, x : x + 12].ravel(), other[y : y + 12, x : x + 12].ravel())[0, 1]
        for y in range(0, 60, 12)
        for x in range(0, 84, 12)
    ]
    assert tiles == pytest.approx(expected, abs=1e-4)


def test_a_pair_is_drawn_with_and_without_a_map():
    shot = view(ONE, zoom=1.5, turn=20, seed=2)
    sheet = drawn_pair(view(ONE), shot, verify(PLAIN, prepared(shot)))
    assert sheet.width > 1400
    assert sheet.height > 900
    flat = Image.new("RGB", (300, 200), (200, 180, 170))
    assert drawn_pair(view(ONE), flat, verify(PLAIN, prepared(flat))).height < 500
