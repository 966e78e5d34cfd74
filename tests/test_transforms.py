"""The transforms of the benchmark do what they say: nothing at strength 0, the same every time, the right size and place."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from curate.demo.drawing import Lesion, draw
from tests import overlays
from tests.transforms import TRANSFORMS, combined, picture_of, pixels_of

CASES = [(name, strength) for name, transform in TRANSFORMS.items() for strength in transform.strengths]
STRONGER = ("jpeg", "blur", "hair", "watermark", "vignette", "colour cast", "white balance", "brightness", "gamma")


@pytest.fixture(scope="module")
def picture():
    return draw(Lesion(3, "melanoma", 3), 0, 128, 96)


def rng(number: int = 0) -> np.random.Generator:
    return np.random.default_rng([17, number])


def change(picture: Image.Image, name: str, strength: float, number: int = 0) -> Image.Image:
    return TRANSFORMS[name].change(picture, strength, rng(number))


def distance(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(pixels_of(a) - pixels_of(b)).mean())


@pytest.mark.parametrize("name", TRANSFORMS)
def test_strength_0_gives_the_picture_back(picture, name):
    assert change(picture, name, 0) == picture


@pytest.mark.parametrize(("name", "strength"), CASES)
def test_every_strength_changes_the_picture_the_same_way_each_time_and_leaves_the_first_one_alone(picture, name, strength):
    kept = picture.copy()
    np.random.seed(1)
    once = change(picture, name, strength)
    np.random.seed(2)
    again = change(picture, name, strength)
    assert once == again
    assert once.mode == "RGB"
    assert picture == kept
    if once.size == picture.size:
        assert distance(once, picture) > 0.1
    else:
        assert once.size != picture.size


@pytest.mark.parametrize("name", STRONGER)
def test_a_stronger_one_is_farther_away(picture, name):
    for sign in (-1, 1):
        strengths = sorted((s for s in TRANSFORMS[name].strengths if s * sign > 0), key=abs)
        distances = [distance(change(picture, name, s), picture) for s in strengths]
        assert distances == sorted(set(distances))


@pytest.mark.parametrize("name", ["crop, aside", "hair", "ruler", "turn by any angle, corners cropped", "second view", "zoom pair"])
def test_another_generator_gives_another_picture(picture, name):
    strength = TRANSFORMS[name].strengths[0]
    made = [change(picture, name, strength, number) for number in range(8)]
    assert any(one.size != made[0].size or distance(one, made[0]) > 0.05 for one in made[1:])


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4, 0.6])
@pytest.mark.parametrize("name", ["crop, centre", "crop, aside"])
def test_a_crop_keeps_its_share_of_the_area_and_its_shape_and_is_a_part_of_the_picture(picture, name, share):
    made = change(picture, name, share)
    assert made.width * made.height / (128 * 96) == pytest.approx(1 - share, abs=0.015)
    assert made.width / made.height == pytest.approx(128 / 96, abs=0.03)
    whole, part = np.asarray(picture), np.asarray(made)
    windows = np.lib.stride_tricks.sliding_window_view(whole, part.shape[:2], axis=(0, 1))
    assert (windows == part.transpose(2, 0, 1)).all(axis=(2, 3, 4)).any()


def test_a_centred_crop_is_centred(picture):
    made = np.asarray(change(picture, "crop, centre", 0.4))
    top, left = (96 - made.shape[0]) // 2, (128 - made.shape[1]) // 2
    assert (made == np.asarray(picture)[top : top + made.shape[0], left : left + made.shape[1]]).all()


def test_sizes(picture):
    assert change(picture, "resize", 0.5).size == (64, 48)
    assert change(picture, "resize", 0.75).size == (32, 24)
    assert change(picture, "letterbox", 0.5).size == (128, 144)
    assert change(picture, "window frame", 0.25).size == (160, 120)
    for name in ("zoom pair", "second view", "vignette", "ruler", "jpeg", "turn, corners black"):
        assert change(picture, name, TRANSFORMS[name].strengths[-1]).size == (128, 96)


def test_quarter_turns_and_mirrors_are_exact(picture):
    pixels = np.asarray(picture)
    for turns in (1, 2, 3):
        assert (np.asarray(change(picture, "quarter turn", 90 * turns)) == np.rot90(pixels, turns)).all()
    assert (np.asarray(change(picture, "mirror", 1)) == pixels[:, ::-1]).all()
    assert (np.asarray(change(picture, "mirror", 2)) == pixels[::-1]).all()


@given(st.floats(1, 359))
def test_no_empty_corner_is_left_where_corners_are_cropped(angle):
    white = Image.new("RGB", (120, 80), (255, 255, 255))
    made = change(white, "turn, corners cropped", angle)
    assert np.asarray(made).min() == 255
    assert made.width > 30 and made.height > 20  # and not more is cut off than needs be
    assert made.width / made.height == pytest.approx(1.5, abs=0.12)


@given(st.sampled_from(TRANSFORMS["zoom pair"].strengths), st.integers(0, 10_000))
def test_a_close_view_has_no_empty_corner(strength, number):
    made = change(Image.new("RGB", (120, 90), (255, 255, 255)), "zoom pair", strength, number)
    assert np.asarray(made).min() > 130


def test_corners_are_black_where_they_are_filled():
    made = np.asarray(change(Image.new("RGB", (128, 96), (200, 200, 200)), "turn, corners black", 15))
    assert {made[y, x].max() for y in (0, -1) for x in (0, -1)} == {0}


def test_a_close_view_shows_the_middle_larger():
    """A disc of radius 12 in the middle is one of radius 24 in a view from half the distance."""
    y, x = np.mgrid[0:96, 0:128]
    disc = Image.fromarray(np.repeat(np.where(np.hypot(y - 47.5, x - 63.5) < 12, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    dark = (np.asarray(change(disc, "zoom pair", 1.0)).mean(axis=2) < 100).sum()
    assert dark == pytest.approx(np.pi * 24**2, rel=0.06)


def test_a_second_view_moves_the_skin_by_little_at_strength_1(picture):
    """Its middle is found again within a few pixels, by the best place of a patch under a search over shifts."""
    made = pixels_of(change(picture, "second view", 1)).mean(axis=2)
    patch = pixels_of(picture).mean(axis=2)[32:64, 48:80]
    best = max(
        (float(np.corrcoef(patch.ravel(), made[y : y + 32, x : x + 32].ravel())[0, 1]), y, x)
        for y in range(16, 49, 2)
        for x in range(32, 65, 2)
    )
    assert best[0] > 0.9
    assert abs(best[1] - 32) <= 12 and abs(best[2] - 48) <= 12


def test_jpeg_is_pillows_own(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=20)
    assert change(picture, "jpeg", 80) == Image.open(buffer).convert("RGB")


def test_light(picture):
    grey = Image.new("RGB", (8, 8), (100, 100, 100))
    assert change(grey, "brightness", 0.25).getpixel((0, 0)) == (125, 125, 125)
    assert change(grey, "gamma", 1).getpixel((0, 0)) == (39, 39, 39)  # 255 * (100 / 255) ** 2 = 39.2
    assert change(grey, "gamma", -1).getpixel((0, 0)) == (160, 160, 160)  # 255 * (100 / 255) ** 0.5 = 159.7
    assert change(grey, "white balance", 0.1).getpixel((0, 0)) == (110, 100, 90)
    assert sorted(change(grey, "colour cast", 0.2).getpixel((0, 0))) == [80, 100, 120]
    assert picture_of(np.full((1, 1, 3), 300, dtype=np.float32)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4])
def test_a_vignette_is_a_round_dark_share(share):
    made = np.asarray(change(Image.new("RGB", (128, 96), (200, 200, 200)), "vignette", share))
    assert (made.mean(axis=2) < 100).mean() == pytest.approx(share, abs=0.01)
    assert made[0, 0].max() < 20
    assert (made[48, 64] == 200).all()


def test_a_ruler_lies_along_its_edges_only():
    plain = Image.new("RGB", (320, 240), (200, 200, 200))
    one, two = (np.asarray(overlays.ruler(plain, edges, rng())).min(axis=2) < 190 for edges in (1, 2))
    assert one[-4:].any() and not one[:200].any()
    assert two[:200, :30].any() and not two[:200, 60:].any()


def test_frames_keep_the_picture_whole(picture):
    assert change(picture, "letterbox", 0.5).crop((0, 24, 128, 120)) == picture
    framed = change(picture, "window frame", 0.25)
    assert framed.crop((32, 14, 160, 110)) == picture


@pytest.mark.parametrize(
    "overlay",
    [
        lambda p: overlays.hairs(p, 10, rng()),
        lambda p: overlays.dust(p, 40, rng()),
        lambda p: overlays.ruler(p, 1, rng()),
        lambda p: overlays.vignette(p, 0.25, rng()),
        lambda p: overlays.watermark(p, 0.5, rng()),
        lambda p: overlays.label(p, "Patient 12"),
    ],
)
def test_what_lies_over_several_pictures_is_the_same(overlay):
    """Negatives rest on it: the same state of the generator draws the same thing in the same place over all of them."""
    light, other = (Image.new("RGB", (128, 96), (v, v, v)) for v in (190, 120))
    places = [np.abs(pixels_of(overlay(p)) - pixels_of(p)).max(axis=2) > 2 for p in (light, other)]
    assert 0 < places[0].mean() < 0.6
    assert (places[0] & places[1]).sum() > 0.8 * (places[0] | places[1]).sum()


def test_plots_and_cut_outs(picture):
    generator = rng()
    first, second = overlays.plot((128, 96), generator), overlays.plot((128, 96), generator)
    assert first.size == (128, 96) and first != second
    cut = np.asarray(overlays.cut_out(picture, rng()))
    assert (cut[0] == 255).all() and (cut[:, 0] == 255).all()
    assert (cut[48, 64] == np.asarray(picture)[48, 64]).all()


def test_a_combination_is_of_so_many(picture):
    """Of all parts it is one picture; of three, other drawings give other pictures."""
    assert len({combined(picture, 3, rng(n)).tobytes() for n in range(6)}) == 6
    assert combined(picture, 12, rng(1)).size == combined(picture, 12, rng(2)).size
