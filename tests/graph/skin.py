"""Drawn skin that local features can hold on to: speckles of several sizes, so that points repeat between views."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def skin(seed: int, side: int = 900) -> Image.Image:
    """Return a square of speckled skin with a dark lesion in its middle."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), (214, 170, 148))
    draw = ImageDraw.Draw(picture)
    for _ in range(700):
        x, y, r = random.uniform(0, side), random.uniform(0, side), random.uniform(3, 22)
        shade = random.integers(-45, 30)
        draw.ellipse([x - r, y - r * 0.7, x + r, y + r * 0.7], fill=tuple(int(c + shade) for c in (210, 165, 143)))
    r = side / 6
    blob = [
        (side / 2 + r * k * math.cos(t), side / 2 + r * k * math.sin(t))
        for t, k in zip(np.linspace(0, 6.2, 24), random.uniform(0.7, 1.3, 24), strict=True)
    ]
    draw.polygon(blob, fill=(110, 70, 60))
    for _ in range(60):
        x, y, q = *(side / 2 + random.normal(0, r / 2, 2)), random.uniform(3, 9)
        draw.ellipse([x - q, y - q, x + q, y + q], fill=(70 + int(random.integers(0, 60)), 45, 40))
    return picture.filter(ImageFilter.GaussianBlur(1.2))


def view(
    picture: Image.Image, *, zoom: float = 1.0, turn: float = 0.0, shift: tuple[float, float] = (0, 0), seed: int = 0
) -> Image.Image:
    """Return a photograph, 400 x 300, of the middle of the skin: enlarged, turned (degrees), shifted (its pixels), noisy."""
    side = picture.width
    angle, scale = math.radians(turn), side / 500 / zoom
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    x0, y0 = 200 + shift[0], 150 + shift[1]
    matrix = (a, -b, side / 2 - a * x0 + b * y0, b, a, side / 2 - b * x0 - a * y0)
    shot = picture.transform((400, 300), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).normal(0, 2.5, (300, 400, 3))
    return Image.fromarray(np.clip(np.asarray(shot) + noise, 0, 255).astype(np.uint8))
