"""Reading the tables and side-cars that publishers ship, as rows of text."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.errors import InputError

Row = dict[str, str]
DELIMITERS = {".tsv": "\t", ".tab": "\t"}


def read_table(path: Path, required: list[str]) -> Iterator[tuple[int, Row]]:
    """Yield (line number, row) of a delimited table; every value is text without blanks around it.

    Raises:
        InputError: the table cannot be decoded, lacks a required column, or has a row of another width; file, line and
            column are named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, delimiter=DELIMITERS.get(path.suffix.lower(), ","))
            header = [name.strip() for name in next(reader, [])]
            if missing := [name for name in required if name not in header]:
                raise InputError(
                    f"{path.name} has no column {missing[0]!r}; it has {', '.join(header) or 'no header'}.",
                    f"Is {path} the publisher's table, unchanged?",
                )
            for values in reader:
                if not values:
                    continue
                if len(values) != len(header):
                    raise InputError(
                        f"{path}, line {reader.line_num}: {len(values)} values under {len(header)} column names.",
                        "Correct the line (a comma within a value needs quotes around it).",
                    )
                yield reader.line_num, {name: value.strip() for name, value in zip(header, values, strict=True)}
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8 and try again.") from error
    except csv.Error as error:
        raise InputError(f"{path} is not a table: {error}.", "Unpack the publisher's file again.") from error


def read_side_car(path: Path, *, many: bool = False) -> Iterator[Row]:
    """Yield the records of a JSON file, nested names joined by dots, lists left out; `.gz` is unpacked.

    Args:
        path: the file.
        many: whether it holds a list of records, or an object with records as its values, in place of one record.

    Raises:
        InputError: the file is not JSON, or a record is no object.
    """
    try:
        packed = path.read_bytes()
        content = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    except (ValueError, EOFError, OSError, zlib.error) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise InputError(f"{path} is not JSON: {error}.", "Download it again, or take it and its picture out.") from error
    records = (content.values() if isinstance(content, dict) else content) if many else [content]
    for number, record in enumerate(records if isinstance(records, list) else list(records), start=1):
        if not isinstance(record, dict):
            raise InputError(f"{path}: record {number} is no JSON object.", "Download it again, or take it and its picture out.")
        row: Row = {}
        _flatten("", record, row)
        yield row


def _flatten(prefix: str, value: Any, row: Row) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(f"{prefix}.{name}" if prefix else str(name), inner, row)
    elif not isinstance(value, list):
        row[prefix] = "" if value is None else str(value).strip()
