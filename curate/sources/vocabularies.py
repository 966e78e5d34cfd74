"""The controlled words of a record, from `schemas/vocabularies`."""

import csv
import functools
import io

from curate.resources import schemas

CONTROLLED = ("confirmation", "official_split", "modality", "shot_type", "site", "sex", "skin_type")
TRANSLATED = (*CONTROLLED, "licence")  # a word of the ISIC metadata schema is understood without being declared


@functools.cache
def terms(name: str) -> frozenset[str]:
    """Return the terms of a vocabulary."""
    return frozenset(row["term"] for row in _rows(name))


@functools.cache
def understood(name: str) -> dict[str, str]:
    """Return words that need no translation, in lower case, with their terms: the terms, and the words of the ISIC schema."""
    rows = _rows(name)
    return {row["isic"].casefold(): row["term"] for row in rows if row["isic"]} | {
        row["term"].casefold(): row["term"] for row in rows
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = schemas().joinpath("vocabularies", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
