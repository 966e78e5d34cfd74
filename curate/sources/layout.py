"""Which file of a folder is what: every file seen gets exactly one role, with a reason where it is not used."""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from curate.errors import InputError
from curate.sources.declaration import Declaration, SideCarSpec, TableSpec

Role = Literal["image", "table", "side_car", "rejected", "ignored"]
SYSTEM_FILES = {"thumbs.db", "desktop.ini", ".ds_store"}


@dataclass(frozen=True)
class File:
    """A file below the source's folder; `path` has forward slashes."""

    path: str
    bytes: int
    mtime_ns: int


@dataclass
class Layout:
    """All files of a folder by role; `images` by native id with the groups of the pattern that named them."""

    images: dict[str, tuple[File, dict[str, str]]] = field(default_factory=dict)
    tables: list[tuple[File, TableSpec]] = field(default_factory=list)
    side_cars: list[tuple[File, SideCarSpec, dict[str, str]]] = field(default_factory=list)
    rejected: list[tuple[File, str]] = field(default_factory=list)
    ignored: list[tuple[File, str]] = field(default_factory=list)

    def files(self) -> Iterator[tuple[File, Role, str | None]]:
        """Yield every file with its role and, where it is not used, the reason."""
        yield from ((file, "image", None) for file, _ in self.images.values())
        yield from ((file, "table", None) for file, _ in self.tables)
        yield from ((file, "side_car", None) for file, _, _ in self.side_cars)
        yield from ((file, "rejected", reason) for file, reason in self.rejected)
        yield from ((file, "ignored", reason) for file, reason in self.ignored)


def walk(folder: Path) -> list[File]:
    """Return all files below a folder, sorted by path; links to folders are not followed.

    Raises:
        InputError: the folder is missing or a part of it cannot be listed.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Give the folder into which the repository was unpacked.")
    found: list[File] = []

    def refuse(error: OSError) -> None:
        raise InputError(f"The folder {error.filename} cannot be listed: {error.strerror}.") from error

    for root, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            path = Path(root, name)
            try:
                stat = path.stat()
            except OSError:  # a link to nowhere is still a file that was seen
                stat = path.lstat()
            found.append(File(path.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns))
    return sorted(found, key=lambda file: file.path)


def arrange(declaration: Declaration, found: list[File]) -> Layout:
    """Give every file its role.

    A picture is rejected when it is empty, when its id is taken by an earlier path, or when its path differs from another
    only by letter case (such a pair cannot lie side by side on every system that reads the manifest).
    """
    layout = Layout()
    ids: dict[str, str] = {}
    folded: dict[str, str] = {}
    for file in found:
        if reason := _ignored(declaration, file.path):
            layout.ignored.append((file, reason))
        elif table := next((t for t in declaration.tables if t.match(file.path) is not None), None):
            layout.tables.append((file, table))
        elif (pair := _side_car(declaration, file.path)) is not None:
            layout.side_cars.append((file, *pair))
        elif (groups := _image(declaration, file.path)) is None:
            layout.ignored.append((file, "no part of the layout of this source"))
        else:
            native_id = unicodedata.normalize("NFC", groups["native_id"])
            if file.bytes == 0:
                layout.rejected.append((file, "empty file"))
            elif (other := folded.setdefault(file.path.casefold(), file.path)) != file.path:
                layout.rejected.append((file, f"path differs from {other} by letter case only"))
            elif (other := ids.setdefault(native_id.casefold(), file.path)) != file.path:
                layout.rejected.append((file, f"same image id as {other}"))
            else:
                layout.images[native_id] = (file, groups | {"native_id": native_id})
    return layout


def _ignored(declaration: Declaration, path: str) -> str | None:
    name = path.rsplit("/", 1)[-1]
    if name.casefold() in SYSTEM_FILES or name.startswith("."):
        return "file of the operating system"
    return next((p.reason for p in declaration.ignore if p.match(path) is not None), None)


def _side_car(declaration: Declaration, path: str) -> tuple[SideCarSpec, dict[str, str]] | None:
    for spec in declaration.side_cars:
        if (groups := spec.match(path)) is not None:
            return spec, groups
    return None


def _image(declaration: Declaration, path: str) -> dict[str, str] | None:
    for pattern in declaration.images:
        if (groups := pattern.match(path)) is not None:
            return groups
    return None
