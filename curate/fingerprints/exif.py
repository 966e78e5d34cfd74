"""EXIF facts that can tie two shots together: camera, serial number, time of capture, unique id (read by ExifRead)."""

import calendar
import io
import logging
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExifFacts:
    """What a file's EXIF says; None where it says nothing usable.

    `taken_us` is the capture time in microseconds since 1970 on the camera's own clock (no time zone).
    """

    camera: str | None = None
    serial: str | None = None
    taken_us: int | None = None
    unique_id: str | None = None


def exif_facts(content: bytes) -> ExifFacts:
    """Read the EXIF of a file's bytes; damaged EXIF gives no facts, never an error."""
    import exifread

    logging.getLogger("exifread").setLevel(logging.CRITICAL)
    try:
        tags = exifread.process_file(io.BytesIO(content), details=False)
    except Exception:  # noqa: BLE001 - the parser meets arbitrary bytes and raises whatever they lead to
        return ExifFacts()

    def text(*names: str) -> str | None:
        for name in names:
            value = str(tags[name]).strip(" \0") if name in tags else ""
            if value and value.strip("0"):
                return value
        return None

    make, model = text("Image Make"), text("Image Model")
    camera = " ".join(part for part in (make, model) if part) or None
    return ExifFacts(
        camera=camera,
        serial=text("EXIF BodySerialNumber", "MakerNote SerialNumber", "Image CameraSerialNumber"),
        taken_us=_microseconds(text("EXIF DateTimeOriginal"), text("EXIF SubSecTimeOriginal")),
        unique_id=text("EXIF ImageUniqueID"),
    )


def _microseconds(moment: str | None, fraction: str | None) -> int | None:
    if moment is None:
        return None
    try:
        parsed = datetime.strptime(moment[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = "".join(c for c in fraction or "" if c.isdigit())[:6]
    return calendar.timegm(parsed.timetuple()) * 1_000_000 + int(digits.ljust(6, "0") or 0)
