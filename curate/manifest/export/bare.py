"""A picture without metadata: the same pixels, and nothing that says where, when, by whom or with what it was taken.

Of a JPEG file only what decodes it stays: tables, frames, scans, the JFIF header without its thumbnail, Adobe's colour transform.
EXIF, XMP, IPTC, comments, colour profiles (they carry names and dates of devices, and nothing that reads tensors applies them),
maker's notes, embedded previews and whatever follows the picture's end (second pictures of a camera, trailers) are cut out
without decoding. Of a PNG file the chunks that decode it stay. What has to be turned upright, and every other kind of file, is
decoded and written as PNG, so that no pixel is lost.

What comes out decodes, without a look at any tag, to the upright RGB pixels whose digest the manifest has.
"""

import io
import re
import struct
import warnings
from typing import NamedTuple

from PIL import Image

from curate.fingerprints.picture import FORMATS, decode

ORIENTATION = 0x0112
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
DECODES_JPEG = {*range(0xC0, 0xD0), *range(0xDB, 0xE0)} - {0xC8}  # tables, frames, restart intervals, number of lines
APP0, APP14, SCAN = 0xE0, 0xEE, 0xDA
WITHOUT_LENGTH = {0x00, 0x01, *range(0xD0, 0xD9)}  # markers that have no business between tables and frames
AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # a marker; 0xff 0x00 and restart markers are part of a scan
PNG_START = b"\x89PNG\r\n\x1a\n"
DECODES_PNG = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"hIST"}
TURNS = {b"eXIf", b"iTXt", b"zTXt", b"tEXt"}  # chunks that can say how the picture is to be turned
SEE_THROUGH_OR_MOVING = {b"tRNS", b"acTL"}
BOMB = Image.DecompressionBombError
GREY, TRUE_COLOUR, PALETTE = 0, 2, 3


class Bare(NamedTuple):
    """A picture file without metadata.

    Attributes:
        content: its bytes.
        suffix: `.jpg` or `.png`.
        how: `as_is` (the file had none), `stripped` (cut out, the picture's own bytes untouched) or `decoded` (written as PNG).
    """

    content: bytes
    suffix: str
    how: str


def bare(content: bytes) -> Bare:
    """Return a picture without metadata.

    Raises:
        UnreadablePictureError: it has to be decoded and cannot be.
    """
    for cut, suffix in ((_jpeg, ".jpg"), (_png, ".png")):
        if (kept := cut(content)) is not None:
            return Bare(kept, suffix, "as_is" if kept == content else "stripped")
    upright = decode(content).rgb
    upright.info = {}  # else the colour profile would be written again
    out = io.BytesIO()
    upright.save(out, "PNG")
    return Bare(out.getvalue(), ".png", "decoded")


def _is_turned(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large and of slightly damaged files; the decoder judges them
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
            return opened.getexif().get(ORIENTATION, 1) not in (0, 1)
    except (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, struct.error, BOMB):
        return True  # the decoder finds out, and says what is wrong


def _jpeg(content: bytes) -> bytes | None:
    """Return a JPEG file without metadata; None where it is none, is turned, or is not built as the standard says."""
    if not content.startswith(JPEG_START) or _is_turned(content):
        return None
    kept = [JPEG_START]
    at = len(JPEG_START)
    while True:
        while content[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if content[at : at + 2] == JPEG_END:
            return b"".join((*kept, JPEG_END))
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        end = at + 2 + length
        if content[at : at + 1] != b"\xff" or length < 2 or end > len(content):
            return None
        marker, payload = content[at + 1], content[at + 4 : end]
        if marker in WITHOUT_LENGTH:
            return None
        if marker == SCAN:
            following = AFTER_SCAN.search(content, end)
            if following is None:
                return None
            end = following.start()
            kept.append(content[at:end])
        elif marker in DECODES_JPEG:
            kept.append(content[at:end])
        elif marker == APP0 and payload.startswith(b"JFIF\x00") and len(payload) >= 14:
            kept.append(b"\xff\xe0\x00\x10" + payload[:12] + b"\x00\x00")  # a thumbnail of no rows and no columns
        elif marker == APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
            kept.append(b"\xff\xee\x00\x0e" + payload[:12])
        at = end


def _png(content: bytes) -> bytes | None:
    """Return a PNG file without metadata; None where it is none, is turned, moves, or has pixels that are not plain 8-bit RGB."""
    if not content.startswith(PNG_START):
        return None
    kept, kinds = [PNG_START], set()
    at = len(PNG_START)
    while b"IEND" not in kinds:
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if end > len(content):
            return None
        kinds.add(kind := content[at + 4 : at + 8])
        if kind in DECODES_PNG:
            kept.append(content[at:end])
        at = end
    depth, colour = content[24], content[25]
    plain = colour in {TRUE_COLOUR, PALETTE} or (colour == GREY and depth <= 8)
    if not plain or kinds & SEE_THROUGH_OR_MOVING or (kinds & TURNS and _is_turned(content)):
        return None
    return b"".join(kept)
