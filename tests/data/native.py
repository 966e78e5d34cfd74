"""What a fake of a repository's native layout says of itself, and the few things that the makers share."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from tests.drawn import picture


@dataclass
class Expected:
    """What an ingest of the fake has to find, counted by the maker, not by the product.

    Attributes:
        images, tables, side_cars, ignored, rejected: files by role.
        rows: records that a row or a side-car speaks of. without_picture: those of them (or of joined tables) without a picture.
        rows_alone: records that metadata alone give, where this is not `rows`: tables of patients name no pictures.
        rows_rejected: rows that cannot be used. relations: pairs that the source declares.
        lesions, patients: distinct keys over all records.
        nodes: for some native ids the name of the taxonomy's node that the image gets; None where it gets none.
        facts: for some native ids, columns of the catalogue's `records` and the values they have.
        together: pairs of native ids that share a lesion or patient key, or an image key.
        apart: pairs of native ids that share no key.
    """

    images: int
    tables: int = 0
    side_cars: int = 0
    ignored: int = 0
    rejected: int = 0
    rows: int = 0
    without_picture: int = 0
    rows_alone: int | None = None
    rows_rejected: int = 0
    relations: int = 0
    lesions: int = 0
    patients: int = 0
    nodes: dict[str, str | None] = field(default_factory=dict)
    facts: dict[str, dict[str, object]] = field(default_factory=dict)
    together: list[tuple[str, str]] = field(default_factory=list)
    apart: list[tuple[str, str]] = field(default_factory=list)


def save(path: Path, number: int, kind: str = "nevus") -> None:
    """Draw a picture into a file; its form is told by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(number, kind).save(path)


def write_table(path: Path, header: str, rows: list[list[object]]) -> None:
    """Write a comma-separated table under a header line that is taken as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(header + "\n" + text.getvalue(), encoding="utf-8")
