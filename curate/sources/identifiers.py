"""Direct identifiers of persons in a table: columns that are named as such, and values that look so.

What each column of a hospital's manifest may hold decides what counts in it; in columns that are not known everything does. No
message repeats a value: it would put into a log what is to be kept out of the table.
"""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from curate.sources.registry import HERE

KEYS = ("patient_key", "lesion_key", "encounter_key")
DAYS = ("capture_day", "biopsy_day")
CODES = (
    "icdo_morphology",
    "snomed_ct",
    "snomed_kind",
    "icd10",
    "biopsy_confirmed",
    "diagnosis_source",
    "modality",
    "sex",
    "laterality",
    "skin_type",
    "view_index",
)
MAX_DAYS = 50 * 366  # more days than that are a date in disguise: a spreadsheet counts them from 1900
MAX_AGE = 89  # ages above it are identifying (HIPAA, 45 CFR 164.514)

MONTHS = (
    "jan(?:uary|uar|vier|eiro|uari)?|feb(?:ruary|ruar|braio|rero)?|f[ée]v(?:rier|ereiro)?|m[aä]r(?:ch|z|s|zo|ço|t)?|apr(?:il|ile)?|"
    "abr(?:il)?|avr(?:il)?|ma[iyj]o?|mag(?:gio)?|jun[eio]?|juin|junho|giu(?:gno)?|jul(?:y|i|io|ho)?|juil(?:let)?|lug(?:lio)?|"
    "aug(?:ust|ustus)?|ago(?:sto)?|ao[uû]t|sept?(?:ember|embre|iembre)?|set(?:tembre|embro)?|o[ck]t(?:ober|obre|ubre)?|out(?:ubro)?|"
    "ott(?:obre)?|nov(?:ember|embre|embro|iembre)?|de[cz](?:ember|embre|embro)?|d[ée]c(?:embre)?|dic(?:embre|iembre)?|ene(?:ro)?|gen(?:naio)?"
)
YEAR, DAY, MONTH = r"(?:19|20)\d\d", r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
FULL_DATES = (
    rf"(?<![\d.]){YEAR}\s?[-/.]\s?{MONTH}\s?[-/.]\s?{DAY}(?!\d)",
    rf"(?<![\d.]){DAY}\s?(?P<sign>[-/.])\s?{DAY}\s?(?P=sign)\s?{YEAR}(?!\d)",
    rf"(?<!\w){DAY}(?:st|nd|rd|th|\.|º)?[\s-]*(?:de\s+)?(?:{MONTHS})\.?[\s,-]*(?:de\s+)?{YEAR}(?!\d)",
    rf"(?<!\w)(?:{MONTHS})\.?\s+(?:{DAY}(?:st|nd|rd|th)?,?\s+)?{YEAR}(?!\d)",
    rf"(?<!\d){YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
    rf"(?<![\d/])(?:0[1-9]|1[0-2])/{YEAR}(?!\d)",
    rf"(?<![\d./-]){YEAR}-(?:0[1-9]|1[0-2])(?![\d/-])",
)
SHORT_DATES = (
    rf"(?<![\d.]){DAY}\s?(?P<mark>[-/.])\s?{DAY}\s?(?P=mark)\s?\d\d(?![\d.])",
    rf"(?<!\w){DAY}\.?[\s-]?(?:{MONTHS})\.?[\s-]?\d\d(?!\d)",
)
FULL_DATE = re.compile("|".join(FULL_DATES), re.IGNORECASE)
DATE = re.compile("|".join((*FULL_DATES, *SHORT_DATES)), re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w.+])(?:(?:\+|00)[1-9]\d{0,2}[\s()./-]*(?:\d[\s()./-]*){6,12}|\(?0\d{1,4}\)?[\s/-]+\d{2,4}(?:[\s-]?\d{2,4}){1,3}"
    r"|\(?[2-9]\d\d\)?[-.\s]\d{3}[-.\s]\d{4})(?!\w)"
)
PHONE_DIGITS = 7
SOCIAL = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
DIGITS = re.compile(r"(?<![\d.])\d{6,}(?!\d)")
COUNTER = 100_000  # zeros before a smaller number: a counter of files
ACCESSION = re.compile(r"(?<![\w-])[A-Z]{1,3}[\s-]?\d{2,4}[-/]\d{3,}(?!\w)")
RANDOM = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9a-f]*[a-f])[0-9a-f]{12,})(?![0-9a-z])", re.IGNORECASE
)
TITLE = re.compile(
    r"(?<!\w)(?:Dr|Dra|Drs|Prof|Mr|Mrs|Ms|Miss|Herr|Herrn|Frau|Mme|Mlle|Sra|Srta|Dott|Dhr|Mevr)\b\.?\s+"
    r"(?:(?:med|[A-Z])\.\s*)*[A-ZÀ-ÖØ-Þ][\w'’-]+"
)
SAID = re.compile(r"(?<!\w)(?i:name|patient(?:in)?|pat\.|nom|nombre|nome)\s*:\s*[A-ZÀ-ÖØ-Þ]")
NAME_KEY = re.compile(r"[^\W\d_]{2,}[\s,]+[^\W\d_]{2,}")


