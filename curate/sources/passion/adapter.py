"""Spellings of PASSION's label tables, and one site of several body parts."""

from curate.sources.agreed import agreed


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with the condition in lower case, `impetig` as 0, 1 or blank, and `site_word`."""
    flag = row.get("impetig", "")
    return row | {
        "conditions_PASSION": row.get("conditions_PASSION", "").lower(),
        "impetig": flag.removesuffix(".0"),
        "site_word": agreed("passion", "site", row.get("body_loc", ""), ";"),
    }
