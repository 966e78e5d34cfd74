"""Label maps: each native label of a source with its place in the taxonomy, how it was found, and why."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from curate.errors import InputError
from curate.taxonomy.tree import Tree

How = Literal["exact", "synonym", "normalised", "reviewed", "composite", "internal", "ambiguous", "excluded"]
COLUMNS = ("field", "native_label", "node_id", "how", "candidates", "reason")


@dataclass(frozen=True)
class LabelRow:
    """One native label.

    Attributes:
        field: the publisher's column or path group.
        native_label: verbatim.
        node_id: None where the label names no disease, or several under different roots.
        how: by letter (`exact`, `synonym`, `normalised`), by judgement (`reviewed`), the lowest node over several diseases
            (`composite`, `ambiguous`), a word no finer than an inner node (`internal`), or no diagnosis (`excluded`).
        candidates: the nodes that a composite or ambiguous label may mean.
        reason: why, where it is not plain.
    """

    field: str
    native_label: str
    node_id: str | None
    how: str
    candidates: tuple[str, ...]
    reason: str


def read_label_map(path: Path, tree: Tree) -> list[LabelRow]:
    """Read `label_map.csv`.

    Raises:
        InputError: the file is missing, lacks a column, names a node or a way that does not exist, or a label twice.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise InputError(f"{path}: the columns are not {', '.join(COLUMNS)}.")
            rows = [
                LabelRow(
                    r["field"],
                    r["native_label"],
                    r["node_id"] or None,
                    r["how"],
                    tuple(c for c in r["candidates"].split("|") if c),
                    r["reason"],
                )
                for r in reader
            ]
    except OSError as error:
        raise InputError(f"The label map {path} cannot be read: {error.strerror}.") from error
    seen: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows, start=2):
        where = f"{path}, line {line} ({row.field} = {row.native_label!r})"
        for node_id in (row.node_id, *row.candidates):
            if node_id is not None and node_id not in tree.nodes:
                now = tree.current(node_id)
                hint = f"It was retired; its images belong to {now} ({tree.nodes[now].name})." if now else ""
                raise InputError(f"{where}: the taxonomy {tree.version} has no node {node_id}.", hint)
        if row.how not in get_args(How):
            raise InputError(f"{where}: {row.how!r} is none of {', '.join(get_args(How))}.")
        if row.how == "excluded" and (row.node_id is not None or not row.reason):
            raise InputError(f"{where}: an excluded label has no node, and a reason.")
        if row.how == "ambiguous" and not row.candidates:
            raise InputError(f"{where}: an ambiguous label names its candidates.")
        if row.node_id is None and row.how not in ("excluded", "ambiguous"):
            raise InputError(f"{where}: without a node a label is excluded or ambiguous.")
        if (first := seen.setdefault((row.field, row.native_label), line)) != line:
            raise InputError(f"{where}: the label stands in line {first} already.")
    return rows
