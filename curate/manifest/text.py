"""The text form of a manifest: `images.csv` and `edges.csv`, which say what the parquet tables say and outlive every library.

One row of a table is one line, whatever it holds, and one value has one form only, so that two tables are the same where
their bytes are. schemas/manifest/README.md says how a cell is written.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.manifest.schema import EDGES, IMAGES, SINCE_1_1, TEXT_FILES

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = {"images": IMAGES, "edges": EDGES}
BATCH = 65_536  # rows in memory at once
NOT_PLAIN = re.compile(r'\A\Z|\A"|[\x00-\x1f]')  # what a string cell cannot say as it stands
SHOWN = 60  # characters of a value in a message


def text_lines(table: "pa.Table") -> Iterator[str]:
    """Yield the lines of a table's text form, the names of the columns first, each with its line end."""
    yield ",".join(table.column_names) + "\n"
    writers = [_writer(field.type) for field in table.schema]
    for batch in table.to_batches(max_chunksize=BATCH):
        columns = [
            ["" if value is None else write(value) for value in column.to_pylist()]
            for write, column in zip(writers, batch.columns, strict=True)
        ]
        yield from (",".join(map(_quoted, cells)) + "\n" for cells in zip(*columns, strict=True))


def text_differences(folder: Path) -> Iterator[str]:
    """Yield where the text form of a manifest says something else than its parquet tables, by row and column.

    Nothing is yielded where there is no text form. Rows are counted from 1, without the line of names.

    Raises:
        OSError, ValueError: a parquet table cannot be read.
    """
    import pyarrow.parquet as pq

    present = [name for name in TEXT_FILES if (folder / name).is_file()]
    if present and len(present) < len(TEXT_FILES):
        absent = next(name for name in TEXT_FILES if name not in present)
        yield f"{absent}: missing; the text form is both tables or none"
    for name in present:
        stem = name.removesuffix(".csv")
        table = pq.ParquetFile(folder / f"{stem}.parquet").read()
        later = {n for n in SINCE_1_1 if n not in table.column_names}
        table = table.select([n for n in TABLES[stem].names if n not in later])
        with (folder / name).open("rb") as handle:
            for row, (expected, found) in enumerate(zip_longest(text_lines(table), handle)):
                if found is None:
                    yield f"{name}: ends before row {row}; {stem}.parquet has {table.num_rows} rows"
                    break
                if expected is None:
                    yield f"{name}: goes on after row {row - 1}; {stem}.parquet has {table.num_rows} rows"
                    break
                if expected.encode() != found:
                    yield from _row_differences(name, row, expected, found, table.column_names)


def _row_differences(name: str, row: int, expected: str, found: bytes, columns: list[str]) -> Iterator[str]:
    where = f"{name}, row {row}" if row else f"{name}, names of the columns"
    cells = _cells(found.decode("utf-8", errors="backslashreplace"))
    if cells is None or len(cells) != len(columns):
        yield f"{where}: {'not the cells of a table' if cells is None else f'{len(cells)} cells'}, there are {len(columns)} columns"
        return
    wrong = [(column, a, b) for column, a, b in zip(columns, _cells(expected) or [], cells, strict=True) if a != b]
    for column, a, b in wrong:
        yield f"{where}, column {column}: {_shown(b)}, the parquet table says {_shown(a)}"
    if not wrong:
        yield f"{where}: its values are those of the parquet table, written in another way"


def _cells(line: str) -> list[str] | None:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= SHOWN else cell[:SHOWN] + "…")


def _writer(kind: "pa.DataType") -> Callable[[Any], str]:
    import pyarrow as pa

    if pa.types.is_string(kind):
        return _string
    return (
        repr if pa.types.is_floating(kind) else _json
    )  # json writes a float by its repr too, but names what is no number otherwise


def _string(value: str) -> str:
    return _json(value) if NOT_PLAIN.search(value) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell or "," in cell else cell
