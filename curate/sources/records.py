"""From rows and paths to records: what the publisher says of each image, with namespaced keys."""

import ast
import functools
import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from curate.errors import InputError
from curate.files import Found, read_bytes
from curate.sources.declaration import FACTS, PLACE, Declaration, LabelColumn, TableSpec, Value
from curate.sources.layout import ARCHIVE_SUFFIX, Layout
from curate.sources.registry import Row, Source
from curate.sources.tables import Table, folded, read_side_car, read_table
from curate.sources.vocabularies import CONTROLLED, TRANSLATED, understood

NUMBERS = ("age", "acquisition_day")
SUFFIX = re.compile(r"\.(jpe?g|png|bmp|tiff?|webp|gif|dcm)$", re.IGNORECASE)
TWICE = "a line that is there twice"
BLANK = frozenset({"", "nan", "none", "null", "na", "n/a", "<na>", "unknown", "unk", "-", "#n/a", "#ref!", "#value!"})  # as a key


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


class Trouble(NamedTuple):
    """Something wrong with a table that does not keep the rest from being read."""

    severity: str
    where: str
    what: str
    lines: tuple[int, ...]


@dataclass
class Read:
    """All records of a source by native id, the pairs that it declares, and what was wrong with its tables."""

    records: dict[str, Record] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    rows_rejected: int = 0
    trouble: list[Trouble] = field(default_factory=list)


class Reader:
    """Reads the tables and side-cars of one folder."""

    def __init__(self, source: Source, folder: Path, layout: Layout) -> None:
        self.source = source
        self.folder = folder
        self.layout = layout
        self.read = Read()
        self._known = source.declaration.column_names()
        self._rows: dict[str, Row] = {}
        self._origins: dict[str, str] = {}
        self._spelled = {native_id.casefold(): native_id for native_id in layout.images}

    def run(self) -> Read:
        """Read everything.

        Raises:
            InputError: a table is no table or lacks columns, or one that is required is missing.
        """
        _require_tables(self.source.declaration, self.folder, self.layout)
        raw: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        joining: list[tuple[Found, TableSpec, Table]] = []
        for file, spec in self.layout.tables:
            table = self._table(file, spec)
            if spec.raw:
                raw[spec.name] += table.rows
            elif spec.joins:
                joining.append((file, spec, table))
            else:
                self._take(file, spec, table)
            self._note(str(self.folder / file.path), table)
        for native_id, row in self.source.extend(raw, self._rows):
            self._put(native_id, row, "")
        for file, side_car, groups in self.layout.side_cars:
            for row in read_side_car(read_bytes(self.folder, file.path), str(self.folder / file.path), many=side_car.many):
                key = fill(side_car.key, groups | row)
                if key is None:
                    raise InputError(
                        f"{self.folder / file.path}: a record names no image.", "Download the file again, or take it out."
                    )
                self._put(key, row, file.path)
        self._records()
        for file, spec, table in joining:
            self._join(file, spec, table)
        for record in self.read.records.values():
            record.row = self.source.amend(record.row)
            record.labels = _labels(self.source.declaration, record.row)
        self._relations()
        return self.read

    def _table(self, file: Found, spec: TableSpec) -> Table:
        where = str(self.folder / file.path)
        content = read_bytes(self.folder, file.path)
        table = read_table(content, where, spec.needed(), self._known, header=spec.header, blanks=spec.blanks)
        if groups := spec.match(ARCHIVE_SUFFIX.sub("/", file.path)):
            table.rows = [(line, groups | row) for line, row in table.rows]
        return table

    def _note(self, where: str, table: Table) -> None:
        for what, lines in table.trouble.items():
            self.read.trouble.append(Trouble("warning" if what == TWICE else "error", where, what, tuple(lines)))
            self.read.rows_rejected += len(lines)
        self.read.trouble += [Trouble("warning", where, note, ()) for note in table.notes]

    def _take(self, file: Found, spec: TableSpec, table: Table) -> None:
        told: dict[str, tuple[int, Row]] = {}
        for line, row in table.rows:
            found = False
            for key, said in [(spec.key, {})] if spec.key else [(e.key, e.set) for e in spec.each]:
                named = SUFFIX.sub("", fill(key, row) or "")
                if not named:
                    continue
                found = True
                if _leads_out(named):
                    table.reject("an image id that is a path out of the folder", line)
                    continue
                native_id = self._spell(named)
                here = row | said
                first = told.setdefault(native_id, (line, here))
                if first[0] != line:
                    differ = any(first[1].get(k) != v for k, v in here.items())
                    table.reject("an image id that an earlier line describes, differently" if differ else TWICE, line)
                elif first[1] is here:
                    self._put(native_id, here, f"{file.path}:{line}")
            if not found:
                table.reject("no image id", line)

    def _put(self, named: str, row: Row, origin: str) -> None:
        native_id = self._spell(named)
        held = self._rows.setdefault(native_id, {})
        held.update({k: v for k, v in row.items() if v or k not in held})
        if origin:
            self._origins.setdefault(native_id, origin)

    def _spell(self, named: str) -> str:
        return self._spelled.setdefault(named.casefold(), named)

    def _records(self) -> None:
        for native_id in sorted(self.layout.images.keys() | self._rows.keys()):
            picture = self.layout.images.get(native_id)
            groups = picture[1] if picture else {"native_id": native_id}
            row = self._rows.get(native_id, {}) | groups
            origin = self._origins.get(native_id) or (picture[0].path if picture else "")
            self.read.records[native_id] = Record(native_id, row, origin, picture is not None, native_id in self._rows)

    def _join(self, file: Found, spec: TableSpec, table: Table) -> None:
        """Give a row of a lesion, case or patient to all its pictures."""
        members: dict[str, list[Record]] = defaultdict(list)
        for record in self.read.records.values():
            if (key := fill(spec.joins, record.row)) is not None:
                members[key.casefold()].append(record)
        alone: list[int] = []
        for line, row in table.rows:
            key = fill(spec.key, row)
            records = members.get(key.casefold(), []) if key else []
            if not records:
                alone.append(line)
            for record in records:
                record.row |= {k: v for k, v in row.items() if v or k not in record.row}
                record.has_row = True
        if alone:
            self.read.trouble.append(
                Trouble("info", str(self.folder / file.path), "rows that belong to no picture or row", tuple(alone))
            )

    def _relations(self) -> None:
        for file, spec in self.layout.relations:
            where = str(self.folder / file.path)
            needed = [p for t in (spec.a, spec.b, spec.group, spec.member) for p in PLACE.findall(t)]
            table = read_table(read_bytes(self.folder, file.path), where, [*needed, *spec.where], self._known)
            groups: dict[str, list[str]] = defaultdict(list)
            for line, row in table.rows:
                if any(row[c] not in allowed for c, allowed in spec.where.items()):
                    continue
                basis = fill(spec.basis, row) or spec.basis
                one, other = (fill(spec.a, row), fill(spec.b, row)) if spec.a else (fill(spec.group, row), fill(spec.member, row))
                if one is None or other is None:
                    table.reject("a pair with a blank id", line)
                elif spec.a:
                    low, high = sorted((_bare(one), _bare(other)))
                    self.read.relations.append((low, high, basis))
                else:
                    groups[f"{basis} {one}"].append(_bare(other))
            self._note(where, table)
            for basis, members in groups.items():
                first, *rest = sorted(set(members))
                self.read.relations += [(first, other, basis) for other in rest]


