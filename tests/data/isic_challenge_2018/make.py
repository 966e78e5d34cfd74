"""ISIC 2018, task 3: HAM10000 with one-hot truth in folders of its own, and a table of lesions for the training part alone."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {"ISIC2018_Task3_Training_GroundTruth.csv": "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"}
CODES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")


def _hot(image: str, code: str) -> list[object]:
    return [image, *("1.0" if c == code else "0.0" for c in CODES)]


def make(folder: Path) -> Expected:
    """Write six pictures of three parts, one training row without a picture, legal texts, and pictures of another task."""
    header = HEADERS["ISIC2018_Task3_Training_GroundTruth.csv"]
    told = {
        "Training": [("0024306", "NV"), ("0024307", "NV"), ("0024308", "AKIEC"), ("0024309", "BKL")],
        "Validation": [("0034321", "MEL")],
        "Test": [("0034524", "VASC"), ("0034525", "DF")],
    }
    for part, rows in told.items():
        name = f"ISIC2018_Task3_{part}_GroundTruth"
        write_table(folder / name / f"{name}.csv", header, [_hot(f"ISIC_{number}", code) for number, code in rows])
        for n, (number, _) in enumerate(rows):
            if number != "0024309":
                save(folder / f"ISIC2018_Task3_{part}_Input" / f"ISIC_{number}.jpg", n)
    write_table(
        folder / "ISIC2018_Task3_Training_LesionGroupings.csv",
        "image,lesion_id,diagnosis_confirm_type",
        [
            ["ISIC_0024306", "HAM_0000550", "histopathology"],
            ["ISIC_0024307", "HAM_0000550", "serial imaging showing no change"],
            ["ISIC_0024308", "HAM_0000551", "confocal microscopy with consensus dermoscopy"],
            ["ISIC_0024309", "HAM_0000551", "single image expert consensus"],
        ],
    )
    for name in ("ATTRIBUTION.txt", "LICENSE.txt"):
        (folder / "ISIC2018_Task3_Training_Input" / name).write_text("a legal text\n", encoding="utf-8")
    save(folder / "ISIC2018_Task1-2_Training_Input" / "ISIC_0000000.jpg", 9)
    return Expected(
        images=6,
        tables=4,
        ignored=3,
        rows=7,
        without_picture=1,
        lesions=2,
        nodes={
            "ISIC_0024306": "benign melanocytic lesions",
            "ISIC_0024308": "intraepidermal keratinocyte neoplasia",
            "ISIC_0034321": "malignant melanoma",
            "ISIC_0034524": "benign vascular tumor and malformation",
            "ISIC_0034525": "dermatofibroma",
        },
        facts={
            "ISIC_0024306": {
                "confirmation": "histopathology",
                "official_split": "train",
                "lesion_keys": ["ham10000:HAM_0000550"],
                "licence": "CC-BY-NC-4.0",
            },
            "ISIC_0024307": {"confirmation": "follow_up"},
            "ISIC_0024308": {"confirmation": "confocal"},
            "ISIC_0024309": {"confirmation": "consensus", "image_id": None},
            "ISIC_0034321": {"official_split": "validation", "lesion_keys": [], "confirmation": None},
            "ISIC_0034524": {"official_split": "test", "modality": "dermoscopic"},
        },
        together=[("ISIC_0024306", "ISIC_0024307"), ("ISIC_0024308", "ISIC_0024309")],
        apart=[("ISIC_0024306", "ISIC_0024308"), ("ISIC_0034524", "ISIC_0034525")],
    )
