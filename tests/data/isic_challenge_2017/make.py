"""ISIC 2017, part 3: three folders with superpixel masks and a table inside, three tables of truth beside them."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "ISIC-2017_Training_Part3_GroundTruth.csv": "image_id,melanoma,seborrheic_keratosis",
    "ISIC-2017_Training_Data_metadata.csv": "image_id,age_approximate,sex",
}


def make(folder: Path) -> Expected:
    """Write six pictures, five masks, one row without a picture and one picture without a row."""
    truth = HEADERS["ISIC-2017_Training_Part3_GroundTruth.csv"]
    about = HEADERS["ISIC-2017_Training_Data_metadata.csv"]
    training = [
        ["ISIC_0000000", "0.0", "0.0"],
        ["ISIC_0000002", "1.0", "0.0"],
        ["ISIC_0000003", "0.0", "1.0"],
        ["ISIC_0008888", "0.0", "0.0"],
    ]
    write_table(folder / "ISIC-2017_Training_Part3_GroundTruth.csv", truth, training)
    # copies number the rows in a column without a name, and write 0 and 1
    write_table(folder / "ISIC-2017_Validation_Part3_GroundTruth.csv", f",{truth}", [[0, "ISIC_0001769", 0, 1]])
    write_table(folder / "ISIC-2017_Test_v2_Part3_GroundTruth.csv", truth, [["ISIC_0012086", "0.0", "0.0"]])
    names = {"Training": ["0000000", "0000002", "0000003"], "Validation": ["0001769"], "Test_v2": ["0012086", "0012092"]}
    for part, numbers in names.items():
        data = folder / f"ISIC-2017_{part}_Data"
        for n, number in enumerate(numbers):
            save(data / f"ISIC_{number}.jpg", n)
            if number != "0012092":
                save(data / f"ISIC_{number}_superpixels.png", n)
    write_table(
        folder / "ISIC-2017_Training_Data" / "ISIC-2017_Training_Data_metadata.csv",
        about,
        [["ISIC_0000000", 55, "female"], ["ISIC_0000002", "unknown", "unknown"], ["ISIC_0000003", 30, "male"]],
    )
    return Expected(
        images=6,
        tables=4,
        ignored=5,
        rows=6,
        without_picture=1,
        nodes={
            "ISIC_0000000": "benign melanocytic lesions",  # both columns 0
            "ISIC_0000002": "malignant melanoma",
            "ISIC_0001769": "seborrheic keratosis",
            "ISIC_0012086": "benign melanocytic lesions",
            "ISIC_0012092": None,
        },
        facts={
            "ISIC_0000000": {"age": 55.0, "sex": "female", "official_split": "train", "modality": "dermoscopic"},
            "ISIC_0000002": {"age": None, "sex": None, "licence": "CC0-1.0"},
            "ISIC_0001769": {"official_split": "validation", "age": None},
            "ISIC_0012086": {"official_split": "test", "image_keys": ["isic:ISIC_0012086"]},
            "ISIC_0008888": {"image_id": None},
        },
        apart=[("ISIC_0000000", "ISIC_0000003")],
    )
