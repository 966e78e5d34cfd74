"""Masks of what is no skin, on drawn pictures whose surround is known."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from curate.fingerprints.points import local_features
from curate.graph.frame import BESIDE, is_chart, line_mask, skin_mask
from curate.graph.verification import prepare
from tests.graph.skin import skin, view

GREY = np.asarray(view(skin(3)).convert("L").resize((240, 180)))
Y, X = np.mgrid[:180, :240]
ROUND = np.hypot((X - 120) / 110, (Y - 90) / 82) > 1
BAR = Y < 30


@pytest.mark.parametrize(("outside", "tone"), [(ROUND, 5), (ROUND, 40), (BAR, 0), (BAR, 255), (BAR, 180), (X > 200, 255)])
def test_what_reaches_in_from_the_border_in_one_tone_is_no_skin(outside, tone):
    mask = skin_mask(np.where(outside, tone, GREY).astype(np.uint8))
    assert not mask[outside].any()
    far = np.asarray(Image.fromarray(outside.astype(np.uint8) * 255).resize((240, 180))) == 0
    inside = far & ~_near(outside, BESIDE + 6)
    assert mask[inside].mean() > 0.97


def _near(region, steps):
    grown = region.copy()
    for _ in range(steps):
        padded = np.pad(grown, 1)
        grown = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return grown


def test_a_dark_lesion_inside_is_skin():
    lesion = np.hypot(X - 120, Y - 90) < 40
    mask = skin_mask(np.where(lesion, 20, GREY).astype(np.uint8))
    assert mask[lesion].all()
    assert mask.mean() > 0.97


def test_plain_skin_is_skin_and_has_few_lines():
    assert skin_mask(GREY).mean() > 0.99
    assert line_mask(GREY).mean() < 0.02


def test_hairs_and_rulers_are_lines_and_dots_are_not():
    picture = Image.fromarray(GREY)
    draw = ImageDraw.Draw(picture)
    draw.line([(10, 20), (120, 60), (230, 30)], fill=25, width=2)
    draw.line([(20, 150), (220, 170)], fill=25, width=1)
    for n in range(12):
        draw.ellipse([20 + 15 * n, 100, 24 + 15 * n, 104], fill=25)
    mask = line_mask(np.asarray(picture))
    assert mask[60, 120]
    assert mask[160, 118:123].any()
    assert not mask[102, 20:200].any()


def test_tiny_pictures_have_masks():
    for shape in ((1, 1), (3, 200), (16, 16)):
        grey = np.full(shape, 128, dtype=np.uint8)
        assert skin_mask(grey).shape == line_mask(grey).shape == shape


def chart(seed):
    random = np.random.default_rng(seed)
    picture = Image.new("L", (240, 180), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([40, 20, 220, 150], outline=0)
    for n in range(8):
        draw.rectangle([50 + 20 * n, 150 - int(random.integers(20, 120)), 62 + 20 * n, 150], fill=90)
        draw.text((50 + 20 * n, 155), str(n), fill=0)
    return np.asarray(picture)


def test_a_chart_is_none_and_a_lesion_cut_out_is_one_picture_of_skin():
    assert is_chart(chart(1), skin_mask(chart(1)))
    assert not is_chart(GREY, skin_mask(GREY))
    cut = np.where(np.hypot((X - 120) / 90, (Y - 90) / 70) < 1, GREY, 255).astype(np.uint8)
    assert not is_chart(cut, skin_mask(cut))


def test_charts_have_no_points_to_compare():
    pictures = [prepare(local_features(Image.fromarray(chart(seed)).resize((480, 360)).convert("RGB"))) for seed in (1, 2)]
    assert [len(p.places) for p in pictures] == [0, 0]
