"""Drawing lesions: every colour is a function of a place on the skin, so that two views of one lesion show the same marks."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Field = npt.NDArray[np.float32]
Colour = npt.NDArray[np.float32]

# Kind of lesion: mean colours of its body and its marks (sRGB), unevenness of its border, blur of its border, marks per unit area.
KINDS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], float, float, int]] = {
    "nevus": ((122, 78, 52), (78, 46, 32), 0.10, 0.10, 14),
    "melanoma": ((66, 44, 42), (30, 26, 40), 0.38, 0.06, 30),
    "seborrheic keratosis": ((148, 112, 74), (202, 178, 138), 0.22, 0.03, 40),
    "basal cell carcinoma": ((206, 132, 122), (150, 52, 60), 0.20, 0.16, 16),
    "actinic keratosis": ((208, 126, 104), (226, 200, 172), 0.30, 0.26, 34),
    "dermatofibroma": ((164, 112, 84), (222, 196, 176), 0.08, 0.24, 3),
    "vascular lesion": ((150, 26, 44), (96, 12, 40), 0.14, 0.04, 24),
}


@dataclass(frozen=True)
class Lesion:
    """A drawn lesion: one of `KINDS`, on one patient's skin; the numbers fix every detail."""

    number: int
    kind: str
    patient: int


def draw(lesion: Lesion, view: int, width: int, height: int) -> Image.Image:
    """Draw a lesion as one photograph.

    Args:
        lesion: what is seen.
        view: 0 for the first photograph; others show it from another place, angle and distance, in other light.
        width, height: pixels.
    """
    own = np.random.default_rng([7, lesion.number])
    skin = np.random.default_rng([11, lesion.patient])
    shot = np.random.default_rng([13, lesion.number, view])
    u, v = _places(shot, view, width, height)
    tone = np.array([196, 150, 122], dtype=np.float32) * np.float32(skin.uniform(0.55, 1.2)) + skin.normal(0, 4, 3).astype(
        np.float32
    )
    texture = _waves(own, u, v, terms=10, low=1.5, high=6) * 7 + _waves(own, u, v, terms=14, low=14, high=60) * 5
    picture = tone[None, None, :] + texture[..., None] * np.array([1.0, 0.9, 0.8], dtype=np.float32)
    picture = _lesion(picture, lesion.kind, own, u, v)
    picture = _hairs(picture, own, u, v)
    picture = _light(picture, shot, width, height)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def _places(shot: np.random.Generator, view: int, width: int, height: int) -> tuple[Field, Field]:
    """Return for each pixel its place on the skin; the lesion's middle is the origin, its mean radius 1."""
    zoom = shot.uniform(0.9, 1.15) if view == 0 else shot.uniform(0.75, 1.4)
    turn = 0.0 if view == 0 else shot.uniform(-math.pi, math.pi)
    x0, y0 = shot.uniform(-0.35, 0.35, 2)
    scale = 5.0 / (height * zoom)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x - width / 2) * np.float32(scale) - np.float32(x0), (y - height / 2) * np.float32(scale) - np.float32(y0)
    cosine, sine = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    return x * cosine - y * sine, x * sine + y * cosine


def _waves(random: np.random.Generator, u: Field, v: Field, *, terms: int, low: float, high: float) -> Field:
    """Return a random texture of about unit variance: a sum of plane waves with wave numbers between low and high."""
    total = np.zeros_like(u)
    for _ in range(terms):
        number, angle, phase = (
            np.exp(random.uniform(np.log(low), np.log(high))),
            random.uniform(0, math.pi),
            random.uniform(0, 2 * math.pi),
        )
        total += np.sin(np.float32(number * math.cos(angle)) * u + np.float32(number * math.sin(angle)) * v + np.float32(phase))
    result: Field = total * np.float32(math.sqrt(2 / terms))
    return result


def _lesion(picture: Colour, kind: str, own: np.random.Generator, u: Field, v: Field) -> Colour:
    body, marks, uneven, soft, count = KINDS[kind]
    stretch, tilt = own.uniform(0.62, 1.0), own.uniform(0, math.pi)
    a, b = u * math.cos(tilt) + v * math.sin(tilt), (v * math.cos(tilt) - u * math.sin(tilt)) / np.float32(stretch)
    radius, angle = np.hypot(a, b), np.arctan2(b, a)
    size = own.uniform(0.75, 1.45)
    border = np.full_like(u, size)
    for order in range(2, 9):
        border += np.float32(uneven * size * own.normal() / order) * np.cos(order * angle + np.float32(own.uniform(0, 2 * math.pi)))
    inside = 1 / (1 + np.exp(np.clip((radius - border) / np.float32(soft * 0.5 + 0.02), -30, 30)))
    colour = np.array(body, dtype=np.float32) + own.normal(0, 8, 3).astype(np.float32)
    uneven_colour = _waves(own, u, v, terms=8, low=1.2, high=5) * np.float32(4 + 40 * uneven)
    layer = colour[None, None, :] + uneven_colour[..., None]
    for _ in range(own.poisson(count)):
        distance, direction = size * math.sqrt(own.uniform(0, 1)), own.uniform(0, 2 * math.pi)
        spot = own.uniform(0.05, 0.22) * size
        near = np.exp(
            -((u - distance * math.cos(direction)) ** 2 + (v - distance * math.sin(direction)) ** 2) / np.float32(2 * spot**2)
        )
        layer = layer + near[..., None] * (np.array(marks, dtype=np.float32) - layer) * np.float32(own.uniform(0.5, 1.0))
    result: Colour = picture + inside[..., None] * (layer - picture)
    return result


def _hairs(picture: Colour, own: np.random.Generator, u: Field, v: Field) -> Colour:
    """Draw dark hairs: parabolas that cross the view."""
    for _ in range(own.poisson(3)):
        tilt, shift, bend = own.uniform(0, math.pi), own.uniform(-2.2, 2.2), own.uniform(-0.25, 0.25)
        along, across = u * math.cos(tilt) + v * math.sin(tilt), v * math.cos(tilt) - u * math.sin(tilt)
        near = np.exp(-(((across - shift - bend * along**2) / np.float32(0.028)) ** 2))
        picture = picture * (1 - np.float32(0.72) * near[..., None])
    return picture


def _light(picture: Colour, shot: np.random.Generator, width: int, height: int) -> Colour:
    """Apply brightness, a colour cast, light from one side, dark corners and the sensor's noise."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    side = 1 + np.float32(shot.uniform(-0.08, 0.08)) * x + np.float32(shot.uniform(-0.08, 0.08)) * y
    corners = 1 - np.float32(shot.uniform(0, 0.16)) * (x**2 + y**2)
    cast = (shot.uniform(0.92, 1.08) * shot.uniform(0.96, 1.04, 3)).astype(np.float32)
    noise = shot.normal(0, 1.6, picture.shape).astype(np.float32)
    result: Colour = picture * (side * corners)[..., None] * cast + noise
    return result
