"""Decoding a picture once, upright and in RGB, whatever its file format and mode."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 300_000_000
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")  # MPO files open as JPEG
RAMP_16 = 1 / 257  # 65535 -> 255


class UnreadablePictureError(Exception):
    """The bytes are no picture that can be used; the text says why, without the path."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: upright RGB pixels, and whether its file carries EXIF."""

    rgb: Image.Image
    has_exif: bool


def decode(content: bytes) -> Picture:
    """Decode a file's bytes.

    Transparent pixels are shown on white; 16-bit grey is scaled to 8; of an animation the first frame is taken.

    Raises:
        UnreadablePictureError: not a picture, a damaged one, or one of over 300 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large and of slightly damaged files; both are checked here
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise UnreadablePictureError(f"too large: {opened.width} x {opened.height} pixels")
                opened.load()
                has_exif = bool(opened.getexif())
                return Picture(_rgb(ImageOps.exif_transpose(opened)), has_exif)
    except UnidentifiedImageError:
        page = content[:400].lstrip().lower().startswith((b"<!doctype html", b"<html"))
        raise UnreadablePictureError("a web page, no picture" if page else "not a picture in a known format") from None
    except Image.DecompressionBombError:
        raise UnreadablePictureError("too large to decode") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, OverflowError, ZeroDivisionError) as error:
        # Pillow's decoders raise all of these on damaged files.
        raise UnreadablePictureError(f"damaged picture: {error}") from None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda value: value * RAMP_16).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema()[0] == 255:
            return rgba.convert("RGB")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
