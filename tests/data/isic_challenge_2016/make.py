"""ISBI 2016, part 3: tables without a line of names; a copy of the training table has one; the test table writes 0.0 and 1.0."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS: dict[str, str] = {}  # the publisher's tables have none


def make(folder: Path) -> Expected:
    """Write three training and two test pictures; one row has no picture, one picture no row; a segmentation mask."""
    training = [["ISIC_0000000", "benign"], ["ISIC_0000002", "malignant"], ["ISIC_0009999", "benign"]]
    write_table(folder / "ISBI2016_ISIC_Part3_Training_GroundTruth.csv", "img_id,Label", training)
    write_table(folder / "ISBI2016_ISIC_Part3_Test_GroundTruth.csv", "ISIC_0000003,0.0", [["ISIC_0000004", "1.0"]])
    for n in (0, 2, 5):
        save(folder / "ISBI2016_ISIC_Part3_Training_Data" / f"ISIC_000000{n}.jpg", n)
    for n in (3, 4):
        save(folder / "ISBI2016_ISIC_Part3_Test_Data" / f"ISIC_000000{n}.jpg", n)
    save(folder / "ISBI2016_ISIC_Part3_Training_Data" / "ISIC_0000000_Segmentation.png", 0)
    return Expected(
        images=5,
        tables=2,
        ignored=1,
        rows=5,
        without_picture=1,
        nodes={
            "ISIC_0000000": "benign skin lesion",
            "ISIC_0000002": "malignant melanoma",
            "ISIC_0000003": "benign skin lesion",
            "ISIC_0000004": "malignant melanoma",
            "ISIC_0000005": None,
        },
        facts={
            "ISIC_0000000": {"official_split": "train", "modality": "dermoscopic", "confirmation": None, "licence": "CC0-1.0"},
            "ISIC_0000004": {"official_split": "test", "image_keys": ["isic:ISIC_0000004"]},
            "ISIC_0009999": {"image_id": None},
        },
        apart=[("ISIC_0000000", "ISIC_0000002")],
    )
