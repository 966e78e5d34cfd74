"""Where an export takes its pictures from: checked against the manifest, without metadata, as files or as links."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.export.bare import Bare, bare
from curate.manifest.pictures import Pictures

if TYPE_CHECKING:
    from curate.manifest.export.interface import Item

Progress = Callable[[int, int], None]


class Shelf:
    """Gives the pictures of an export, each of them once.

    Attributes:
        counts: pictures by what became of them: `as_is`, `stripped`, `decoded`, and of these `linked`.
    """

    def __init__(self, pictures: Pictures, total: int, progress: Progress, *, link: bool) -> None:
        """Take where the pictures lie, how many will be asked for, whom to tell, and whether files may be links."""
        self._pictures = pictures
        self._total = total
        self._progress = progress
        self._link = link
        self._done = 0
        self.counts: Counter[str] = Counter()

    def take(self, item: "Item") -> Bare:
        """Return a picture without metadata.

        Raises:
            BrokenInvariantError: its file is not the one that was frozen.
            InputError: its file went away, or cannot be decoded here.
        """
        from curate.fingerprints.picture import UnreadablePictureError

        source, path = item.row["source"], item.row["path"]
        try:
            content = self._pictures.read(source, path)
        except OSError as error:
            raise InputError(
                f"{item.image_id}: {path} cannot be read ({error.strerror or error}).", "Nothing was exported."
            ) from error
        if (found := hashlib.sha256(content).hexdigest()) != item.row["sha256"]:
            raise BrokenInvariantError(
                f"{item.image_id}: {self._pictures.folders[source] / path} is not the picture that was frozen "
                f"(sha256 {found[:12]}…, frozen {item.row['sha256'][:12]}…).",
                "Nothing was exported. Restore the file, or freeze a new manifest.",
            )
        try:
            picture = bare(content)
        except UnreadablePictureError as error:
            raise InputError(
                f"{item.image_id}: {path} cannot be decoded here ({error}).", "Nothing was exported. Another version of Pillow may."
            ) from error
        self.counts[picture.how] += 1
        self._done += 1
        self._progress(self._done, self._total)
        return picture

    def place(self, item: "Item", folder: Path) -> str:
        """Write a picture into a folder, or link it where links are wanted and its file has no metadata; return its name."""
        picture = self.take(item)
        name = item.name + picture.suffix
        file = self._pictures.folders[item.row["source"]] / item.row["path"]
        if self._link and picture.how == "as_is" and file.is_file():
            _link(file.resolve(), folder / name)
            self.counts["linked"] += 1
        else:
            (folder / name).write_bytes(picture.content)
        return name


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # another file system, or one without hard links
        name.symlink_to(file)
