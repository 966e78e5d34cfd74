"""What lies in the folder of a manifest: the names of its files, and which of them SHA256SUMS does not name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIGNATURES = ("SHA256SUMS.minisig", "SHA256SUMS.sig")  # made of SHA256SUMS, so that it cannot name them
UNNAMED = ("SHA256SUMS", *SIGNATURES)
FIRST_VERSION = "1.0.0"


def names_below(folder: Path) -> list[str]:
    """Return the names of all that lies below a folder, sorted, with forward slashes.

    A folder is named only where it is empty, is a link, or cannot be read: then it is something that no manifest has.
    """
    return sorted(_names(folder, ""))


def _names(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield name
                continue
            try:
                inside = list(_names(Path(entry.path), f"{name}/"))
            except OSError:
                inside = []
            yield from inside or [name]


def to_be_named(folder: Path) -> list[str]:
    """Return the names of all that SHA256SUMS has to name, sorted: all but itself and its signatures."""
    return [name for name in names_below(folder) if name not in UNNAMED or not (folder / name).is_file()]


def version_of(info: dict[str, Any]) -> str:
    """Return the version that a `manifest.json` states; the first where it states none."""
    return str(info.get("version") or FIRST_VERSION)


def minor_of(info: dict[str, Any]) -> int:
    """Return the second number of the schema's version: 0 for 1.0; what cannot be read counts as the first."""
    minor = str(info.get("schema_version")).partition(".")[2]
    return int(minor) if minor.isdecimal() and minor.isascii() else 0
