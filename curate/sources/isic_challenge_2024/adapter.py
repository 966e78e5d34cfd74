"""The two editions of SLICE-3D call the same column `target` and `malignant`, with 0 and 1 or 0.0 and 1.0."""

WORDS = {"0": "0", "0.0": "0", "1": "1", "1.0": "1"}


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `target` as 0 or 1, whichever of the two columns holds it."""
    said = row.get("target", "") or row.get("malignant", "")
    return row | {"target": WORDS.get(said, said)} if said else dict(row)
