"""The measure of distance on drawn discs of known diameter, and against differences of Gaussians by another library."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from curate.fingerprints.quality import framing
from tests.drawn import picture

SKIN, MOLE = (225, 180, 155), (90, 50, 40)
STEP = 2**0.25  # from one of its scales to the next
SMOOTH = 4  # a disc is drawn so many times larger and averaged, so that its border is no staircase


def disc(share: float, size: tuple[int, int] = (320, 240), off: tuple[float, float] = (0, 0), colour=MOLE) -> Image.Image:
    """Draw a disc whose diameter is a share of the longer side, its middle off the picture's by shares of the sides."""
    width, height = (SMOOTH * side for side in size)
    drawn = Image.new("RGB", (width, height), SKIN)
    x, y, radius = width * (0.5 + off[0]), height * (0.5 + off[1]), share * max(width, height) / 2
    ImageDraw.Draw(drawn).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return drawn.resize(size, Image.Resampling.BOX)


def apart(one: float, other: float) -> float:
    """Return how many times the larger of two is the smaller one."""
    return max(one, other) / min(one, other)


def test_it_grows_with_the_disc():
    found = [framing(disc(share)) for share in np.geomspace(0.06, 0.6, 12)]
    assert found == sorted(found)
    assert found[-1] > 6 * found[0]


@pytest.mark.parametrize("share", np.geomspace(0.06, 0.5, 8).round(3))
def test_it_is_about_the_diameter(share):
    """A disc with a sharp border answers at a scale somewhat below that of a soft one of its size."""
    assert 0.6 * share <= framing(disc(share)) <= 1.05 * share


@pytest.mark.parametrize("share", np.geomspace(0.15, 0.45, 8).round(3))
@pytest.mark.parametrize("size", [(320, 240), (240, 320), (300, 300)])
def test_from_twice_as_far_it_is_half(share, size):
    """The same lesion on skin that goes on: the disc has half the diameter in a picture of the same size."""
    near, far = framing(disc(share, size)), framing(disc(share / 2, size))
    assert apart(near, 2 * far) <= STEP * 1.001


@pytest.mark.parametrize("share", [0.08, 0.2, 0.35])
@pytest.mark.parametrize("times", [2, 3])
def test_more_pixels_of_the_same_are_the_same(share, times):
    once = disc(share, (192, 144))
    larger = once.resize((192 * times, 144 * times), Image.Resampling.NEAREST)
    assert framing(larger) == framing(once)


@pytest.mark.parametrize("kind", ["nevus", "melanoma", "basal cell carcinoma"])
def test_turning_and_mirroring_change_nothing(kind):
    drawn = picture(3, kind).resize((256, 192))
    assert {framing(drawn.rotate(90 * turns, expand=True)) for turns in range(4)} == {framing(drawn)}
    assert framing(ImageOps.mirror(drawn)) == framing(drawn)


@pytest.mark.parametrize("off", [(0.05, 0), (0, -0.08), (0.06, 0.06)])
def test_it_need_not_be_in_the_very_middle(off):
    assert apart(framing(disc(0.2, off=off)), framing(disc(0.2))) <= STEP * 1.001


def test_what_stands_out_at_the_border_counts_for_less_than_what_does_in_the_middle():
    drawn = disc(0.1)
    corner = disc(0.3, off=(0.45, 0.45))
    both = Image.fromarray(np.minimum(np.asarray(drawn), np.asarray(corner)))
    assert apart(framing(both), framing(drawn)) <= STEP * 1.001
    assert framing(corner) > 1.5 * framing(drawn), "alone it is seen as large as it is"


