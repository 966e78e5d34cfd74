"""The flat folder of pictures that isic-cli writes, and what says of each picture in it that it is whole.

`ISIC_….jpg` (or `.png`, `.tif`), `metadata.csv`, `attribution.txt`, `licenses/`, and `fetched.csv`, the state: one row per picture
with its length in bytes, its sha256 and the length that the archive listed for it. A row stands before its picture gets its name,
so a picture without a row is not ours. An unfinished picture is `.isic-partial.<id>`.
"""

import contextlib
import csv
import errno
import fcntl
import hashlib
import io
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from curate.errors import InputError
from curate.sources.web import AGAIN

STATE, METADATA, ATTRIBUTION, LICENSES = "fetched.csv", "metadata.csv", "attribution.txt", "licenses"
PARTIAL = ".isic-partial."
FIRST_COLUMNS = ("isic_id", "attribution", "copyright_license")
ISIC_ID = re.compile(r"ISIC_\d{7,}")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Held:
    """A row of `fetched.csv`: a picture in the folder, its length and the length once listed for it in bytes, its sha256."""

    isic_id: str
    file: str
    bytes: int
    sha256: str
    listed_bytes: int


class Folder:
    """The folder of a fetch, held by one process; build it with `claimed`.

    Attributes:
        path: where it is.
        held: what it holds, by ISIC id.
    """

    def __init__(self, path: Path, state: int) -> None:
        self.path = path
        self.held = read_state(path)
        self._state = state
        self._lock = threading.Lock()

    @classmethod
    @contextlib.contextmanager
    def claimed(cls, path: Path) -> "Iterator[Folder]":
        """Make the folder where it is not there, and hold it until the end.

        Raises:
            InputError: it holds something else, or another process fetches into it.
        """
        path.mkdir(parents=True, exist_ok=True)
        folder = os.open(path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"Another process fetches into {path}.", "Wait for it to end, or name another folder.") from None
            except OSError:
                pass  # a file system without locks
            write_where_other(path / STATE, _state_text(read_state(path).values()))
            state = os.open(path / STATE, os.O_WRONLY | os.O_APPEND)
            try:
                yield cls(path, state)
            finally:
                os.close(state)
        finally:
            os.close(folder)

    def partial(self, isic_id: str) -> Path:
        """Return where a picture lies while it is unfinished."""
        return self.path / f"{PARTIAL}{isic_id}"

    def keep(self, held: Held) -> None:
        """Write the row of a whole picture, then give the picture its name.

        Raises:
            OSError: the disk is full; then neither was done.
        """
        line = _state_text([held]).split("\n", 1)[1].encode()
        with self._lock:
            before = os.fstat(self._state).st_size
            if os.write(self._state, line) < len(line):
                os.ftruncate(self._state, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path / STATE))
            former = self.held.get(held.isic_id)
            self.held[held.isic_id] = held
        self.partial(held.isic_id).replace(self.path / held.file)
        (self.path / f"{PARTIAL}{held.isic_id}.etag").unlink(missing_ok=True)
        if former and former.file != held.file:
            (self.path / former.file).unlink(missing_ok=True)

    def write_tables(self, rows: Mapping[str, Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Write `metadata.csv`, `attribution.txt` and `fetched.csv`, each only where it changes; return the rows of the first.

        Args:
            rows: cells by ISIC id of the pictures that were asked for; rows of other pictures here are kept as they stand.
        """
        for gone in [h.isic_id for h in self.held.values() if h.isic_id not in rows and not (self.path / h.file).is_file()]:
            del self.held[gone]
        others = self.held.keys() - rows.keys()
        table = [*(row for isic_id, row in self._rows_before() if isic_id in others), *rows.values()]
        write_where_other(self.path / METADATA, metadata_text(table))
        write_where_other(self.path / ATTRIBUTION, "\n\n".join(attributions(r.get("attribution", "") for r in table)))
        write_where_other(self.path / STATE, _state_text(self.held.values()))
        return table

    def tidy(self) -> None:
        """Take away what is unfinished."""
        for left in self.path.glob(f"{PARTIAL}*"):
            left.unlink()

    def _rows_before(self) -> Iterator[tuple[str, dict[str, str]]]:
        if (self.path / METADATA).is_file():
            with (self.path / METADATA).open(encoding="utf-8", newline="") as handle:
                yield from ((row["isic_id"], filled(row)) for row in csv.DictReader(handle) if row.get("isic_id"))


def read_state(out: Path) -> dict[str, Held]:
    """Return what `fetched.csv` says of a folder, by ISIC id; the last row of an id counts.

    Raises:
        InputError: the folder is not one, or holds what no fetch has put there. Hidden files do not matter.
    """
    if not out.exists():
        return {}
    if not out.is_dir():
        raise InputError(f"{out} is no folder.", "Name a new folder with --out.")
    names = {p.name for p in out.iterdir() if not p.name.startswith(".")}
    held: dict[str, Held] = {}
    if STATE in names:
        columns = [f.name for f in fields(Held)]
        with (out / STATE).open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            if reader.fieldnames != columns:
                raise InputError(f"{out / STATE} has not the columns {','.join(columns)}.", "Name a new folder with --out.")
            for row in reader:  # a row that was cut off is not one
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    one = Held(row["isic_id"], row["file"], int(row["bytes"]), row["sha256"], int(row["listed_bytes"]))
                    if ISIC_ID.fullmatch(one.isic_id) and PurePosixPath(one.file).stem == one.isic_id and len(one.sha256) == 64:
                        held[one.isic_id] = one
        names -= {STATE, METADATA, ATTRIBUTION, LICENSES}
    names -= {h.file for h in held.values()}
    if names:
        some = ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise InputError(f"{out} holds what no fetch has put there: {some}.", "Name a new folder with --out, or move these away.")
    return held


def intact(held: Held, file: Path) -> bool:
    """Say whether a file is byte for byte what a row says."""
    if not file.is_file() or file.stat().st_size != held.bytes:
        return False
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == held.sha256


def metadata_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Return `metadata.csv`: id, attribution and licence, then the other filled fields by name; one line per picture, by id."""
    ordered = sorted(rows, key=lambda r: r["isic_id"])
    used = {name for row in ordered for name in row} - set(FIRST_COLUMNS)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*FIRST_COLUMNS, *sorted(used)], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered)
    return text.getvalue()


