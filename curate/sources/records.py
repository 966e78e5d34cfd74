"""From rows and paths to records: what the publisher says of each image, with namespaced keys."""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from curate.errors import InputError
from curate.sources.declaration import Declaration, LabelColumn, Value
from curate.sources.layout import Layout
from curate.sources.registry import Row, Source
from curate.sources.tables import read_side_car, read_table

PLACE = re.compile(r"\{([^{}]+)\}")
SUFFIX = re.compile(r"\.(jpe?g|png|bmp|tiff?|webp)$", re.IGNORECASE)


class Label(NamedTuple):
    """One label of a record: the column, the word, the column's rank, whether it is a fallback, its weight where one is given."""

    field: str
    label: str
    rank: int
    fallback: bool
    weight: float | None


@dataclass
class Record:
    """What is known of one native id; `row` holds native columns and the groups of the path."""

    native_id: str
    row: Row
    origin: str
    has_picture: bool
    has_row: bool
    labels: list[Label] = field(default_factory=list)


def read_records(source: Source, folder: Path, layout: Layout) -> dict[str, Record]:
    """Return one record per native id: for each picture, and for each row whose picture is absent.

    Raises:
        InputError: a table lacks columns, or two rows of one table speak of one id and differ.
    """
    declaration = source.declaration
    _require_tables(declaration, folder, layout)
    rows: dict[str, Row] = {}
    origins: dict[str, str] = {}
    by_lower = {native_id.casefold(): native_id for native_id in layout.images}
    for file, spec in layout.tables:
        told: dict[str, int] = {}
        for line, row in read_table(folder / file.path, [*spec.columns, *PLACE.findall(spec.key)]):
            key = SUFFIX.sub("", fill(spec.key, row) or "")
            if not key:
                raise InputError(f"{folder / file.path}, line {line}: no image id.", "Fill the id in, or take the line out.")
            native_id = by_lower.get(key.casefold(), key)
            if native_id in told and any(rows[native_id].get(k) != v for k, v in row.items()):
                raise InputError(
                    f"{folder / file.path}: lines {told[native_id]} and {line} both describe {native_id} and differ.",
                    "Keep the line that is right.",
                )
            told[native_id] = line
            rows.setdefault(native_id, {}).update(row)
            origins.setdefault(native_id, f"{file.path}:{line}")
    for file, side_car, groups in layout.side_cars:
        for row in read_side_car(folder / file.path, many=side_car.many):
            named = fill(side_car.key, groups | row)
            if named is None:
                raise InputError(f"{folder / file.path}: a record names no image.", "Download the file again, or take it out.")
            native_id = by_lower.get(named.casefold(), named)
            rows.setdefault(native_id, {}).update(row)
            origins.setdefault(native_id, file.path)
    records: dict[str, Record] = {}
    for native_id in sorted(layout.images.keys() | rows.keys()):
        picture = layout.images.get(native_id)
        groups = picture[1] if picture else {"native_id": native_id}
        row = source.amend(rows.get(native_id, {}) | groups)
        origin = origins.get(native_id) or (picture[0].path if picture else "")
        record = Record(native_id, row, origin, picture is not None, native_id in rows)
        record.labels = _labels(declaration, row)
        records[native_id] = record
    return records


def fill(template: str, row: Mapping[str, str]) -> str | None:
    """Return a template filled from a row, or None where a value that it names is blank."""
    values = {name: row.get(name, "") for name in PLACE.findall(template)}
    if not all(values.values()):
        return None
    return PLACE.sub(lambda found: values[found.group(1)], template)


def keys(templates: list[str], row: Mapping[str, str]) -> list[str]:
    """Return the filled templates, sorted, without those that a blank value voids."""
    return sorted({key for template in templates if (key := fill(template, row)) is not None})


def told(value: Value, row: Mapping[str, str]) -> str | None:
    """Return a fact of a record, translated where the declaration translates it; None where it is not known."""
    if value.constant:
        return value.constant
    native = row.get(value.column, "")
    if not native or native in value.missing:
        return None
    return value.values.get(native, None if value.values else native)


def untranslated(value: Value, row: Mapping[str, str]) -> str | None:
    """Return a native word that the declaration neither translates nor calls missing, else None."""
    native = row.get(value.column, "")
    if not native or not value.values or native in value.values or native in value.missing:
        return None
    return native


def _require_tables(declaration: Declaration, folder: Path, layout: Layout) -> None:
    present = {spec.pattern for _, spec in layout.tables}
    for spec in declaration.tables:
        if spec.required and spec.pattern not in present:
            raise InputError(
                f"{folder} does not look like {declaration.name}: no file matches {spec.pattern}.",
                f"Give the folder that holds it. {declaration.download}",
            )


def _labels(declaration: Declaration, row: Row) -> list[Label]:
    for one_hot in declaration.one_hot:
        cells = {column: row.get(column, "") for column in one_hot.columns}
        if all(cells.values()):
            hot = [column for column, cell in cells.items() if float(cell) == 1.0]
            row[one_hot.field] = hot[0] if len(hot) == 1 else one_hot.none if not hot else "+".join(hot)
    spec = declaration.record
    labels = []
    for rank, column in enumerate([*spec.labels, *spec.fallback_labels]):
        for label, weight in _cell(column, row.get(column.column, "")):
            labels.append(Label(column.column, label, rank, rank >= len(spec.labels), weight))
    return labels


def _cell(column: LabelColumn, cell: str) -> list[tuple[str, float | None]]:
    """Return the labels of a cell, each once, with their weights.

    Raises:
        InputError: the cell should hold weights and does not.
    """
    if not cell:
        return []
    if column.weights:
        weighted = _weights(column.column, cell)
        return [(label, weighted[label]) for label in sorted(weighted, key=lambda label: (-weighted[label], label))]
    parts = cell.split(column.separator) if column.separator else [cell]
    return [(label, None) for label in dict.fromkeys(part.strip() for part in parts) if label]


def _weights(column: str, cell: str) -> dict[str, float]:
    try:
        content = json.loads(cell) if cell.startswith('{"') else ast.literal_eval(cell)
        return {str(label).strip(): float(weight) for label, weight in content.items()}
    except (ValueError, SyntaxError, AttributeError, TypeError) as error:
        raise InputError(
            f"{column}: {cell[:60]!r} is no object of labels and weights.", "Is this the publisher's table, unchanged?"
        ) from error
