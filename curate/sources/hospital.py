"""Exports of hospitals: what contradicts itself in them, and pseudonyms in place of numbers and dates.

The contract of an export is `hospital_biopsy/manifest.schema.json`. No message of this module repeats a value: it would put into
a log what is to be kept out of the table.
"""

import csv
import hashlib
import hmac
import io
import os
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from curate.errors import InputError
from curate.sources.identifiers import Problem, identifiers, is_birth, is_identifier
from curate.sources.records import BLANK, SUFFIX
from curate.sources.registry import HERE
from curate.sources.tables import Row, folded, read_table

TEMPLATE, SCHEMA = "template.csv", "manifest.schema.json"
REQUIRED = ("image_path", "patient_key", "lesion_key", "biopsy_confirmed", "diagnosis_text", "diagnosis_source", "modality")
PSEUDONYM_DIGITS = 20
MIN_KEY_BYTES = 16
LOCAL_LESION = re.compile(r"\D{0,12}\d{1,3}|.{0,5}")  # a counter within the patient, which others have too
MORPHOLOGY = re.compile(r"[89]\d{3}/([012369])")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def check_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> list[Problem]:
    """Return what is wrong with the rows of a manifest: direct identifiers, calendar dates, contradictions; none where it is fine.

    Args:
        rows: (line, row) of each row.
    """
    listed = list(rows)
    return sorted({*identifiers(listed), *contradictions(listed)})


def native_id(image_path: str) -> str:
    """Return the id of a picture: its path without the suffix."""
    return SUFFIX.sub("", str(PurePosixPath(image_path.replace("\\", "/"))))


