"""The person behind a Dermofit picture, and the class where only the folder tells it."""

import re

STEM = re.compile(r"([A-Za-z]\d+)[a-z]?")


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `person`, the stem without its trailing letter, and with the folder's `class` where the list has none."""
    found = STEM.fullmatch(row["native_id"])
    return row | {
        "person": found.group(1) if found else row["native_id"],
        "class": row.get("class") or row.get("folder", "").upper(),
    }
