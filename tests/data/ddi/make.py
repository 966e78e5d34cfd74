"""DDI: a table whose first column has no name, and numbered pictures beside it."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {"ddi_metadata.csv": ",DDI_ID,DDI_file,skin_tone,malignant,disease"}


def make(folder: Path) -> Expected:
    """Write five pictures (one without a row) and five rows (one without a picture, two saved by a spreadsheet)."""
    rows = [
        [0, 1, "000001.png", 56, "True", "melanoma-in-situ"],
        [1, 2, "000002.png", 12, "FALSE", "wart"],
        [2, 3, "000003.png", 34, "TRUE", "nodular-melanoma-(nm)"],
        [3, 5, "000005.png", 12, "False", "condyloma-accuminatum"],
        [4, 7, "000007.png", 56, "True", ""],
    ]
    write_table(folder / "ddi_metadata.csv", HEADERS["ddi_metadata.csv"], rows)
    for number in (1, 2, 3, 7, 9):
        save(folder / f"{number:06d}.png", number)
    return Expected(
        images=5,
        tables=1,
        rows=5,
        without_picture=1,
        nodes={
            "000001": "melanoma in situ",
            "000002": "human papillomavirus infection of skin",
            "000003": "nodular melanoma",
            "000007": "malignant skin lesion",  # the flag alone
            "000009": None,
        },
        facts={
            "000001": {
                "skin_type": "V-VI",
                "confirmation": "histopathology",
                "modality": "clinical",
                "image_keys": ["ddi:000001"],
            },
            "000002": {"skin_type": "I-II"},
            "000003": {"skin_type": "III-IV"},
            "000005": {"image_id": None, "skin_type": "I-II"},
        },
        apart=[("000001", "000002")],
    )
