"""Who diagnosed a picture of PH2: the sheet says it by which of its columns is filled."""

CLASSES = ("Common Nevus", "Atypical Nevus", "Melanoma")


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `diagnosed_by`: the name of the sheet's column, or of its group of columns, that is filled."""
    if row.get("Histological Diagnosis"):
        return row | {"diagnosed_by": "Histological Diagnosis"}
    return row | {"diagnosed_by": "Clinical Diagnosis" if any(row.get(name) for name in CLASSES) else ""}
