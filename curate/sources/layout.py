"""Which file of a folder is what: every file seen gets exactly one role, with a reason where it is not used."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from curate.errors import InputError
from curate.files import Found, listing
from curate.sources.declaration import Declaration, Pattern, RelationSpec, SideCarSpec, TableSpec

P = TypeVar("P", bound=Pattern)
Role = Literal["image", "table", "side_car", "rejected", "ignored"]
ARCHIVE_SUFFIX = re.compile(r"\.(?:zip|tar|tar\.gz|tgz|tar\.bz2|tar\.xz)/", re.IGNORECASE)
SYSTEM_FILES = {"thumbs.db", "desktop.ini", ".ds_store"}
UNFINISHED = (".part", ".crdownload", ".partial", ".download", ".tmp")


@dataclass
class Layout:
    """All files of a folder by role; `images` by native id with the groups of the pattern that named them."""

    images: dict[str, tuple[Found, dict[str, str]]] = field(default_factory=dict)
    tables: list[tuple[Found, TableSpec]] = field(default_factory=list)
    relations: list[tuple[Found, RelationSpec]] = field(default_factory=list)
    side_cars: list[tuple[Found, SideCarSpec, dict[str, str]]] = field(default_factory=list)
    rejected: list[tuple[Found, str]] = field(default_factory=list)
    ignored: list[tuple[Found, str]] = field(default_factory=list)

    def files(self) -> Iterator[tuple[Found, Role, str | None]]:
        """Yield every file once with its role and, where it is not used, the reason."""
        yield from ((file, "image", None) for file, _ in self.images.values())
        tables = {file.path: file for file, _ in (*self.tables, *self.relations)}
        yield from ((file, "table", None) for file in tables.values())
        yield from ((file, "side_car", None) for file, _, _ in self.side_cars)
        yield from ((file, "rejected", reason) for file, reason in self.rejected)
        yield from ((file, "ignored", reason) for file, reason in self.ignored)


def walk(folder: Path) -> list[Found]:
    """Return all files below a folder, and the members of archives in place of the archives, sorted by path.

    Raises:
        InputError: the folder is missing or a part of it cannot be listed.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Give the folder into which the repository was unpacked.")
    try:
        return sorted(listing(folder))
    except OSError as error:
        raise InputError(f"The folder {error.filename} cannot be listed: {error.strerror}.", "Check its rights.") from error


def arrange(declaration: Declaration, found: list[Found], *, metadata_only: bool = False) -> Layout:
    """Give every file its role.

    A picture is rejected when it is empty or leads out of the folder, when its id is taken by an earlier path, or when its path
    differs from another only by letter case (such a pair cannot lie side by side on every system that reads the manifest).
    """
    layout = Layout()
    ids: dict[str, str] = {}
    folded: dict[str, str] = {}
    for file in found:
        path = ARCHIVE_SUFFIX.sub("/", file.path)  # an archive is like the folder that it unpacks to
        if reason := _ignored(declaration, path):
            layout.ignored.append((file, reason))
        elif _is_told(declaration, layout, file, path):
            continue
        elif file.trouble:
            layout.rejected.append((file, file.trouble))
        elif (image := _first(declaration.images, path)) is None:
            layout.ignored.append((file, "no part of the layout of this source"))
        elif metadata_only:
            layout.ignored.append((file, "a picture, and only metadata was asked for"))
        else:
            native_id = unicodedata.normalize("NFC", image[1]["native_id"])
            if reason := _rejected(file, native_id, ids, folded):
                layout.rejected.append((file, reason))
            else:
                layout.images[native_id] = (file, image[1] | {"native_id": native_id})
    return layout


def _is_told(declaration: Declaration, layout: Layout, file: Found, path: str) -> bool:
    """Take a table, a list of pairs or a side-car into the layout; say whether the file is one."""
    tables = [t for t in declaration.tables if t.match(path) is not None][:1]
    relations = [r for r in declaration.relations if r.match(path) is not None]
    side_car = None if tables or relations else _first(declaration.side_cars, path)
    if not (tables or relations or side_car):
        return False
    if file.trouble:
        layout.rejected.append((file, file.trouble))
        return True
    layout.tables += [(file, t) for t in tables]
    layout.relations += [(file, r) for r in relations]
    if side_car:
        layout.side_cars.append((file, *side_car))
    return True


def _rejected(file: Found, native_id: str, ids: dict[str, str], folded: dict[str, str]) -> str | None:
    if file.bytes == 0:
        return "empty file"
    if (other := folded.setdefault(file.path.casefold(), file.path)) != file.path:
        return f"path differs from {other} by letter case only"
    if (other := ids.setdefault(native_id.casefold(), file.path)) != file.path:
        return f"same image id as {other}"
    return None


def _ignored(declaration: Declaration, path: str) -> str | None:
    name = path.rsplit("/", 1)[-1]
    if reason := next((p.reason for p in declaration.ignore if p.match(path) is not None), None):
        return reason
    if name.casefold().endswith(UNFINISHED):
        return "unfinished download"
    if name.casefold() in SYSTEM_FILES or name.startswith(".") or "__MACOSX/" in f"{path}/":
        return "file of the operating system"
    return None


def _first(patterns: list[P], path: str) -> tuple[P, dict[str, str]] | None:
    for pattern in patterns:
        if (groups := pattern.match(path)) is not None:
            return pattern, groups
    return None
