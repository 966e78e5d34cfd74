"""Tables that people fill in or bring along: lists of pairs, verdicts, answers."""

from collections.abc import Iterable
from pathlib import Path

from curate.errors import InputError
from curate.sources.tables import Row, read_table

PAIR = ("image_a", "image_b")


def filled(path: Path, required: Iterable[str], known: Iterable[str] = ()) -> list[tuple[int, Row]]:
    """Return (line, row) of a table, as text without blanks around it; a column that it lacks is blank in every row.

    Args:
        path: CSV (commas, semicolons or tabs), Excel, JSON or Parquet.
        required: columns without which it is refused.
        known: other columns that are asked for.

    Raises:
        InputError: it cannot be read, lacks a required column, has no row, or has a line that does not fit its columns.
    """
    required, known = list(required), list(known)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Name a table that is there.") from error
    table = read_table(content, str(path), known=(*required, *known))
    for what, lines in table.trouble.items():
        raise InputError(f"{path}, line {lines[0]}: {what}.", "Correct it; nothing was taken in.")
    if not table.rows:
        raise InputError(f"{path} has no row.", f"Expected the columns {', '.join(required)}.")
    if missing := [c for c in required if c not in table.rows[0][1]]:
        raise InputError(f"{path} has no column {missing[0]!r}.", f"Expected the columns {', '.join((*required, *known))}.")
    blank = dict.fromkeys((*required, *known), "")
    return [(line, {**blank, **row}) for line, row in table.rows]


def pairs_of(path: Path) -> set[tuple[str, str]]:
    """Return the pairs of a list, the smaller id first; pairs that it calls `same_patient` alone are left out.

    Raises:
        InputError: it cannot be read, or lacks image_a or image_b.
    """
    rows = filled(path, PAIR, ["relation"])
    return {ordered(r["image_a"], r["image_b"]) for _, r in rows if r["relation"] != "same_patient"}


def ordered(one: str, other: str) -> tuple[str, str]:
    """Return two ids, the smaller first."""
    return (one, other) if one <= other else (other, one)
