"""Reading the tables and side-cars that publishers ship: delimited text, Excel, JSON, JSON lines, Parquet; all values as text."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from curate.errors import InputError

Row = dict[str, str]
TEXT = (".csv", ".tsv", ".tab", ".txt", "")
SEARCHED_ROWS = 40  # of a spreadsheet, for its line of column names
LISTED_LINES = 20


@dataclass
class Table:
    """A table as it was read.

    Attributes:
        rows: (line, row) of each row; values are text without blanks around it.
        trouble: what is wrong with lines, by what it is: the lines. Such lines are not in `rows`.
        notes: what was read in another way than expected, for people.
    """

    rows: list[tuple[int, Row]] = field(default_factory=list)
    trouble: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def reject(self, what: str, line: int) -> None:
        """Note a line that cannot be used."""
        self.trouble.setdefault(what, []).append(line)


def folded(name: str) -> str:
    """Return a column's name in lower case, with single blanks; the names of spreadsheets carry line ends and stray case."""
    return re.sub(r"\s+", " ", name).strip().casefold()


def read_table(
    content: bytes,
    where: str,
    required: Iterable[str] = (),
    known: Iterable[str] = (),
    *,
    header: Iterable[str] = (),
    blanks: bool = False,
) -> Table:
    """Read a table.

    Args:
        content: the file's bytes; `.gz` is unpacked.
        where: its path, for messages and for its form, which the suffix tells (none: comma-separated text).
        required: columns without which it is refused.
        known: names of columns as they are to be written, whatever the table's letter case.
        header: names of the columns of a table that has no line of them.
        blanks: whether runs of blanks separate values.

    Raises:
        InputError: the file is no table of its form, or lacks a required column; the nearest name is told.
    """
    name = where.lower()
    if name.endswith(".gz"):
        try:
            content, name = gzip.decompress(content), name.removesuffix(".gz")
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{where} cannot be unpacked: {error}.", "Download it again.") from error
    suffix = re.sub(r"^.*?(\.[a-z0-9]+)?$", r"\1", name.rsplit("/", 1)[-1])
    table = Table()
    names, lines = _lines(content, suffix, where, table, list(required), list(header), blanks=blanks)
    spelled = {folded(k): k for k in (*known, *required)}
    columns = [spelled.get(folded(n), n.strip()) for n in names]
    if missing := [r for r in required if r not in columns]:
        near = get_close_matches(folded(missing[0]), [folded(c) for c in columns], n=1)
        raise InputError(
            f"{where} has no column {missing[0]!r}; it has {', '.join(c for c in columns if c) or 'no header'}.",
            (f"Was {near[0]!r} renamed? " if near else "")
            + "Is it the publisher's table of the release that is read here, unchanged?",
        )
    formulas: list[int] = []
    for line, values in lines:
        if len(values) != len(columns):
            table.reject(f"{len(values)} values under {len(columns)} column names", line)
            continue
        row = {c: v.strip() for c, v in zip(columns, values, strict=True) if c}
        if wrong := [c for c, v in row.items() if v.startswith("=")]:
            formulas.append(line)
            row |= dict.fromkeys(wrong, "")
        table.rows.append((line, row))
    if formulas:
        table.notes.append(f"formulas in place of values in lines {_listed(formulas)}; read as blank")
    return table


def _lines(
    content: bytes, suffix: str, where: str, table: Table, required: list[str], header: list[str], *, blanks: bool
) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    if suffix in (".xlsx", ".xlsm"):
        return _sheet(content, where, required)
    if suffix in (".parquet", ".pq"):
        return _records(_parquet(content, where))
    if suffix in (".json", ".jsonl", ".ndjson"):
        return _records(_json_rows(content, where, lines=suffix != ".json"))
    if suffix not in TEXT:
        raise InputError(
            f"{where} is no table of a known form ({suffix}).",
            f"Known are {', '.join(t for t in TEXT if t)}, .xlsx, .json(l), .parquet.",
        )
    return _delimited(_decoded(content, where, table), suffix, where, header, blanks=blanks)


def _decoded(content: bytes, where: str, table: Table) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide or b"\0" in content:
            raise InputError(
                f"{where} is not text (byte {error.start}).", "Is it the table, or another file under its name?"
            ) from error
        table.notes.append("not UTF-8; read as Windows-1252")
        return content.decode("cp1252", errors="replace")


