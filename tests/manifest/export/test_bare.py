"""Pictures without metadata: nothing but pixels is left, and no pixel is another one."""

import io
import struct
import zlib

import numpy as np
import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.manifest.export.bare import bare
from tests.drawn import picture

SECRET = b"SECRET-of-Jane-Doe"
PLACE = {
    piexif.GPSIFD.GPSLatitudeRef: b"N",
    piexif.GPSIFD.GPSLatitude: ((48, 1), (12, 1), (30, 1)),
    piexif.GPSIFD.GPSProcessingMethod: SECRET,
}


def saved(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1, thumbnail: bool = False) -> bytes:
    facts = {
        "0th": {piexif.ImageIFD.Artist: SECRET, piexif.ImageIFD.Make: b"Canon", piexif.ImageIFD.Orientation: orientation},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: b"2019:05:04 10:11:12", piexif.ExifIFD.BodySerialNumber: SECRET},
        "GPS": PLACE,
    }
    if thumbnail:
        facts["1st"] = {piexif.ImageIFD.Make: SECRET}
        facts["thumbnail"] = saved(picture(1, "nevus").resize((80, 60)))
    return piexif.dump(facts)


def plain(content: bytes) -> np.ndarray:
    """The pixels as a reader sees them that looks at no tag."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def after_start(content: bytes, *segments: bytes) -> bytes:
    return content[:2] + b"".join(segments) + content[2:]


def before_end(content: bytes, *chunks: bytes) -> bytes:
    end = content.rindex(b"IEND") - 4
    return content[:end] + b"".join(chunks) + content[end:]


def text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    return info


DRAWN = picture(3, "melanoma")
PLAIN = saved(DRAWN, quality=90)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><rdf:Description tiff:Orientation="%d"/>' + SECRET + b"</x:xmpmeta>"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\x00"

STRIPPED = {
    "exif": saved(DRAWN, quality=90, exif=exif()),
    "exif with a thumbnail": saved(DRAWN, quality=90, exif=exif(thumbnail=True)),
    "a comment": saved(DRAWN, quality=90, comment=SECRET),
    "a colour profile": saved(DRAWN, quality=90, icc_profile=PROFILE + SECRET),
    "XMP": after_start(PLAIN, segment(0xE1, XMP_HEAD + XMP % 1)),
    "IPTC": after_start(PLAIN, segment(0xED, b"Photoshop 3.0\x008BIM" + SECRET)),
    "a maker's segment": after_start(PLAIN, segment(0xEC, SECRET), segment(0xEA, SECRET)),
    "a JFIF thumbnail": PLAIN[:2] + segment(0xE0, b"JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x06\x01" + SECRET) + PLAIN[20:],
    "a JFXX thumbnail": after_start(PLAIN, segment(0xE0, b"JFXX\x00\x10" + SECRET)),
    "more in Adobe's segment": after_start(PLAIN, segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x01" + SECRET)),
    "a second picture behind its end": PLAIN + saved(DRAWN, exif=exif()),
    "a trailer": PLAIN + SECRET,
    "fill bytes": PLAIN[:2] + b"\xff\xff" + segment(0xFE, SECRET) + b"\xff" + PLAIN[2:],
    "progressive": saved(DRAWN, quality=90, progressive=True, exif=exif()),
    "grey": saved(DRAWN.convert("L"), quality=90, exif=exif()),
    "CMYK": saved(DRAWN.convert("CMYK"), quality=90, exif=exif()),
    "restart markers": saved(DRAWN, quality=90, restart_marker_rows=1, exif=exif()),
    "MPO": saved(DRAWN, "MPO", save_all=True, append_images=[DRAWN], exif=exif()),
    "PNG text": saved(DRAWN, "PNG", pnginfo=text()),
    "PNG exif": saved(DRAWN, "PNG", exif=exif()[6:]),
    "PNG colour profile": saved(DRAWN, "PNG", icc_profile=PROFILE),
    "PNG time": before_end(saved(DRAWN, "PNG"), chunk(b"tIME", b"\x07\xe3\x05\x04\x0a\x0b\x0c"), chunk(b"prVt", SECRET)),
    "PNG trailer": saved(DRAWN, "PNG") + SECRET,
    "PNG palette": saved(DRAWN.quantize(16), "PNG", exif=exif()[6:]),
}
DECODED = {
    "turned JPEG": saved(DRAWN, quality=90, exif=exif(6)),
    "turned JPEG with a colour profile": saved(DRAWN, quality=90, exif=exif(6), icc_profile=PROFILE),
    "mirrored JPEG": saved(DRAWN, quality=90, exif=exif(2)),
    "turned by XMP": after_start(PLAIN, segment(0xE1, XMP_HEAD + XMP % 8)),
    "turned PNG": saved(DRAWN, "PNG", exif=exif(3)[6:]),
    "turned PNG, told behind its pixels": before_end(saved(DRAWN, "PNG"), chunk(b"eXIf", exif(6)[6:])),
    "see-through PNG": saved(DRAWN.convert("RGBA").resize((40, 30)), "PNG", exif=exif()[6:]),
    "16-bit grey PNG": saved(Image.fromarray((np.arange(4800, dtype=np.uint16) * 13).reshape(60, 80)), "PNG"),
    "garbage between segments": PLAIN[:20] + b"\x00\x00\x00" + PLAIN[20:],
    "TIFF": saved(DRAWN, "TIFF", exif=exif()[6:]),
    "BMP": saved(DRAWN, "BMP"),
    "WEBP": saved(DRAWN, "WEBP", lossless=True, exif=exif()),
    "GIF": saved(DRAWN.quantize(16), "GIF", comment=SECRET),
}


@pytest.mark.parametrize("content", STRIPPED.values(), ids=STRIPPED)
def test_metadata_is_cut_out_and_the_picture_stays_as_it_was_compressed(content):
    done = bare(content)
    assert done.how == "stripped"
    assert SECRET not in done.content
    assert not metadata(done.content)
    assert (plain(done.content) == np.asarray(decode(content).rgb)).all()
    assert compressed(done.content) == compressed(content)


def test_of_jfif_the_version_and_the_density_stay_and_no_thumbnail():
    assert bare(STRIPPED["a JFIF thumbnail"]).content[2:20] == segment(0xE0, b"JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00")


@pytest.mark.parametrize("content", DECODED.values(), ids=DECODED)
def test_what_cannot_be_cut_is_decoded_upright_and_no_pixel_is_lost(content):
    done = bare(content)
    assert (done.how, done.suffix) == ("decoded", ".png")
    assert SECRET not in done.content
    assert not metadata(done.content)
    assert (plain(done.content) == np.asarray(decode(content).rgb)).all()


@pytest.mark.parametrize("content", [PLAIN, saved(DRAWN, "PNG"), saved(DRAWN.convert("1"), "PNG")], ids=["jpeg", "png", "bitmap"])
def test_a_file_without_metadata_is_given_as_it_is(content):
    assert bare(content).content == content
    assert bare(content).how == "as_is"


@pytest.mark.parametrize("content", [*STRIPPED.values(), *DECODED.values()], ids=[*STRIPPED, *DECODED])
def test_what_came_out_has_nothing_left_to_cut(content):
    once = bare(content)
    assert bare(once.content) == (once.content, once.suffix, "as_is")


OF_DECODING = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "adobe", "adobe_transform", "progressive", "progression"}


def metadata(content: bytes) -> set[str]:
    """What Pillow finds beside the pixels and what is needed to decode them."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return set(image.info) - OF_DECODING | ({"exif"} if image.getexif() else set())


