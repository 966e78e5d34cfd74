"""What a picture's name says beside its diagnosis: some stems are of dermoscopy or of sections."""

NOT_CLINICAL = {"dermoscopy": "dermoscopic", "histology": "histology"}


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `kind`, the modality by the last word of the stem."""
    last = row.get("stem", "").rsplit("-", 1)[-1].casefold()
    return row | {"kind": NOT_CLINICAL.get(last, "clinical")}
