"""What people decided on pairs, and on single pictures: a table of the catalogue, and a text log that outlives a lost catalogue.

Both are only ever added to. The log `verdicts.csv` is written first: a copy with the new lines is flushed to disk and takes its
place as a whole, so that it holds all verdicts of one addition or none, however the program ends. The table follows. Whenever
the catalogue is opened for writing, each of the two gets what it lacks of the other.
"""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from curate.errors import InputError

if TYPE_CHECKING:
    from curate.catalogue.catalogue import Catalogue

LOG_NAME = "verdicts.csv"
COLUMNS = ("image_a", "image_b", "verdict", "who", "decided", "why")
VERDICTS = ("same", "different", "unsure")  # on a pair
WORDS = ("fit", "unfit", "unsure")  # on one picture: whether it may stand in a test, whatever the quality gate measures
STEP = timedelta(microseconds=1)


class Verdict(NamedTuple):
    """One decision on a pair or a picture; two that are equal in every field are one.

    Attributes:
        image_a: the smaller of the two ids, or the one.
        image_b: the other, or empty.
        verdict: one of `VERDICTS` on a pair, of `WORDS` on a picture.
        decided: UTC, without a time zone, as the table holds it.
    """

    image_a: str
    image_b: str
    verdict: str
    who: str
    decided: datetime
    why: str

    @property
    def pair(self) -> tuple[str, str]:
        """The two ids; the second is empty where one picture is spoken of."""
        return self.image_a, self.image_b

    @property
    def images(self) -> tuple[str, ...]:
        """The ids of the pictures that it speaks of."""
        return self.pair if self.image_b else (self.image_a,)


def verdict_of(row: Mapping[str, str], where: str) -> Verdict:
    """Return the verdict that a row of text says, its ids in order and blanks and line ends of its words made single blanks.

    Raises:
        InputError: the ids, the person or the time are missing, the time is none, the verdict is not one of those that there are
            on a pair or a picture, or both ids are the same.
    """
    a, b = sorted((row["image_a"], row["image_b"]))
    a, b = (a, b) if a else (b, a)  # the empty one of two comes last
    verdict, who, why = row["verdict"].strip().lower(), _one_line(row["who"]), _one_line(row["why"])
    if a == b or (not b and verdict in {"same", "different"}):
        raise InputError(
            f"{where}: a verdict speaks of two images ({a or 'none is named'}).",
            f"Give two ids that differ; of one image say {' or '.join(WORDS[:2])}.",
        )
    if verdict not in (allowed := VERDICTS if b else WORDS):
        of = "a pair" if b else "one image"
        raise InputError(f"{where}: {row['verdict']!r} is no verdict on {of}.", f"Use {', '.join(allowed)}.")
    if not who:
        raise InputError(f"{where}: it is not said who decided.", "Fill in `who`, or say --who NAME.")
    try:
        decided = datetime.fromisoformat(row["decided"].strip())
    except ValueError:
        raise InputError(f"{where}: {row['decided']!r} is no time.", "Write it as 2026-01-31T14:05:00Z.") from None
    if decided.tzinfo is not None:
        decided = decided.astimezone(UTC).replace(tzinfo=None)
    return Verdict(a, b, verdict, who, decided, why)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())


def text_of(verdicts: Iterable[Verdict]) -> str:
    """Return verdicts as lines of CSV, without the line of column names; `read_verdicts` reads them back."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows((*v[:4], v.decided.isoformat() + "Z", v.why) for v in verdicts)
    return text.getvalue()


def header() -> str:
    """Return the log's first line."""
    return ",".join(COLUMNS) + "\n"


def read_verdicts(path: Path) -> list[Verdict]:
    """Return the verdicts of a log, none where there is no log.

    Raises:
        InputError: a line is none of the log's; the message names it.
    """
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode("utf-8")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        if (first := next(lines, None)) != list(COLUMNS):
            raise InputError(
                f"{path}, line 1: {','.join(first or [])!r} is not the first line of a log of verdicts.",
                f"It is {','.join(COLUMNS)!r}; `curate review import FILE` takes in tables of other forms.",
            )
        found = []
        for values in lines:
            where = f"{path}, line {lines.line_num}"
            if len(values) == len(COLUMNS):
                found.append(verdict_of(dict(zip(COLUMNS, values, strict=True)), where))
            elif values:
                raise InputError(f"{where}: {len(values)} values under {len(COLUMNS)} column names.", "Correct the line.")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a log of verdicts: {error}.", "Restore it from a copy.") from error
    return found


def stored_verdicts(catalogue: "Catalogue") -> list[Verdict]:
    """Return the verdicts of the table, in order of time; its words as the log would give them back."""
    rows = catalogue.rows(f"SELECT {', '.join(COLUMNS)} FROM verdicts")
    return _in_order(Verdict(a, b, verdict, _one_line(who), decided, _one_line(why)) for a, b, verdict, who, decided, why in rows)


def all_verdicts(catalogue: "Catalogue") -> list[Verdict]:
    """Return the verdicts of table and log together, in order of time; for a catalogue that is open for reading only."""
    return _in_order({*stored_verdicts(catalogue), *read_verdicts(catalogue.workspace / LOG_NAME)})


def last_verdicts(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], Verdict]:
    """Return the verdict that counts for each pair, the last one; of several of one moment the last by its other fields."""
    return {v.pair: v for v in _in_order(verdicts) if v.image_b}


def last_words(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return the word that counts on each picture, `fit` or `unfit`; the last one, and none where that is `unsure`."""
    last = {v.image_a: v.verdict for v in _in_order(verdicts) if not v.image_b}
    return {image: word for image, word in last.items() if word != "unsure"}


def _in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda v: (v.decided, *v))


def record(catalogue: "Catalogue", verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Add verdicts to log and table and return those that were new; a verdict that is there already is not added again."""
    agree(catalogue)
    known = set(stored_verdicts(catalogue))
    new = [v for v in dict.fromkeys(verdicts) if v not in known]
    if new:
        _append(catalogue.workspace / LOG_NAME, new)
        _insert(catalogue, new)
    return new


def agree(catalogue: "Catalogue") -> None:
    """Give the table the log's verdicts that it lacks, and the log the table's.

    Raises:
        InputError: a line of the log cannot be read.
    """
    logged = set(read_verdicts(catalogue.workspace / LOG_NAME))
    stored = set(stored_verdicts(catalogue))
    if missing := _in_order(stored - logged):
        _append(catalogue.workspace / LOG_NAME, missing)
    if missing := _in_order(logged - stored):
        _insert(catalogue, missing)


def _insert(catalogue: "Catalogue", verdicts: Sequence[Verdict]) -> None:
    with catalogue.transaction():
        catalogue.insert("verdicts", [v._asdict() for v in verdicts])


def _append(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Put a longer copy in the log's place: the old bytes as they are, and the new lines."""
    old = path.read_bytes() if path.exists() else b""
    old = old or header().encode()
    between = b"" if old.endswith(b"\n") else b"\n"
    beside = path.with_suffix(".new")
    with beside.open("wb") as handle:
        handle.write(old + between + text_of(verdicts).encode())
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else the new name may be lost with the power
    finally:
        os.close(folder)