class Problem(NamedTuple):
    """Something in a table of a hospital that must not be there: its line, its column, and what it is, without the value."""

    line: int
    column: str
    what: str


def identifiers(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[Problem]:
    """Yield the direct identifiers of a table: columns that are named as such (at their first line), and values that look so."""
    named: set[str] = set()
    for line, row in rows:
        for column, value in row.items():
            if is_identifier(column):
                if column not in named:
                    named.add(column)
                    yield Problem(line, column, "a column of direct identifiers")
            elif value and (what := looks_like(column, value)):
                yield Problem(line, column, what)


def is_identifier(column: str) -> bool:
    """Say whether a column's name says that it holds a direct identifier of a person."""
    words = _words_of(column)
    known = _known()
    return bool(
        "".join(words) in known["whole"]
        or (known["part"] | known["birth"]).intersection(words)
        or ({"name", "names"}.intersection(words) and known["person"].intersection(words))
        or (known["number"].intersection(words) and known["numbered"].intersection(words))
        or {"e", "mail"}.issubset(words)
    )


def is_birth(column: str) -> bool:
    """Say whether a column's name says that it holds dates of birth."""
    return bool(_known()["birth"].intersection(_words_of(column)))


def _words_of(column: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", column.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).casefold())


@functools.cache
def _known() -> dict[str, frozenset[str]]:
    lists = tomllib.loads((HERE / "hospital_biopsy" / "identifiers.toml").read_text(encoding="utf-8"))
    return {kind: frozenset(word for words in by.values() for word in words.split()) for kind, by in lists.items()}


def looks_like(column: str, value: str) -> str:
    """Return what direct identifier a value looks like, or nothing; what is expected in the column decides what counts."""
    if EMAIL.search(value):
        return "an e-mail address"
    if column in DAYS:
        return _day(column, value)
    if column == "age_band":
        return f"an age above {MAX_AGE}, or a year" if any(int(a) > MAX_AGE for a in re.findall(r"\d+", value)) else ""
    if column in CODES:
        return "a calendar date" if FULL_DATE.fullmatch(value) else ""
    plain = RANDOM.sub(" ", value)
    return _key(plain) if column in KEYS else _path(plain) if column == "image_path" else _text(plain)


def _key(value: str) -> str:
    if re.fullmatch(r"\d{6,15}", value):
        return "digits alone, like a record number; a pseudonym is a keyed hash or random"
    return "a calendar date" if FULL_DATE.search(value) else "a name" if NAME_KEY.fullmatch(value) else ""


def _path(path: str) -> str:
    dated = any(FULL_DATE.search(path.replace("_", sign)) for sign in " -")
    return "a calendar date" if dated else _numbers(path)


def _text(text: str) -> str:
    if DATE.search(text):
        return "a calendar date"
    if any(sum(c.isdigit() for c in found.group()) >= PHONE_DIGITS for found in PHONE.finditer(text)):
        return "a telephone number"
    return _numbers(text) or ("the name of a person" if TITLE.search(text) or SAID.search(text) else "")


def _numbers(text: str) -> str:
    if LINK.search(text):
        return "a web address"
    if SOCIAL.search(text):
        return "a social security number"
    if any(int(found.group()) >= COUNTER for found in DIGITS.finditer(text)):
        return "a long run of digits, like a record number"
    return "an accession number of a specimen" if ACCESSION.search(text) else ""


def _day(column: str, value: str) -> str:
    if not re.fullmatch(r"[+-]?\d+", value):
        return "a calendar date where days are asked for" if DATE.search(value) else "no whole number of days"
    if abs(int(value)) > MAX_DAYS:
        return "more days than fifty years have: a date as a number"
    return "a day before the patient's first picture" if column == "capture_day" and int(value) < 0 else ""
