"""Names of ISIC 2019 that stand for others: `_downsampled` after a picture's number, lesion ids with their origin before them."""

import re

DOWNSAMPLED = re.compile(r"_downsampled$", re.IGNORECASE)
LESION = re.compile(r"(?P<origin>[A-Z0-9]+)_(?P<number>\d+)")


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with the picture's number in the archive (`isic`) and the lesion in the namespace of its origin."""
    amended = dict(row)
    amended["isic"] = DOWNSAMPLED.sub("", row["native_id"])
    if key := _lesion_key(row.get("lesion_id", "")):
        amended["lesion_key"] = key
    return amended


def _lesion_key(lesion_id: str) -> str:
    """Return the key that the lesion's own source gives; the archive's records write `MSK4_0011169` as `A11169`."""
    found = LESION.fullmatch(lesion_id)
    if not found:
        return ""
    match found["origin"]:
        case "HAM":
            return f"ham10000:{lesion_id}"
        case "BCN":
            return f"bcn20000:{lesion_id}"
        case "MSK4":
            return f"isic.msk4:A{int(found['number']):05d}"
    return f"isic_challenge_2019:{lesion_id}"