def contradictions(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[Problem]:
    """Yield what breaks the contract of a manifest: blanks, paths, lesions of two patients, proof that contradicts itself."""
    patients: dict[str, str] = {}
    paths: set[str] = set()
    for line, row in rows:
        yield from (Problem(line, c, "blank, and every row needs it") for c in REQUIRED if row.get(c, "").casefold() in BLANK)
        path = row.get("image_path", "")
        if re.match(r"[/\\]|[A-Za-z]:|~", path) or ".." in re.split(r"[/\\]", path):
            yield Problem(line, "image_path", "a path that leads out of the folder")
        if path and native_id(path).casefold() in paths:
            yield Problem(line, "image_path", "a picture that an earlier line describes; names differ by more than their suffix")
        paths.add(native_id(path).casefold())
        lesion, patient = row.get("lesion_key", ""), row.get("patient_key", "")
        if not LOCAL_LESION.fullmatch(lesion) and patients.setdefault(lesion, patient) != patient:
            yield Problem(line, "lesion_key", "a lesion that an earlier line gives to another patient")
        yield from _proof(line, row)


def _proof(line: int, row: Mapping[str, str]) -> Iterator[Problem]:
    confirmed, source = row.get("biopsy_confirmed", "").casefold(), row.get("diagnosis_source", "").casefold()
    if confirmed not in ("yes", "no", ""):
        yield Problem(line, "biopsy_confirmed", "neither yes nor no")
    if confirmed == "yes" and source != "histopathology":
        yield Problem(line, "biopsy_confirmed", "yes, but diagnosis_source is not histopathology")
    if confirmed == "no" and source == "histopathology":
        yield Problem(line, "biopsy_confirmed", "no, but diagnosis_source is histopathology")
    if code := row.get("icdo_morphology", ""):
        found = MORPHOLOGY.fullmatch(code)
        if not found:
            yield Problem(line, "icdo_morphology", "no ICD-O morphology such as 8720/3, with its behaviour digit")
        elif confirmed == "no" and found[1] != "0":
            yield Problem(line, "icdo_morphology", f"behaviour /{found[1]} says that a section was seen; biopsy_confirmed says no")
    if row.get("snomed_ct", "") and row.get("snomed_kind", "").casefold() not in ("morphology", "disorder"):
        yield Problem(line, "snomed_kind", "neither morphology nor disorder, and snomed_ct is filled")


def refuse(table: str, problems: Sequence[Problem], shown: int = 5) -> None:
    """Refuse a table that has problems.

    Raises:
        InputError: there is a problem; the message names column and line of the first ones.
    """
    if problems:
        first = "; ".join(f"line {p.line}, column {p.column!r}: {p.what}" for p in problems[:shown])
        more = f"; and {len(problems) - shown} more" if len(problems) > shown else ""
        raise InputError(
            f"{table} is refused: {first}{more}.",
            "Nothing was read. `curate sources pseudonymise` replaces patient numbers and dates and drops columns of identifiers; "
            "what stands in texts is for its owner to correct.",
        )


def pseudonym(key: bytes, role: str, value: str) -> str:
    """Return the keyed hash of a value: HMAC-SHA256, cut to 20 hexadecimal digits; blanks around it and case do not count."""
    plain = unicodedata.normalize("NFKC", value).strip().casefold()
    return hmac.new(key, f"{role}\0{plain}".encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]


def pseudonymise(
    table_path: Path,
    out_path: Path,
    *,
    patient: str,
    dates: Sequence[str],
    key: bytes,
    also: Sequence[str] = (),
    month_first: bool | None = None,
) -> dict[str, Any]:
    """Write a table anew without patient numbers, calendar dates and columns of identifiers.

    The patient's column becomes `patient_key`. Dates become days since the earliest of all the patient's dates, and the ending
    `_date` of a column's name becomes `_day`. One key gives one patient the same pseudonym in every export; it is not written.

    Args:
        table_path: delimited text, a spreadsheet, JSON lines or Parquet.
        out_path: a `.csv` file that does not exist yet.
        patient: the column of patient numbers.
        dates: columns of calendar dates.
        key: the secret, at least 16 bytes.
        also: further columns whose values become keyed hashes, such as a lesion's or a visit's number.
        month_first: how dates such as 03/04/2021 are read; not said: such a date is refused.

    Returns:
        `rows`, `patients`, `dropped` and `renamed` columns, and `left`: what still looks like an identifier (line, column, what).

    Raises:
        InputError: a column is missing or named twice, a line has no patient, a date cannot be read, or the key is too short.
            Nothing is written then.
    """
    if len(key) < MIN_KEY_BYTES:
        raise InputError(f"The key has {len(key)} bytes; it needs {MIN_KEY_BYTES}.", "`openssl rand -hex 32 > FILE` makes one.")
    if out_path.suffix.lower() != ".csv":
        raise InputError(f"{out_path} is no .csv file.", "The new table is comma-separated text.")
    if out_path.exists():
        raise InputError(f"{out_path} exists already.", "Give another file; nothing is overwritten.")
    rows = _rows(table_path)
    columns = list(rows[0][1])
    patient, *others = (_column(table_path, columns, c) for c in (patient, *dates, *also))
    dates, also = others[: len(dates)], others[len(dates) :]
    chosen = [patient, *dates, *also]
    if len(set(chosen)) != len(chosen):
        raise InputError(f"{table_path}: a column is named twice.", "Each column is the patient's, a date, or another number.")
    births = [c for c in dates if is_birth(c)]
    if births:
        raise InputError(
            f"{table_path}: {births[0]!r} is a date of birth; days from it would tell an age to the day.",
            "Leave it out: the column is dropped. Give the age in bands of five years.",
        )
    dropped = [c for c in columns if c not in chosen and is_identifier(c)]
    names = {c: _new_name(c, patient, dates) for c in columns if c not in dropped}
    twice = [now for now, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise InputError(f"{table_path}: a column {twice[0]!r} is there already.", "Rename it first.")
    days = _days(table_path, rows, patient, dates, month_first=month_first)
    new: list[tuple[int, Row]] = []
    for line, row in rows:
        said = {c: row[c] for c in names} | {c: days[line, c] for c in dates} | {patient: pseudonym(key, "patient", row[patient])}
        said |= {c: pseudonym(key, "also", row[c]) for c in also if row[c]}
        new.append((line, {names[c]: value for c, value in said.items()}))
    _write(out_path, list(names.values()), [row for _, row in new])
    renumbered = [(n, row) for n, (_, row) in enumerate(new, start=2)]
    return {
        "table": str(table_path),
        "out": str(out_path),
        "rows": len(new),
        "patients": len({row["patient_key"] for _, row in new}),
        "dropped": dropped,
        "renamed": {old: now for old, now in names.items() if old != now},
        "left": [p._asdict() for p in sorted(identifiers(renumbered))],
    }


def _rows(table_path: Path) -> list[tuple[int, Row]]:
    try:
        content = table_path.read_bytes()
    except OSError as error:
        raise InputError(f"{table_path} cannot be read: {error.strerror}.") from error
    table = read_table(content, str(table_path))
    if table.trouble:
        what, lines = next(iter(table.trouble.items()))
        raise InputError(f"{table_path}, line {lines[0]}: {what}.", "Correct the table first.")
    if not table.rows:
        raise InputError(f"{table_path} has no rows.")
    return table.rows


def _column(table_path: Path, columns: Sequence[str], name: str) -> str:
    found = [c for c in columns if folded(c) == folded(name)]
    if not found:
        raise InputError(f"{table_path} has no column {name!r}; it has {', '.join(columns)}.")
    return found[0]


def _new_name(column: str, patient: str, dates: Sequence[str]) -> str:
    if column == patient:
        return "patient_key"
    return re.sub(r"(?i)(^|_|\s)date$", r"\1day", column) if column in dates else column


def _days(
    table_path: Path, rows: Sequence[tuple[int, Row]], patient: str, dates: Sequence[str], *, month_first: bool | None
) -> dict[tuple[int, str], str]:
    """Return the days of each (line, column) since the earliest date of the line's patient; blank where there is no date."""
    read: dict[tuple[int, str], date | None] = {}
    first: dict[str, date] = {}
    for line, row in rows:
        who = unicodedata.normalize("NFKC", row[patient]).casefold()
        if who in BLANK:
            raise InputError(f"{table_path}, line {line}, column {patient!r}: no patient.", "Every row needs one.")
        for column in dates:
            try:
                read[line, column] = found = _date(row[column], month_first=month_first) if row[column] else None
            except ValueError as error:
                raise InputError(
                    f"{table_path}, line {line}, column {column!r}: {error}.",
                    "Write dates as 2021-03-14, or say which comes first.",
                ) from None
            if found:
                first[who] = min(first.get(who, found), found)
    origin = {line: first.get(unicodedata.normalize("NFKC", row[patient]).casefold()) for line, row in rows}
    return {(n, c): str((d - o).days) if d and (o := origin[n]) else "" for (n, c), d in read.items()}


def _date(text: str, *, month_first: bool | None) -> date:
    """Return a date, whatever time stands behind it; the error of one that cannot be read does not repeat it."""
    plain = re.sub(r"[T\s]+\d{1,2}:\d\d.*$", "", text.strip())
    if found := re.fullmatch(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})", plain):
        return _made(*found.groups())
    named = rf"(\d{{1,2}})[\s.-]*({'|'.join(MONTHS)})[a-z]*[\s.,-]*(\d{{4}})"
    if found := re.fullmatch(named, plain, re.IGNORECASE):
        return _made(found[3], str(MONTHS.index(found[2].lower()) + 1), found[1])
    if found := re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", plain):
        return _made(found[3], found[2], found[1])
    if found := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", plain):
        one, other = int(found[1]), int(found[2])
        if month_first is None and one <= 12 and other <= 12 and one != other:
            raise ValueError("a date whose month may be the first or the second number")
        months_first = month_first if month_first is not None else other > 12
        return _made(found[3], *((found[1], found[2]) if months_first else (found[2], found[1])))
    raise ValueError("no calendar date of a known form")


def _made(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("a date that no calendar has") from None


def _write(out_path: Path, header: list[str], rows: Iterable[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        handle, name = tempfile.mkstemp(dir=out_path.parent, prefix=".pseudonymise-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        Path(name).replace(out_path)
    except OSError as error:
        raise InputError(
            f"{out_path} cannot be written: {error.strerror}.", "Check the folder, its rights and the space left."
        ) from error


def read_key(path: Path) -> bytes:
    """Return the secret that a file holds, without blanks around it.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise InputError(
            f"The key file {path} cannot be read: {error.strerror}.", "`openssl rand -hex 32 > FILE` makes one."
        ) from error


def write_template(source_id: str, folder: Path) -> list[Path]:
    """Write a source's empty manifest and its schema into a folder, which is made where it is missing; return the files.

    Raises:
        InputError: the source has no template, or a file is there already.
    """
    have = sorted(p.parent.name for p in HERE.glob(f"*/{TEMPLATE}"))
    if source_id not in have:
        raise InputError(f"{source_id!r} has no template.", f"There is one for {', '.join(have)}.")
    made = {"manifest.csv": TEMPLATE, SCHEMA: SCHEMA}
    for name in made:
        if (folder / name).exists():
            raise InputError(f"{folder / name} exists already.", "Give another folder; nothing is overwritten.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, ours in made.items():
            (folder / name).write_bytes((HERE / source_id / ours).read_bytes())
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.", "Check its rights and the space left.") from error
    return [folder / name for name in made]
