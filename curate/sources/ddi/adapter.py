"""One spelling of DDI's flag: the original has True and False, copies that a spreadsheet saved TRUE and FALSE."""


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `malignant` spelled as in the original."""
    return row | {"malignant": row.get("malignant", "").capitalize()}
