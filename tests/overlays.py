"""What lies over a picture and is not skin: hairs, rulers, dark corners, dust, text, frames; and pictures that show no skin.

Everything is fixed by the random generator that is passed in: the same state draws the same hairs over every picture of one size.
"""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

FINE = 3  # lines are drawn this many times larger and reduced, so that they have soft edges
REFERENCE = 320  # lines and letters are as thick as they would be on a picture of this longer side


def scale_of(picture: Image.Image) -> float:
    return max(picture.size) / REFERENCE


def blended(picture: Image.Image, mask: Image.Image, colour: tuple[int, int, int], opacity: float = 1.0) -> Image.Image:
    """Return the picture with a colour laid over it where the mask (mode L) is white."""
    over = Image.new("RGB", picture.size, colour)
    return Image.composite(over, picture, mask.point(lambda value: round(value * opacity)))


def fine_mask(picture: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", (picture.width * FINE, picture.height * FINE), 0)
    return mask, ImageDraw.Draw(mask)


def reduced(mask: Image.Image, picture: Image.Image) -> Image.Image:
    return mask.resize(picture.size, Image.Resampling.BOX)


def font(picture: Image.Image, points: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(max(6, points * scale_of(picture)))


def hairs(picture: Image.Image, count: int, rng: np.random.Generator) -> Image.Image:
    """Draw so many dark hairs: bent lines that begin and end outside or near the border."""
    mask, draw = fine_mask(picture)
    width, height = mask.size
    steps = np.linspace(0, 1, 40)[:, None]
    for _ in range(count):
        start, end = rng.uniform(-0.1, 1.1, 2), rng.uniform(-0.1, 1.1, 2)
        bend = (start + end) / 2 + rng.normal(0, 0.18, 2)
        places = ((1 - steps) ** 2 * start + 2 * steps * (1 - steps) * bend + steps**2 * end) * (width, height)
        thick = max(1, round(rng.uniform(0.8, 2.0) * FINE * scale_of(picture)))
        draw.line([(float(x), float(y)) for x, y in places], fill=255, width=thick, joint="curve")
    return blended(picture, reduced(mask, picture), (38, 26, 20), 0.88)


def ruler(picture: Image.Image, edges: int, rng: np.random.Generator) -> Image.Image:
    """Draw a millimetre scale along the lower edge, and with two edges one along the left edge as well."""
    mask, draw = fine_mask(picture)
    step = rng.uniform(0.026, 0.045) * mask.width
    first = rng.uniform(0, step)
    unit = FINE * scale_of(picture)
    letters = ImageFont.load_default(11 * unit)
    for edge in range(edges):
        length = mask.height if edge else mask.width
        for number in range(int((length - first) / step) + 1):
            along = first + number * step
            tick = (14 if number % 10 == 0 else 10 if number % 5 == 0 else 6) * unit
            line = (0, mask.height - along, tick, mask.height - along) if edge else (along, mask.height - tick, along, mask.height)
            draw.line(line, fill=255, width=round(1.2 * unit))
            if number % 10 == 0 and number:
                place = (tick + 2 * unit, mask.height - along) if edge else (along, mask.height - tick - 2 * unit)
                draw.text(place, str(number // 10), fill=255, font=letters, anchor="lm" if edge else "mb")
    return blended(picture, reduced(mask, picture), (20, 20, 24), 0.92)


def vignette(picture: Image.Image, share: float, rng: np.random.Generator) -> Image.Image:
    """Darken so large a share of the area, all outside a circle about the middle: the tube of a dermatoscope."""
    x0, y0 = rng.normal(0, 0.012, 2)
    y, x = np.mgrid[0 : picture.height, 0 : picture.width].astype(np.float32)
    longer = max(picture.size)
    distance = np.hypot((x - picture.width / 2) / longer - x0, (y - picture.height / 2) / longer - y0)
    radius = np.quantile(distance, 1 - share)
    dark = np.clip((distance - radius) / (2.5 / REFERENCE) + 0.5, 0, 1)
    return blended(picture, Image.fromarray((dark * 255).astype(np.uint8)), (9, 8, 10))


def dust(picture: Image.Image, count: int, rng: np.random.Generator) -> Image.Image:
    """Draw so many dark and bright specks, as they lie on a lens or a sensor."""
    for bright in (False, True):
        mask, draw = fine_mask(picture)
        for _ in range(count // 2):
            x, y = rng.uniform(0, 1, 2) * mask.size
            radius = rng.uniform(0.7, 2.2) * FINE * scale_of(picture)
            stretch = rng.uniform(0.6, 1.6)
            draw.ellipse((x - radius, y - radius * stretch, x + radius, y + radius * stretch), fill=255)
        picture = blended(picture, reduced(mask, picture), (236, 232, 226) if bright else (30, 28, 28), 0.8)
    return picture


def watermark(picture: Image.Image, opacity: float, rng: np.random.Generator, words: str = "© Atlas of Skin") -> Image.Image:
    """Write the owner's name across the picture in rows of slanted letters."""
    side = math.ceil(math.hypot(*picture.size))
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    letters = font(picture, 20)
    wide = draw.textlength(words, font=letters) * 1.4
    shift = rng.uniform(0, wide)
    for row, y in enumerate(np.arange(0, side, 62 * scale_of(picture))):
        for x in np.arange(-wide - shift + (row % 2) * wide / 2, side, wide):
            draw.text((float(x), float(y)), words, fill=255, font=letters)
    turned = mask.rotate(24, Image.Resampling.BICUBIC)
    left, top = (side - picture.width) // 2, (side - picture.height) // 2
    return blended(picture, turned.crop((left, top, left + picture.width, top + picture.height)), (250, 250, 250), opacity)


def label(picture: Image.Image, words: str) -> Image.Image:
    """Stick a white label with black words on the lower right corner."""
    result = picture.copy()
    draw = ImageDraw.Draw(result)
    letters = font(picture, 15)
    left, top, right, bottom = draw.multiline_textbbox((0, 0), words, font=letters)
    margin = 5 * scale_of(picture)
    x, y = picture.width - (right - left) - 3 * margin, picture.height - (bottom - top) - 3 * margin
    draw.rectangle((x - margin, y - margin, picture.width - margin, picture.height - margin), fill=(250, 250, 248))
    draw.multiline_text((x - left, y - top), words, fill=(12, 12, 12), font=letters)
    return result


def letterbox(picture: Image.Image, share: float) -> Image.Image:
    """Add black bars above and below; the height grows by this share."""
    bar = round(picture.height * share / 2)
    result = Image.new("RGB", (picture.width, picture.height + 2 * bar), (0, 0, 0))
    result.paste(picture, (0, bar))
    return result


def window(picture: Image.Image, share: float) -> Image.Image:
    """Show the picture in a program's window: title bar, side bar with lines of text, status line; the sides grow by this share."""
    side, bar = round(picture.width * share), round(picture.height * share)
    upper = max(1, round(bar * 0.6))
    result = Image.new("RGB", (picture.width + side, picture.height + bar), (236, 237, 240))
    draw = ImageDraw.Draw(result)
    letters = ImageFont.load_default(max(6, upper * 0.55))
    draw.rectangle((0, 0, result.width, upper - 1), fill=(52, 94, 148))
    draw.text((upper * 0.3, upper / 2), "Viewer - picture 1 of 24", fill=(255, 255, 255), font=letters, anchor="lm")
    draw.rectangle((result.width - upper, 0, result.width, upper - 1), fill=(196, 62, 56))
    for number, y in enumerate(range(upper + 8, result.height - bar, max(6, upper // 2 + 4))):
        draw.rectangle((4, y, max(5, round(side * (0.9 - 0.13 * (number * 7 % 5))) - 4), y + 2), fill=(120, 126, 134))
    draw.text((4, result.height - (bar - upper) / 2), "100 %", fill=(70, 74, 80), font=letters, anchor="lm")
    result.paste(picture, (side, upper))
    return result


def cut_out(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cut the middle of a picture out along an uneven line and lay it on plain white."""
    y, x = np.mgrid[-1 : 1 : picture.height * 1j, -1 : 1 : picture.width * 1j]
    x = x * picture.width / picture.height
    angle = np.arctan2(y, x)
    border = np.full_like(angle, rng.uniform(0.45, 0.6))
    for order in range(2, 6):
        border += rng.normal(0, 0.05) / order * np.cos(order * angle + rng.uniform(0, 2 * math.pi))
    mask = Image.fromarray(((np.hypot(x, y) < border) * 255).astype(np.uint8))
    return Image.composite(picture, Image.new("RGB", picture.size, (255, 255, 255)), mask)


def plot(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Draw a chart as it lies among pictures by mistake: axes, ticks, bars or a curve, a title; never twice the same values."""
    width, height = size
    result = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(result)
    letters = font(result, 9)
    left, top, right, bottom = width * 0.12, height * 0.12, width * 0.96, height * 0.86
    draw.text((width / 2, height * 0.05), f"Figure {rng.integers(1, 90)}: by group", fill=(0, 0, 0), font=letters, anchor="mm")
    draw.rectangle((left, top, right, bottom), outline=(0, 0, 0))
    for n in range(6):
        y, x = bottom - (bottom - top) * n / 5, left + (right - left) * n / 5
        draw.line((left - 3, y, left, y), fill=(0, 0, 0))
        draw.text((left - 5, y), str(n * 20), fill=(0, 0, 0), font=letters, anchor="rm")
        draw.line((x, bottom, x, bottom + 3), fill=(0, 0, 0))
        draw.text((x, bottom + 5), str(n), fill=(0, 0, 0), font=letters, anchor="mt")
    values: npt.NDArray[np.float64] = rng.uniform(0.05, 0.95, 9)
    places = [left + (right - left) * (n + 0.5) / 9 for n in range(9)]
    if rng.integers(2):
        for x, value in zip(places, values, strict=True):
            draw.rectangle((x - width * 0.03, bottom - (bottom - top) * value, x + width * 0.03, bottom), fill=(76, 114, 176))
    else:
        line = [(x, float(bottom - (bottom - top) * value)) for x, value in zip(places, values, strict=True)]
        draw.line(line, fill=(196, 78, 82), width=2)
    return result
