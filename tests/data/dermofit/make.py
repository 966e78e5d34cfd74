"""Dermofit: a list without column names, a folder per picture with its mask, one class still packed."""

import zipfile
from pathlib import Path

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}
LIST = """1   A102a   ML
2   A102b   SK
3\tA103a  SK
4     P12 MEL
5   D9   IEC
6   B4

"""


def make(folder: Path) -> Expected:
    """Write five pictures (one that the list does not name) with masks, and six lines (one broken, one without a picture)."""
    (folder / "lesionlist.txt").write_text(LIST, encoding="utf-8")
    for n, name in enumerate(("ml/A102a", "sk/A102b", "sk/A103a", "mel/P12")):
        stem = name.split("/")[1]
        save(folder / name / f"{stem}.png", n)
        save(folder / name / f"{stem}mask.png", 20 + n)
    with zipfile.ZipFile(folder / "vasc.zip", "w") as archive:
        for n, name in enumerate(("vasc/G7/G7.png", "vasc/G7/G7mask.png", "__MACOSX/vasc/G7/._G7.png")):
            drawn = folder.parent / f"{n}.png"
            save(drawn, 40 + n)
            archive.write(drawn, name)
    return Expected(
        images=5,
        tables=1,
        ignored=6,
        rows=5,
        without_picture=1,
        rows_rejected=1,
        patients=5,
        nodes={
            "A102a": "benign melanocytic lesions",
            "A102b": "seborrheic keratosis",
            "P12": "malignant melanoma",
            "G7": "hemangioma of skin",  # no line: the folder tells
        },
        facts={
            "A102a": {
                "confirmation": "consensus",
                "modality": "clinical",
                "shot_type": "close_up",
                "patient_keys": ["dermofit:A102"],
            },
            "P12": {"patient_keys": ["dermofit:P12"]},
            "D9": {"image_id": None, "patient_keys": ["dermofit:D9"]},
        },
        together=[("A102a", "A102b")],
        apart=[("A102b", "A103a"), ("A102a", "P12")],
    )
