"""derm7pt: a row per case with two pictures, and three files of row numbers."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "meta.csv": "case_num,diagnosis,seven_point_score,pigment_network,streaks,pigmentation,regression_structures,dots_and_globules,"
    "blue_whitish_veil,vascular_structures,level_of_diagnostic_difficulty,elevation,location,sex,management,clinic,derm,case_id,notes",
    "train_indexes.csv": "indexes",
}
SIGNS = ["absent"] * 7


def row(number: int, diagnosis: str, location: str, sex: str, clinic: str, derm: str, *more: str) -> list[object]:
    case_id, notes = more or ("", "")
    return [number, diagnosis, 1, *SIGNS, "low", "palpable", location, sex, "excision", clinic, derm, case_id, notes]


def make(folder: Path) -> Expected:
    """Write seven pictures of four cases and one of none.

    Case 1 is written in another letter case than its file, case 2 names one file twice, case 3 lacks its clinical picture.
    """
    release = folder / "release_v0"
    replaced = "Replaced clinic Fhl/Fhl017.jpg with derm Fhl/Fhl018.jpg"
    rows = [
        row(1, "basal cell carcinoma", "abdomen", "female", "NEL/NEL025.JPG", "NEL/Nel026.jpg"),
        row(2, "clark nevus", "buttocks", "male", "Fhl/Fhl018.jpg", "Fhl/Fhl018.jpg", "1x000000", replaced),
        row(3, "melanoma (less than 0.76 mm)", "head neck", "male", "FCL/Fcl001.jpg", "FCL/Fcl002.jpg"),
        row(4, "miscellaneous", "acral", "female", "Ggl/Ggl001.jpg", "Ggl/Ggl002.JPG"),
    ]
    write_table(release / "meta" / "meta.csv", HEADERS["meta.csv"], rows)
    for part, indexes in {"train": [0], "valid": [1], "test": [2, 3]}.items():
        write_table(release / "meta" / f"{part}_indexes.csv", "indexes", [[i] for i in indexes])
    (release / "LICENSE.txt").write_text("terms", encoding="utf-8")
    names = ("NEL/Nel025.jpg", "NEL/Nel026.jpg", "Fhl/Fhl018.jpg", "FCl/Fcl002.jpg", "Ggl/Ggl001.jpg", "Ggl/Ggl002.JPG")
    for n, name in enumerate((*names, "Fhl/Fhl017.jpg")):
        save(release / "images" / name, n)
    return Expected(
        images=7,
        tables=4,
        ignored=1,
        rows=7,
        without_picture=1,
        lesions=4,
        nodes={
            "NEL/Nel025": "basal cell carcinoma",
            "NEL/Nel026": "basal cell carcinoma",
            "Fhl/Fhl018": "dysplastic nevus",
            "FCl/Fcl002": "invasive cutaneous melanoma",
            "Ggl/Ggl001": None,
            "Fhl/Fhl017": None,
        },
        facts={
            "NEL/Nel025": {
                "modality": "clinical",
                "official_split": "train",
                "site": "anterior_torso",
                "sex": "female",
                "confirmation": None,
            },
            "NEL/Nel026": {"modality": "dermoscopic", "official_split": "train"},
            "Fhl/Fhl018": {"modality": "dermoscopic", "official_split": "validation", "site": "torso"},
            "FCL/Fcl001": {"image_id": None, "modality": "clinical", "official_split": "test"},
            "Ggl/Ggl001": {"official_split": "test", "site": "palms_soles"},
            "Fhl/Fhl017": {"modality": None, "official_split": None, "lesion_keys": []},
        },
        together=[("NEL/Nel025", "NEL/Nel026"), ("FCL/Fcl001", "FCl/Fcl002"), ("Ggl/Ggl001", "Ggl/Ggl002")],
        apart=[("NEL/Nel025", "Fhl/Fhl018"), ("Fhl/Fhl018", "Fhl/Fhl017")],
    )
