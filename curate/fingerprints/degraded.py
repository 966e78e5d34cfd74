"""Pictures made worse by a known amount, to say what the quality gate sees of it."""

import numpy as np
from PIL import Image, ImageFilter

GRAIN, LIGHT = 2.0, 6.0  # standard deviations of the skin that is drawn around: pixel by pixel, and slowly
FADE = 0.15  # of a picture's shorter side, over which it goes over into that skin


def blurred(rgb: Image.Image, share: float) -> Image.Image:
    """Return a picture blurred by a Gaussian whose standard deviation is a share of its longer side."""
    return rgb.filter(ImageFilter.GaussianBlur(share * max(rgb.size)))


def farther(rgb: Image.Image, times: float, seed: int = 0) -> Image.Image:
    """Return a picture as if taken from so many times as far: shrunk, amid drawn skin of the colour of its border."""
    width, height = rgb.size
    small = np.asarray(rgb.resize([max(8, round(side / times)) for side in rgb.size], Image.Resampling.LANCZOS), dtype=np.float64)
    h, w = small.shape[:2]
    random = np.random.default_rng(seed)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    waves = Image.fromarray(random.normal(0, LIGHT, (3, 3)).astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    canvas = np.median(border, axis=0) + (np.asarray(waves) + random.normal(0, GRAIN, (height, width)))[:, :, None]
    down, across = np.minimum(np.arange(h), np.arange(h)[::-1]), np.minimum(np.arange(w), np.arange(w)[::-1])
    share = np.clip(np.minimum(down[:, None], across) / (FADE * min(h, w)), 0, 1)[:, :, None]
    top, left = (height - h) // 2, (width - w) // 2
    inside = canvas[top : top + h, left : left + w]
    canvas[top : top + h, left : left + w] = share * small + (1 - share) * inside
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
