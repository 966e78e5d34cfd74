"""A quick look at a frozen manifest: counts and sizes, for a folder that was just copied or that somebody is about to read.

It finds what is missing, cut off or of another size. It does not find a changed byte in a large table, nor a manifest that is
wrong as it was frozen: that is `curate.manifest.verify`, and the look says so.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.manifest.frozen import Json, Rows
from curate.manifest.pictures import Pictures
from curate.manifest.read import require_manifest
from curate.manifest.schema import FILES, SUMS
from curate.manifest.verify import MISTYPED, SUM_LINE, Proof, require_schema

SMALL = 1 << 20  # bytes up to which a file is hashed here


def look(folder: Path, pictures: Pictures | None = None, *, expected_digest: str | None = None) -> Proof:
    """Look whether the files of a manifest are there, have the sizes that they say, and count what they should.

    Args:
        folder: the manifest.
        pictures: where the pictures lie; they are looked for, their sizes compared with the frozen ones, and none is read.
        expected_digest: the digest that was published; another one is a violation.

    Returns:
        A proof of the little that was checked; the rest is in `not_checked`.

    Raises:
        InputError: there is no manifest in the folder, or it is of a schema that this version does not read.
    """
    require_manifest(folder)
    sums = (folder / SUMS).read_bytes() if (folder / SUMS).is_file() else None
    digest = None if sums is None else hashlib.sha256(sums).hexdigest()
    proof = Proof(manifest=folder.name, digest=digest)
    wrong, unread = _files(folder, (sums or b"").decode("utf-8", errors="replace"))
    if expected_digest is not None and digest != expected_digest.lower():
        wrong.append(f"{SUMS}: the manifest's digest is {digest}, not {expected_digest}")
    proof.add(9, "files are there, small ones with the digest that SHA256SUMS names", wrong)
    try:
        info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if not wrong:
            proof.not_checked += require_schema(folder, info)
        rows = {name: _rows(folder / name) for name in ("images.parquet", "edges.parquet")}
        proof.images, proof.edges = rows["images.parquet"], rows["edges.parquet"]
        proof.add(5, "tables have as many rows as manifest.json counts", _miscounted(info, rows))
        if pictures is not None:
            _pictures(proof, folder, pictures)
    except (OSError, *MISTYPED) as error:
        proof.add(0, "files can be read", [f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"])
    if unread:
        proof.not_checked.append(f"the bytes of {', '.join(unread)}: larger than {SMALL >> 20} MiB")
    proof.not_checked += ["the bytes of pictures", "every other invariant: leave --quick out"]
    return proof


def _files(folder: Path, sums: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with the files of a folder, and the names of those that were not read."""
    named = {found[2]: found[1] for line in sums.splitlines() if (found := SUM_LINE.fullmatch(line))}
    wrong = [f"{name}: not named in {SUMS}" for name in FILES if name not in named]
    unread = []
    for name, digest in named.items():
        file = folder / name
        if not file.is_file():
            wrong.append(f"{name}: named in {SUMS} and missing")
        elif file.stat().st_size > SMALL:
            unread.append(name)
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            wrong.append(f"{name}: its bytes are not those that {SUMS} names")
    return wrong, unread


def _rows(path: Path) -> int:
    """Return the number of rows that the footer of a table states."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _miscounted(info: Json, rows: dict[str, int]) -> Iterator[str]:
    counts: dict[str, Any] = info["counts"]
    for name, what, stated in (
        ("images.parquet", "images", counts["images"]),
        ("images.parquet", "images in its splits", sum(counts["splits"].values())),
        ("images.parquet", "images in its sources", sum(source["images"] for source in info["sources"])),
        ("edges.parquet", "edges", sum(counts["edges"].values())),
    ):
        if stated != rows[name]:
            yield f"{name} has {rows[name]} rows, and manifest.json counts {stated} {what}"


def _pictures(proof: Proof, folder: Path, pictures: Pictures) -> None:
    import pyarrow.parquet as pq

    columns = ("image_id", "source", "path", "bytes")
    images = Rows(pq.ParquetFile(folder / "images.parquet").read(list(columns)))
    if missing := pictures.missing(images.counted("source")):
        proof.not_checked.append(f"the pictures of {', '.join(missing)}: give --images {missing[0]}=FOLDER")
    if rows := [row for row in images.each(*columns) if row[1] in pictures.folders]:
        proof.add(9, "pictures are there, with the sizes that were frozen", pictures.resized(rows))
