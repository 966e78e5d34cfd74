"""Small copies of the pictures that a report shows."""

import hashlib
import io
from pathlib import Path

from PIL import Image, ImageOps

from curate.errors import InputError
from curate.manifest.pictures import Pictures, is_portable

SIDE = 200  # pixels of the longer side


class Thumbnails:
    """Writes each picture once, as `pictures/<digest of its id>.jpg` below the report.

    Attributes:
        written: how many pictures there are by now.
        absent: ids of pictures that could not be shown.
    """

    def __init__(self, folder: Path, pictures: Pictures, places: dict[str, tuple[str, str]]) -> None:
        """Take the report's folder, where pictures lie, and (source, path) by image id."""
        self._folder = folder / "pictures"
        self._pictures = pictures
        self._places = places
        self._known: dict[str, str | None] = {}

    @property
    def written(self) -> int:
        """How many pictures were written."""
        return sum(1 for name in self._known.values() if name)

    @property
    def absent(self) -> list[str]:
        """Ids of pictures that were asked for and could not be shown."""
        return sorted(image for image, name in self._known.items() if not name)

    def link(self, image_id: str) -> str | None:
        """Return the relative link of a picture's small copy, or None where the picture is not at hand."""
        if image_id not in self._known:
            self._known[image_id] = self._write(image_id)
        return self._known[image_id]

    def _write(self, image_id: str) -> str | None:
        source, path = self._places[image_id]
        name = hashlib.sha256(image_id.encode("utf-8")).hexdigest()[:20] + ".jpg"
        try:
            if not is_portable(path):
                return None
            with Image.open(io.BytesIO(self._pictures.read(source, path))) as picture:
                picture.draft("RGB", (2 * SIDE, 2 * SIDE))
                small = ImageOps.exif_transpose(picture).convert("RGB")
                small.thumbnail((SIDE, SIDE))
                self._folder.mkdir(exist_ok=True)
                small.save(self._folder / name, quality=85)
        except (OSError, InputError, ValueError, Image.DecompressionBombError):  # not at hand or broken: the report says so
            return None
        return f"pictures/{name}"
