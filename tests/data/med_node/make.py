"""MED-NODE: two folders of numbered pictures and no table."""

from pathlib import Path

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}


def make(folder: Path) -> Expected:
    """Write five pictures, one number in both folders, two names with a letter; an empty file and two that are no pictures."""
    root = folder / "complete_mednode_dataset"
    for n, name in enumerate(("melanoma/1100001", "melanoma/1100002-h", "naevus/1100001", "naevus/19085", "naevus/19086-h")):
        save(root / f"{name}.jpg", n)
    (root / "naevus" / "19087.jpg").touch()
    (root / "naevus" / "Thumbs.db").write_bytes(b"\0")
    (root / "melanoma" / "notes.txt").write_text("nothing of the layout", encoding="utf-8")
    return Expected(
        images=5,
        rejected=1,
        ignored=2,
        nodes={"melanoma/1100001": "malignant melanoma", "naevus/1100001": "benign melanocytic lesions"},
        facts={"naevus/19085": {"modality": "clinical", "shot_type": "close_up", "confirmation": None}},
        apart=[("melanoma/1100001", "naevus/1100001"), ("naevus/19085", "naevus/19086-h")],
    )
