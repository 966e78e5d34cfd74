"""What a format of export is: a function that writes rows and pictures into a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from curate.manifest.export.shelf import Shelf
from curate.manifest.read import Manifest


class Item(NamedTuple):
    """One image that goes out.

    Attributes:
        row: its row of images.parquet.
        name: what its file is called, without suffix (`curate.manifest.export.names`).
        label: the position of its training class in classes.json.
    """

    row: dict[str, Any]
    name: str
    label: int

    @property
    def image_id(self) -> str:
        """The id of the image."""
        return str(self.row["image_id"])

    @property
    def split(self) -> str:
        """Where it stands: train, validation or test."""
        return str(self.row["split"])


@dataclass(frozen=True)
class Export:
    """What a format has to write.

    Attributes:
        manifest: where the rows are from.
        splits: those that go out, in the order train, validation, test.
        items: their images, sorted by image id.
        folder: where to write; empty at first, given to the reader only when all is written.
        shelf: gives the pictures, checked and without metadata.
    """

    manifest: Manifest
    splits: Sequence[str]
    items: Sequence[Item]
    folder: Path
    shelf: Shelf

    @property
    def classes(self) -> list[dict[str, Any]]:
        """The training classes; a label is a position in this list."""
        return list(self.manifest.classes["training_classes"])

    def of(self, split: str) -> list[Item]:
        """Return the images of a split, sorted by the names of their files: an order that has nothing to do with labels."""
        return sorted((item for item in self.items if item.split == split), key=lambda item: item.name)


class Format(NamedTuple):
    """A format.

    Attributes:
        reader: what reads it.
        how: how it is read, for the README: Markdown.
        write: writes it and returns the place of each picture below the folder by image id (`archive.tar/member` for a member).
        has_pictures: whether pictures go out.
        may_link: whether a picture can be a link to its file.
        front: what stands above the README.
    """

    reader: str
    how: str
    write: Callable[[Export], dict[str, str]]
    has_pictures: bool = True
    may_link: bool = False
    front: Callable[[Export], str] = lambda _: ""
