"""What the table does not say by itself: which rows are of one lesion, and the site within the free text of a location."""

import functools
import hashlib
import json
import re
from pathlib import Path

from curate.sources.declaration import load_declaration

# A spreadsheet and its rendering as CSV write the last two in different ways.
PROFILE = (
    ("midas_iscontrol",),
    ("midas_location",),
    ("midas_path",),
    ("midas_pathreport",),
    ("clinical_impression_1",),
    ("clinical_impression_2",),
    ("clinical_impression_3",),
    ("length_(mm)", "length__mm_"),
    ("width_(mm)", "width__mm_"),
)
NARROWER = "palms_soles"  # a word for it beside one for hand or foot
DIGITS = 16


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `lesion_profile` and `location_word`, and without the 0 that stands for no pathology."""
    amended = dict(row)
    if row.get("midas_path", "") == "0":
        amended["midas_path"] = ""
    profile = [next((_plain(amended[c]) for c in columns if amended.get(c, "")), "") for columns in PROFILE]
    if any(profile[1:]):
        amended["lesion_profile"] = hashlib.sha256(json.dumps(profile).encode()).hexdigest()[:DIGITS]
    if word := location_word(row.get("midas_location", "")):
        amended["location_word"] = word
    return amended


def location_word(location: str) -> str:
    """Return the word that tells the site, blank where there is none, or where words of several sites stand together."""
    words: dict[str, str] = {word: _sites()[word] for word in re.findall(r"[a-z]+", location.casefold()) if word in _sites()}
    sites = set(words.values())
    if NARROWER in sites:
        return next(word for word, site in words.items() if site == NARROWER)
    return next(iter(words)) if len(sites) == 1 else ""


@functools.cache
def _sites() -> dict[str, str]:
    return load_declaration(Path(__file__).with_name("source.toml")).record.site.values


def _plain(value: str) -> str:
    """Return a cell in lower case with single blanks, numbers in one form."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return " ".join(value.split()).casefold()
