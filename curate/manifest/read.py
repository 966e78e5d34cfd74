"""Reading a frozen manifest."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.folder import minor_of
from curate.manifest.schema import EDGES, FILES, IMAGES, SCHEMA_NAME, SCHEMA_VERSION, SUMS, with_later_columns

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Manifest:
    """A frozen manifest in memory.

    Attributes:
        folder: where it lies.
        digest: sha256 of its SHA256SUMS, which names every other file.
        info, classes: `manifest.json` and `classes.json`.
        images, edges: the two tables, columns as in `curate.manifest.schema`; what an older schema lacks is null.
        lacking: the columns of these that images.parquet itself has not.
    """

    folder: Path
    digest: str
    info: dict[str, Any]
    classes: dict[str, Any]
    images: "pa.Table"
    edges: "pa.Table"
    lacking: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The names of the columns that images.parquet itself has."""
        return [name for name in self.images.column_names if name not in self.lacking]


def load(folder: Path) -> Manifest:
    """Read a manifest. Nothing is verified here but that the files are there and of a form that this version knows.

    Raises:
        InputError: there is no manifest in the folder, or it is of a newer schema.
        BrokenInvariantError: a file is missing or cannot be read.
    """
    require_manifest(folder)
    import pyarrow.parquet as pq

    if missing := [name for name in (*FILES, SUMS) if not (folder / name).is_file()]:
        raise BrokenInvariantError(f"{folder}: {missing[0]} is missing.", "`curate verify` lists all that is wrong.")
    try:
        info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
        images = pq.ParquetFile(folder / "images.parquet").read()
        edges = pq.ParquetFile(folder / "edges.parquet").read()
        schema_name, schema_version = info["schema"], str(info["schema_version"])
    except (OSError, ValueError, KeyError, TypeError) as error:  # ArrowInvalid is a ValueError
        raise BrokenInvariantError(f"{folder} cannot be read: {error}.", "`curate verify` lists all that is wrong.") from error
    if schema_name != SCHEMA_NAME or schema_version.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".")[0]:
        raise InputError(
            f"{folder} is of schema {schema_name} {schema_version}; this version reads {SCHEMA_NAME} {SCHEMA_VERSION}.",
            "Install the dermcurate that made it, or a newer one.",
        )
    own = images.column_names
    if minor_of(info) < 1:
        images = with_later_columns(images, IMAGES)
    lacking = tuple(name for name in images.column_names if name not in own)
    for table, schema, name in ((images, IMAGES, "images.parquet"), (edges, EDGES, "edges.parquet")):
        if absent := sorted(set(schema.names) - set(table.column_names)):
            raise BrokenInvariantError(f"{folder / name} lacks the column {absent[0]}.", "`curate verify` lists all that is wrong.")
    digest = hashlib.sha256((folder / SUMS).read_bytes()).hexdigest()
    return Manifest(folder, digest, info, classes, images, edges, lacking)


def require_manifest(folder: Path) -> None:
    """Raise InputError where a folder holds no manifest at all."""
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Name the folder of a frozen manifest.")
    if not any((folder / name).exists() for name in (*FILES, SUMS)):
        raise InputError(f"{folder} holds no manifest.", f"A manifest has {', '.join(FILES)} and {SUMS}.")


def said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, as its reader's `object_pairs_hook`.

    Raises:
        ValueError: it says a name twice, and programs differ in which they believe.
    """
    if len(content := dict(pairs)) < len(pairs):
        raise ValueError("an object says a name twice")
    return content


def sources_of(folder: Path) -> list[str]:
    """Return the source ids of a manifest's images; none where the table cannot be read (verification says why).

    Raises:
        InputError: there is no manifest in the folder.
    """
    require_manifest(folder)
    import pyarrow.parquet as pq

    try:
        return sorted(set(pq.ParquetFile(folder / "images.parquet").read(["source"]).column("source").to_pylist()))
    except (OSError, ValueError, KeyError):  # a damaged file: verify names it
        return []
