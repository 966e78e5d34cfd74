"""What happens to a picture on its way from one repository to another, and between two photographs of one lesion.

Each transform is a pure function of a picture, a strength and a random generator. Strength 0 gives the picture back as it was;
what a strength means stands at the function, and `TRANSFORMS` says it in words. A transform that is `large` shows detail that the
first picture does not have (a close view), and wants a picture several times larger than the one that is kept.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from tests import overlays

Change = Callable[[Image.Image, float, np.random.Generator], Image.Image]
Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Transform:
    """A transform with the strengths that are measured.

    Attributes:
        words: from a strength to what people call it.
        large: whether it wants the large picture.
    """

    change: Change
    strengths: tuple[float, ...]
    words: Callable[[float], str]
    large: bool = False


def pixels_of(picture: Image.Image) -> Pixels:
    return np.asarray(picture, dtype=np.float32)


def picture_of(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(pixels + np.float32(0.5), 0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Save as JPEG with a quality of 100 minus the strength, and read back."""
    if not strength:
        return picture.copy()
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=round(100 - strength))
    return Image.open(buffer).convert("RGB")


def resized(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Make the sides shorter by this share."""
    if not strength:
        return picture.copy()
    size = (round(picture.width * (1 - strength)), round(picture.height * (1 - strength)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _cropped(picture: Image.Image, removed: float, x: float, y: float) -> Image.Image:
    """Take this share of the area away; x and y in [0, 1] say where the rest lies."""
    side = math.sqrt(1 - removed)
    width, height = round(picture.width * side), round(picture.height * side)
    left, top = round((picture.width - width) * x), round((picture.height - height) * y)
    return picture.crop((left, top, left + width, top + height))


def cropped_centre(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Take this share of the area away, as much on each side."""
    return _cropped(picture, strength, 0.5, 0.5)


def cropped_aside(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Take this share of the area away, most of it on one or two sides."""
    x, y = rng.choice([0.0, 0.15, 0.85, 1.0], 2)
    return _cropped(picture, strength, x, y)


def quarter_turns(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Turn by 90, 180 or 270 degrees, exactly."""
    turn = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    return picture.transpose(turn[round(strength)]) if strength else picture.copy()


def turned_filled(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Turn by so many degrees to one side or the other, the size kept, the corners black."""
    if not strength:
        return picture.copy()
    return picture.rotate(strength * rng.choice((-1, 1)), Image.Resampling.BICUBIC, fillcolor=(0, 0, 0))


def turned_cropped(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Turn by so many degrees to one side or the other and keep the largest part of the same shape without empty corners."""
    if not strength:
        return picture.copy()
    turned = picture.rotate(strength * rng.choice((-1, 1)), Image.Resampling.BICUBIC)
    sine, cosine = abs(math.sin(math.radians(strength))), abs(math.cos(math.radians(strength)))
    w, h = picture.size
    side = min(w / (w * cosine + h * sine), h / (w * sine + h * cosine))
    width, height = math.floor(w * side) - 2, math.floor(h * side) - 2  # the border's pixels are mixed with black
    left, top = (w - width) // 2, (h - height) // 2
    return turned.crop((left, top, left + width, top + height))


def _any_angle(turned: Change) -> Change:
    def change(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
        return turned(picture, strength * rng.uniform(10, 350), rng)

    return change


turned_any_filled = _any_angle(turned_filled)
turned_any_cropped = _any_angle(turned_cropped)


def mirrored(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Mirror left to right (1) or upside down (2)."""
    return {0: Image.Image.copy, 1: ImageOps.mirror, 2: ImageOps.flip}[round(strength)](picture)


def colour_cast(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Strengthen one colour by this share and weaken another as much."""
    gains = np.array(rng.permutation([1 + strength, 1.0, 1 - strength]), dtype=np.float32)
    return picture_of(pixels_of(picture) * gains)


def brightness(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Multiply by 1 plus the strength."""
    return picture_of(pixels_of(picture) * np.float32(1 + strength))


def gamma(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Raise values of 0 to 1 to the power 2 to the strength: darker above 0, brighter below."""
    return picture_of((pixels_of(picture) / np.float32(255)) ** np.float32(2**strength) * np.float32(255))


def white_balance(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Warmer by this share above 0 (more red, less blue), cooler below."""
    return picture_of(pixels_of(picture) * np.array([1 + strength, 1.0, 1 - strength], dtype=np.float32))


def blurred(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Blur with a deviation of so many pixels at a longer side of 320."""
    return picture.filter(ImageFilter.GaussianBlur(strength * overlays.scale_of(picture))) if strength else picture.copy()


def hair(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Lay so many hairs over it."""
    return overlays.hairs(picture, round(strength), rng)


def ruler(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Lay a millimetre scale along one edge or two."""
    return overlays.ruler(picture, round(strength), rng)


def vignette(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Darken this share of the area, outside a circle."""
    return overlays.vignette(picture, strength, rng) if strength else picture.copy()


def watermark(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Write white words across it with this opacity."""
    return overlays.watermark(picture, strength, rng)


def letterbox(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Add black bars above and below, together this share of the height."""
    return overlays.letterbox(picture, strength)


def window_frame(picture: Image.Image, strength: float, _: np.random.Generator) -> Image.Image:
    """Add a program's window around it; the sides grow by this share."""
    return overlays.window(picture, strength) if strength else picture.copy()


def close_view(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Photograph the middle again from nearer, by a factor of 1 plus the strength: a little aside and turned, in other light."""
    if not strength:
        return picture.copy()
    turned = picture.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC)
    factor = 1 + strength
    width, height = picture.width / factor, picture.height / factor
    free = 1 if factor > 1.7 else 0.3  # farther out lie the empty corners
    left = (picture.width - width) / 2 + rng.uniform(-0.06, 0.06) * width * free
    top = (picture.height - height) / 2 + rng.uniform(-0.06, 0.06) * height * free
    near = turned.resize(picture.size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    return _other_light(near, 0.5, rng)


def second_view(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Photograph it again: seen from another angle (perspective), on uneven ground that was pressed otherwise, in other light.

    At strength 1 each corner moves inwards by up to 8 % of the sides, bumps move the skin by some 1.5 % of the longer side, and one
    side is some 12 % brighter than the other.
    """
    from scipy.ndimage import map_coordinates

    if not strength:
        return picture.copy()
    w, h = picture.size
    inwards = rng.uniform(0.01, 0.08, (4, 2)) * strength
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) + inwards * [[1, 1], [-1, 1], [1, -1], [-1, -1]]
    y, x = np.mgrid[0 : 1 : h * 1j, 0 : 1 : w * 1j]
    # Between the four corners, with a depth that differs from corner to corner: the map of a plane seen at an angle, near enough.
    depth = 1 / (1 + 0.12 * strength * rng.uniform(-1, 1, 4))
    weights = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]) * depth[:, None, None]
    place = np.einsum("kyx,kc->cyx", weights / weights.sum(axis=0), corners)
    for _ in range(7):
        middle, reach = rng.uniform(0, 1, 2), rng.uniform(0.08, 0.25)
        bump = np.exp(-((x - middle[0]) ** 2 + ((y - middle[1]) * h / w) ** 2) / (2 * reach**2))
        place += rng.normal(0, 0.009, 2)[:, None, None] * strength * bump
    places = (place[1] * (h - 1), place[0] * (w - 1))
    pixels = pixels_of(picture)
    seen = np.stack([map_coordinates(pixels[..., c], places, order=1, mode="nearest") for c in range(3)], axis=-1)
    return _other_light(picture_of(seen), strength, rng)


def _other_light(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : picture.height * 1j, -1 : 1 : picture.width * 1j].astype(np.float32)
    tilt = rng.uniform(-0.12, 0.12, 2).astype(np.float32) * np.float32(strength)
    gains = 1 + rng.normal(0, 0.05, 3).astype(np.float32) * np.float32(strength)
    grain = rng.normal(0, 3 * strength, (picture.height, picture.width, 3)).astype(np.float32)
    return picture_of(pixels_of(picture) * (1 + tilt[0] * x + tilt[1] * y)[..., None] * gains + grain)


# What a combination is made of, in the order in which it happens, each with its strength.
PARTS: tuple[tuple[Change, float], ...] = (
    (turned_cropped, 15),
    (cropped_aside, 0.25),
    (mirrored, 1),
    (resized, 0.5),
    (colour_cast, 0.12),
    (brightness, 0.2),
    (blurred, 1),
    (hair, 12),
    (vignette, 0.25),
    (watermark, 0.5),
    (letterbox, 0.3),
    (jpeg, 60),
)


def combined(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Apply so many of `PARTS`, drawn without replacement."""
    for n in sorted(rng.choice(len(PARTS), round(strength), replace=False).tolist()):
        change, part = PARTS[n]
        picture = change(picture, part, rng)
    return picture.copy()


def _kept(strength: float) -> str:
    return f"{100 * (1 - strength):g} % kept"


def _degrees(strength: float) -> str:
    return f"{strength:g}°"


def _signed(strength: float) -> str:
    return f"{100 * strength:+g} %"


def _warmer(strength: float) -> str:
    return f"{'warmer' if strength > 0 else 'cooler'} by {100 * abs(strength):g} %"


TRANSFORMS: dict[str, Transform] = {
    "jpeg": Transform(jpeg, (10, 50, 80, 90), lambda s: f"quality {100 - s:g}"),
    "resize": Transform(resized, (0.25, 0.5, 0.75), lambda s: f"to {100 * (1 - s):g} %"),
    "crop, centre": Transform(cropped_centre, (0.1, 0.25, 0.4, 0.6), _kept),
    "crop, aside": Transform(cropped_aside, (0.1, 0.25, 0.4, 0.6), _kept),
    "quarter turn": Transform(quarter_turns, (90, 180, 270), _degrees),
    "turn, corners black": Transform(turned_filled, (5, 15, 45), _degrees),
    "turn by any angle, corners black": Transform(turned_any_filled, (1,), lambda _: "10° to 350°"),
    "turn, corners cropped": Transform(turned_cropped, (5, 15, 45), _degrees),
    "turn by any angle, corners cropped": Transform(turned_any_cropped, (1,), lambda _: "10° to 350°"),
    "mirror": Transform(mirrored, (1, 2), lambda s: "left to right" if s == 1 else "upside down"),
    "colour cast": Transform(colour_cast, (0.1, 0.2, 0.35), lambda s: f"±{100 * s:g} %"),
    "brightness": Transform(brightness, (-0.5, -0.25, 0.25, 0.5), _signed),
    "gamma": Transform(gamma, (-1, -0.5, 0.5, 1), lambda s: f"{2**s:.2f}"),
    "white balance": Transform(white_balance, (-0.25, -0.1, 0.1, 0.25), _warmer),
    "blur": Transform(blurred, (1, 2, 4), lambda s: f"deviation {s:g}"),
    "hair": Transform(hair, (5, 15, 40), lambda s: f"{s:g} hairs"),
    "ruler": Transform(ruler, (1, 2), lambda s: "one edge" if s == 1 else "two edges"),
    "vignette": Transform(vignette, (0.1, 0.25, 0.4), lambda s: f"{100 * s:g} % dark"),
    "watermark": Transform(watermark, (0.25, 0.5, 0.9), lambda s: f"opacity {100 * s:g} %"),
    "letterbox": Transform(letterbox, (0.1, 0.3, 0.6), _signed),
    "window frame": Transform(window_frame, (0.15, 0.4), _signed),
    "zoom pair": Transform(close_view, (0.5, 1.0, 1.5), lambda s: f"factor {1 + s:g}", large=True),
    "second view": Transform(second_view, (0.5, 1, 2), lambda s: f"strength {s:g}", large=True),
    "combination": Transform(combined, (3,), lambda s: f"of {s:g}"),
}