def test_colour_alone_stands_out():
    """Red on skin of the same lightness."""
    red = (255, 165, 140)
    grey = [Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0)) for colour in (SKIN, red)]
    assert abs(grey[0] - grey[1]) <= 2
    assert apart(framing(disc(0.2, colour=red)), framing(disc(0.2))) <= STEP * 1.001


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (96, 96), (640, 480), (5000, 3), (3, 5000)])
@pytest.mark.parametrize("colour", [SKIN, (0, 0, 0), (255, 255, 255)])
def test_on_a_flat_picture_nothing_stands_out(size, colour):
    assert framing(Image.new("RGB", size, colour)) == 0


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)) | st.sampled_from([(1, 3000), (3000, 1), (2, 900), (900, 2), (64, 64)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_the_picture_it_is_a_share_of_its_longer_side(size, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    found = framing(Image.fromarray(noise))
    assert isinstance(found, float)
    assert 0 <= found <= 1
    assert found == round(found, 4)


def test_it_remembers_nothing_of_other_pictures_and_changes_none():
    pictures = [disc(0.1), disc(0.4, (240, 320)), disc(0.2, (200, 200)), Image.new("RGB", (2, 2), SKIN), picture(3, "nevus")]
    before = [drawn.tobytes() for drawn in pictures]
    first = [framing(drawn) for drawn in pictures]
    assert [framing(drawn) for drawn in reversed(pictures)] == first[::-1]
    assert [framing(drawn) for drawn in pictures] == first
    assert [drawn.tobytes() for drawn in pictures] == before


def by_opencv(drawn: Image.Image) -> dict[float, float]:
    """Return for each diameter, in longer sides, how much a difference of Gaussians of that size answers; read from the words."""
    width, height = drawn.size
    shrunk = 64 / max(width, height)
    ycc = drawn.convert("YCbCr").resize((round(width * shrunk), round(height * shrunk)), Image.Resampling.BOX)
    values = np.asarray(ycc).astype(np.float64)
    values[..., 0] *= 0.5
    values[..., 1:] *= 1.5
    rows, columns = values.shape[:2]

    def blurred(sigma: float) -> np.ndarray:
        side = 2 * int(np.ceil(3 * sigma)) + 1
        return cv2.GaussianBlur(values, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)

    answers = {}
    for step in range(16):
        sigma = 2 ** (step / 4)
        difference = blurred(sigma) - blurred(sigma * 2**0.75)
        best = 0.0
        for y in range(rows):
            for x in range(columns):
                from_middle = ((y + 0.5) / rows - 0.5) ** 2 + ((x + 0.5) / columns - 0.5) ** 2
                strength = sum(channel**2 for channel in difference[y, x].tolist()) ** 0.5
                best = max(best, strength * float(np.exp(-from_middle / (2 * 0.16**2))))
        answers[2.3 * sigma / max(rows, columns)] = best * sigma**0.5
    return answers


def coloured_in_dark(colour: tuple[int, int, int]) -> Image.Image:
    """Draw a small coloured disc on a large one somewhat darker than skin: which is seen depends on the weight of the colour."""
    drawn = disc(0.4, colour=(205, 160, 135))
    small = np.asarray(disc(0.1)) != np.asarray(SKIN)
    return Image.fromarray(np.where(small.any(axis=2, keepdims=True), np.uint8(colour), np.asarray(drawn)))


RED, YELLOW = (235, 145, 125), (207, 162, 80)
PICTURES = {
    "small": disc(0.08),
    "off": disc(0.3, off=(0.1, -0.1)),
    "melanoma": picture(3, "melanoma"),
    "upright": picture(5, "nevus").resize((200, 260)),
    "red": coloured_in_dark(RED),
    "yellow": coloured_in_dark(YELLOW),
}


@pytest.mark.parametrize("drawn", PICTURES.values(), ids=PICTURES)
def test_it_is_the_size_to_which_differences_of_gaussians_answer_most(drawn):
    answers = by_opencv(drawn)
    (first, best), (_, second) = sorted(answers.items(), key=lambda pair: -pair[1])[:2]
    assert best > 1.0001 * second, "two sizes answer alike, so that rounding decides"
    assert framing(drawn) == round(first, 4)