def read_records(source: Source, folder: Path, layout: Layout) -> Read:
    """Return what a folder says: one record per native id, for each picture and for each row whose picture is absent.

    Raises:
        InputError: a table is no table or lacks columns, or one that is required is missing.
    """
    return Reader(source, folder, layout).run()


def fill(template: str, row: Mapping[str, str]) -> str | None:
    """Return a template filled from a row, or None where a value that it names is blank, `NaN`, `unknown` and the like."""
    parts = _parts(template)
    filled = []
    for text, name in parts:
        filled.append(text)
        if name:
            value = row.get(name, "")
            if value.casefold() in BLANK:
                return None
            filled.append(value)
    return "".join(filled)


@functools.cache
def _parts(template: str) -> tuple[tuple[str, str], ...]:
    """Return a template as (text, name of the place after it); the last name is blank."""
    pieces = PLACE.split(template)
    return tuple(zip(pieces[::2], (*pieces[1::2], ""), strict=True))


def keys(templates: list[str], row: Mapping[str, str]) -> list[str]:
    """Return the filled templates, sorted, without those that a blank value voids."""
    return sorted({key for template in templates if (key := fill(template, row)) is not None})


class Fact:
    """One fact of a source's records: where its publisher says it, and in which words."""

    def __init__(self, name: str, value: Value) -> None:
        self.name = name
        self._value = value
        self._columns = value.columns
        self._missing = {folded(w) for w in value.missing}
        self._translated = {folded(k): v or None for k, v in value.values.items()}
        self._known: dict[str, tuple[str | None, bool]] = {}

    def native(self, row: Mapping[str, str]) -> str:
        """Return the publisher's word: that of the first column that is filled; blank where none is."""
        for column in self._columns:
            if word := row.get(column, ""):
                return word
        return ""

    def told(self, row: Mapping[str, str]) -> str | None:
        """Return the fact in our words, or None where it is not known, or said in a word that nothing translates."""
        word = self._value.constant or self.native(row)
        return self._ours(word)[0] if word else None

    def untranslated(self, row: Mapping[str, str]) -> str | None:
        """Return a native word that is neither translated nor called missing, else None."""
        word = self._value.constant or self.native(row)
        return word if word and not self._ours(word)[1] else None

    def _ours(self, word: str) -> tuple[str | None, bool]:
        """Return our word and whether the native one is understood."""
        if word not in self._known:
            self._known[word] = self._translate(word)
        return self._known[word]

    def _translate(self, word: str) -> tuple[str | None, bool]:
        at = folded(word)
        if at in self._missing:
            return None, True
        if at in self._translated:
            return self._translated[at], True
        if self.name in TRANSLATED and (known := understood(self.name).get(at)):
            return known, True
        if self.name in CONTROLLED or self._translated:
            return None, False
        if self.name in NUMBERS:
            return (word, True) if _is_number(word) else (None, False)
        return word, True


def facts_of(declaration: Declaration) -> list[Fact]:
    """Return the facts that a source's records have."""
    return [Fact(name, getattr(declaration.record, name)) for name in FACTS]


def _leads_out(named: str) -> bool:
    parts = named.replace("\\", "/").split("/")
    return named.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:[\\/]", named) is not None


def _bare(key: str) -> str:
    return SUFFIX.sub("", key)


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
        cells = {column: row[column] for column in one_hot.columns if row.get(column, "")}
        marked = one_hot.mark != "1"
        if cells if marked else len(cells) == len(one_hot.columns):
            hot = [c for c, cell in cells.items() if (folded(cell) == folded(one_hot.mark) if marked else _is_one(cell))]
            row[one_hot.field] = "+".join(hot) if hot else one_hot.none
    spec = declaration.record
    labels = []
    for rank, column in enumerate([*spec.labels, *spec.fallback_labels]):
        for label, weight in _cell(column, row.get(column.column, "")):
            labels.append(Label(column.column, label, rank, rank >= len(spec.labels), weight))
    return labels


def _is_one(cell: str) -> bool:
    return _is_number(cell) and float(cell) == 1.0


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


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