def attributions(given: Iterable[str]) -> list[str]:
    """Return who is to be named: by falling number of pictures, then by name, those without a name at the end."""
    counted = Counter(name for name in given if name)
    return sorted(counted, key=lambda name: (name == "Anonymous", -counted[name], name))


def write_where_other(file: Path, text: str) -> None:
    """Give a file this content in one step, unless it has it."""
    content = text.encode()
    if file.is_file() and file.read_bytes() == content:
        return
    beside = file.with_name(f"{PARTIAL}{file.name}")
    beside.write_bytes(content)
    beside.replace(file)


@contextlib.contextmanager
def full_disk_told(out: Path) -> Iterator[None]:
    """Turn a full disk into words.

    Raises:
        InputError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise InputError(f"The disk of {out} is full.", f"Make room. {AGAIN}") from error


def filled(cells: Mapping[Any, Any]) -> dict[str, str]:
    """Return the filled cells as text; names and values that come again are stored once."""
    return {sys.intern(str(k)): sys.intern(str(v)) for k, v in cells.items() if k and v is not None and v != ""}


def _state_text(held: Iterable[Held]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(f.name for f in fields(Held))
    writer.writerows([h.isic_id, h.file, h.bytes, h.sha256, h.listed_bytes] for h in sorted(held, key=lambda h: h.isic_id))
    return text.getvalue()
