"""Copies of a picture as they turn up in repositories: another encoding, size, section, side or colour."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

Copy = Callable[[Image.Image, int], Image.Image]


def re_encoded(picture: Image.Image, number: int) -> Image.Image:
    """Save with a low JPEG quality and read back."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=35 + 5 * (number % 5))
    return Image.open(buffer).convert("RGB")


def resized(picture: Image.Image, number: int) -> Image.Image:
    """Make smaller, and change the aspect ratio of every second one."""
    factor = (0.5, 0.62, 0.75)[number % 3]
    width, height = round(picture.width * factor), round(picture.height * factor)
    return picture.resize((height, height) if number % 2 else (width, height), Image.Resampling.LANCZOS)


def cropped(picture: Image.Image, number: int) -> Image.Image:
    """Take 2 to 8 % off each side."""
    share = (0.02, 0.04, 0.06, 0.08)[number % 4]
    left, top = round(picture.width * share), round(picture.height * share)
    return picture.crop((left, top, picture.width - left, picture.height - top))


def rotated(picture: Image.Image, number: int) -> Image.Image:
    """Turn by a quarter, a half or three quarters."""
    turn = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)[number % 3]
    return picture.transpose(turn)


def mirrored(picture: Image.Image, number: int) -> Image.Image:
    """Mirror left to right, or upside down."""
    return ImageOps.flip(picture) if number % 2 else ImageOps.mirror(picture)


def recoloured(picture: Image.Image, number: int) -> Image.Image:
    """Change white balance, brightness and saturation."""
    cast = ((1.12, 1.0, 0.86), (0.9, 1.0, 1.12), (1.08, 1.08, 1.0))[number % 3]
    pixels = np.asarray(picture, dtype=np.float32) * np.array(cast, dtype=np.float32)
    shifted = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return ImageEnhance.Color(ImageEnhance.Brightness(shifted).enhance((0.85, 1.15)[number % 2])).enhance((0.6, 1.4)[number % 2])


COPIES: dict[str, Copy] = {
    "re-encoded": re_encoded,
    "resized": resized,
    "cropped": cropped,
    "rotated": rotated,
    "mirrored": mirrored,
    "recoloured": recoloured,
}
