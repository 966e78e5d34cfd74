"""Changing frozen manifests as somebody would who also repairs the checksums."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.manifest.about.files import about_files

Rows = list[dict[str, Any]]


def copy_of(frozen: Path, out: Path) -> Path:
    folder = out / frozen.name
    shutil.copytree(frozen, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def change_rows(folder: Path, name: str, change: Callable[[Rows], Any]) -> None:
    path = folder / name
    table = pq.ParquetFile(path).read()
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    repair_sums(folder)


def change_json(folder: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    change(content)
    (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    repair_sums(folder)


def repair_about(folder: Path) -> None:
    """Write what the folder says of itself anew, as its tables and manifest.json have it now."""
    info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    images, edges = (pq.ParquetFile(folder / f"{stem}.parquet").read() for stem in ("images", "edges"))
    digests = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in ("images.parquet", "edges.parquet")}
    shutil.rmtree(folder / "licenses", ignore_errors=True)
    (folder / "licenses").mkdir()
    for name, content in about_files(info, images, edges.schema, digests, text=(folder / "images.csv").exists()).items():
        (folder / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    repair_sums(folder)


def repair_sums(folder: Path) -> None:
    unnamed = {"SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.minisig"}
    files = [p for p in folder.rglob("*") if p.is_file()]
    names = sorted({p.relative_to(folder).as_posix() for p in files} - unnamed)
    text = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / "SHA256SUMS").write_text(text, encoding="utf-8")