def _delimited(
    text: str, suffix: str, where: str, header: list[str], *, blanks: bool
) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    if text.lstrip()[:15].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise InputError(f"{where} is a web page, no table.", "Download the table again; a login may be needed.")
    if blanks:
        split = [(n, line.split()) for n, line in enumerate(text.splitlines(), start=1) if line.split()]
        return (header, split) if header else (split[0][1] if split else [], split[1:])
    first = text.partition("\n")[0]
    delimiter = "\t" if suffix in (".tsv", ".tab") else max(",;\t|", key=first.count) if not header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    def lines() -> Iterator[tuple[int, list[str]]]:
        try:
            for values in reader:
                if values:
                    yield reader.line_num, values
        except csv.Error as error:
            raise InputError(f"{where}, line {reader.line_num}: {error}.", "Unpack the publisher's file again.") from error

    rest = lines()
    names = header or next(rest, (0, []))[1]
    return names, rest


def _sheet(content: bytes, where: str, required: list[str]) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    """Read a spreadsheet's first sheet; its column names are the first line with all required ones, or the first filled."""
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        cells = [[_cell_text(c) for c in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, IndexError) as error:
        raise InputError(f"{where} is no Excel workbook: {error}.", "Save it anew as .xlsx or .csv.") from error
    wanted = {folded(r) for r in required}
    filled = [n for n, row in enumerate(cells[:SEARCHED_ROWS]) if any(row)]
    named = [n for n in filled if wanted and wanted <= {folded(c) for c in cells[n]}]
    if not filled:
        return [], []
    start = (named or filled)[0]
    width = max(n for n, c in enumerate(cells[start]) if c) + 1
    rows = ((n + 1, (row + [""] * width)[:width]) for n, row in enumerate(cells) if n > start and any(row[:width]))
    return cells[start][:width], rows


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _parquet(content: bytes, where: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
    except (OSError, ValueError) as error:
        raise InputError(f"{where} is no Parquet file: {str(error).splitlines()[0]}.", "Download it again.") from error
    return rows


def _json_rows(content: bytes, where: str, *, lines: bool) -> list[dict[str, Any]]:
    try:
        if lines:
            rows = [json.loads(line) for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        else:
            loaded = json.loads(content.decode("utf-8-sig"))
            rows = loaded if isinstance(loaded, list) else list(loaded.values())
    except (ValueError, AttributeError) as error:
        raise InputError(f"{where} is not JSON: {error}.", "Download it again.") from error
    if wrong := [n for n, row in enumerate(rows, start=1) if not isinstance(row, dict)]:
        raise InputError(f"{where}: record {wrong[0]} is no JSON object.", "Download it again.")
    return rows


def _records(records: list[dict[str, Any]]) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    names: dict[str, None] = {}
    flat: list[Row] = []
    for record in records:
        row: Row = {}
        flatten("", record, row)
        flat.append(row)
        names.update(dict.fromkeys(row))
    columns = list(names)
    return columns, ((n, [row.get(c, "") for c in columns]) for n, row in enumerate(flat, start=1))


def read_side_car(content: bytes, where: str, *, many: bool = False) -> Iterator[Row]:
    """Yield the records of a JSON file, nested names joined by dots, lists left out; `.gz` is unpacked.

    Args:
        content: the file's bytes.
        where: its path.
        many: whether it holds a list of records, or an object with records as its values, in place of one record.

    Raises:
        InputError: the file is not JSON, or a record is no object.
    """
    try:
        loaded = json.loads(gzip.decompress(content) if where.lower().endswith(".gz") else content)
    except (ValueError, EOFError, OSError, zlib.error) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise InputError(f"{where} is not JSON: {error}.", "Download it again, or take it and its picture out.") from error
    records = (loaded.values() if isinstance(loaded, dict) else loaded) if many else [loaded]
    for number, record in enumerate(records if isinstance(records, list) else list(records), start=1):
        if not isinstance(record, dict):
            raise InputError(f"{where}: record {number} is no JSON object.", "Download it again, or take it and its picture out.")
        row: Row = {}
        flatten("", record, row)
        yield row


def flatten(prefix: str, value: Any, row: Row) -> None:
    """Put a JSON value's leaves into a row under their dotted names; None is blank, lists are left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            flatten(f"{prefix}.{name}" if prefix else str(name), inner, row)
    elif not isinstance(value, list):
        row[prefix] = "" if value is None else str(value).strip()


def _listed(lines: list[int]) -> str:
    return ", ".join(map(str, lines[:LISTED_LINES])) + (
        f" and {len(lines) - LISTED_LINES} more" if len(lines) > LISTED_LINES else ""
    )
