"""Rows of a manifest as other tools take them."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.manifest.export.interface import Item

DESCRIBED = (  # of a picture, where it travels with its row
    "image_id",
    "source",
    "component",
    "lesion_keys",
    "node_id",
    "training_class",
    "nine_class",
    "three_class",
    "confirmation",
    "official_split",
    "modality",
    "site",
    "sex",
    "skin_type",
    "age",
    "licence",
    "attribution",
)


def described(item: "Item") -> dict[str, Any]:
    """Return what a picture's row says, with `label` (the number of its class) and `fold` (-1 where it is in none)."""
    fold = item.row["fold"]
    return {"label": item.label, "fold": -1 if fold is None else int(fold), **{name: item.row[name] for name in DESCRIBED}}


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV: LF at line ends, blank where nothing is known, lists and objects as JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def cell(value: Any) -> str:
    """Return a value as text; equal values give equal text on every system.

    >>> [cell(v) for v in (None, True, 3, 50.0, ["a"])]
    ['', 'true', '3', '50.0', '["a"]']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
