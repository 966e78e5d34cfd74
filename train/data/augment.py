"""Augmentation as the article describes it (Esteva et al. 2017, Methods: "Data augmentation"), and the view at evaluation."""

import math
import random

from PIL import Image, ImageOps

CENTRAL = 0.875  # of each side at evaluation, as in the authors' program


def inscribed(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return width and height of the largest upright rectangle in a picture that was rotated.

    Args:
        width, height: of the picture before rotation, in pixels.
        degrees: the angle.
    """
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    longer, shorter = max(width, height), min(width, height)
    if shorter <= 2 * sine * cosine * longer or math.isclose(sine, cosine):
        half = shorter / 2  # two corners touch the longer sides; the other two lie inside
        return (half / sine, half / cosine) if width >= height else (half / cosine, half / sine)
    difference = cosine**2 - sine**2
    return (width * cosine - height * sine) / difference, (height * cosine - width * sine) / difference


def augmented(picture: Image.Image, side: int, draw: random.Random) -> Image.Image:
    """Return one of the article's 720 variants: turned by 0 to 359 degrees, cropped to the largest upright inscribed rectangle,
    turned upside down with probability 0.5, resized to a square.

    Args:
        picture: RGB.
        side: pixels of the result.
        draw: where chance comes from.
    """
    degrees = draw.randrange(360)
    width, height = inscribed(*picture.size, degrees)
    # The crop is taken out of the rotated picture in one affine step, so that no pixel is interpolated twice.
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    across, down = max(width, 1.0) / side, max(height, 1.0) / side
    if draw.random() < 0.5:
        down = -down
    middle_x, middle_y = picture.width / 2, picture.height / 2
    matrix = (
        across * cosine,
        down * sine,
        middle_x - (across * cosine + down * sine) * side / 2,
        -across * sine,
        down * cosine,
        middle_y - (-across * sine + down * cosine) * side / 2,
    )
    reduced = max(1, int(min(across, abs(down))))
    if reduced > 1:  # an affine step samples single pixels; average first what would be skipped
        small = picture.reduce(reduced)
        fx, fy = small.width / picture.width, small.height / picture.height
        a, b, c, d, e, f = matrix
        picture, matrix = small, (a * fx, b * fx, c * fx, d * fy, e * fy, f * fy)
    return picture.transform((side, side), Image.Transform.AFFINE, matrix, resample=Image.Resampling.BILINEAR)


def central(picture: Image.Image, side: int) -> Image.Image:
    """Return the middle of a picture, `CENTRAL` of each side, as a square of `side` pixels."""
    width, height = picture.width * CENTRAL, picture.height * CENTRAL
    box = ((picture.width - width) / 2, (picture.height - height) / 2, (picture.width + width) / 2, (picture.height + height) / 2)
    return picture.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def upright_rgb(picture: Image.Image) -> Image.Image:
    """Return a picture as its EXIF orientation means it, in RGB."""
    return ImageOps.exif_transpose(picture).convert("RGB")