def compressed(content: bytes) -> bytes:
    """The compressed pixels: of a JPEG the last scan's bytes, of a PNG its IDAT chunks."""
    if content.startswith(b"\x89PNG"):
        parts, at = [], 8
        while at + 8 <= len(content):
            length = int.from_bytes(content[at : at + 4], "big")
            if content[at + 4 : at + 8] == b"IDAT":
                parts.append(content[at + 8 : at + 8 + length])
            at += 12 + length
        return b"".join(parts)
    end = first_end(content)
    return content[content.rindex(b"\xff\xda", 0, end) : end]


def first_end(content: bytes) -> int:
    """Where the outer picture's scans end: behind its last scan's header no other marker than restarts stands before."""
    at = 2
    while True:
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        if content[at + 1] == 0xD9:
            return at
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        scan = content[at + 1] == 0xDA
        at += 2 + length
        while scan and not (content[at] == 0xFF and content[at + 1] not in (0, *range(0xD0, 0xD8))):
            at += 1


@given(
    names=st.lists(st.sampled_from([0xE0, 0xE1, 0xE2, 0xE5, 0xED, 0xEE, 0xEF, 0xFE]), max_size=6),
    payload=st.binary(max_size=40),
)
def test_segments_of_any_content_are_cut_out(names, payload):
    content = after_start(PLAIN, *(segment(m, SECRET + payload) for m in names))
    assert bare(content).content == PLAIN


BROKEN = {
    "JPEG of a start alone": b"\xff\xd8",
    "JPEG whose header is cut off": PLAIN[:3],
    "JPEG with a marker that has no length": after_start(PLAIN, segment(0x01, b"ab")),
    "JPEG whose scan does not end": PLAIN[: first_end(PLAIN)],
    "JPEG that does not tell whether it is turned": after_start(PLAIN, segment(0xE1, b"Exif\x00\x00MM\x00*\x00\x00\xff\xff")),
    "PNG that is cut off": saved(DRAWN, "PNG")[:-20],
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_not_built_as_it_should_be_is_decoded_or_named(content):
    try:
        expected = np.asarray(decode(content).rgb)
    except UnreadablePictureError:
        with pytest.raises(UnreadablePictureError):
            bare(content)
        return
    done = bare(content)
    assert (plain(done.content) == expected).all()


@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_file_gives_its_pixels_or_an_error_in_words(at, noise):
    content = PLAIN[:at] + noise + PLAIN[at + len(noise) :]
    try:
        expected = np.asarray(decode(content).rgb)
        done = bare(content)
    except UnreadablePictureError:
        return
    assert (plain(done.content) == expected).all()
