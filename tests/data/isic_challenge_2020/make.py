"""ISIC 2020: both training tables, the list of duplicates, the test table with other names of its columns, DICOM left aside."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "ISIC_2020_Training_GroundTruth.csv": (
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    ),
    "ISIC_2020_Training_GroundTruth_v2.csv": (
        "image_name,patient_id,lesion_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    ),
    "ISIC_2020_Training_Duplicates.csv": "image_name_1,image_name_2",
}


def make(folder: Path) -> Expected:
    """Write seven pictures, two training rows without one, three test rows, and two declared pairs, one across two lesions."""
    rows = [
        ["ISIC_2637011", "IP_7279968", "IL_7972535", "male", 45, "head/neck", "unknown", "benign", 0],
        ["ISIC_0015719", "IP_7279968", "IL_4649854", "male", 45, "upper extremity", "nevus", "benign", 0],
        ["ISIC_0079038", "IP_2842074", "IL_6906684", "", "", "", "melanoma", "malignant", 1],
        ["ISIC_8521950", "IP_2842074", "IL_6906684", "", "", "", "melanoma", "malignant", 1],
        ["ISIC_1300006", "IP_0000001", "IL_0000001", "female", 90, "torso", "cafe-au-lait macule", "benign", 0],
        ["ISIC_9126974", "IP_0000001", "IL_0000002", "female", 90, "palms/soles", "lentigo NOS", "benign", 0],
    ]
    write_table(folder / "ISIC_2020_Training_GroundTruth_v2.csv", HEADERS["ISIC_2020_Training_GroundTruth_v2.csv"], rows)
    first = [[r[0], r[1], r[3], f"{r[4]}.0" if r[4] != "" else "", *r[5:]] for r in rows]  # no lesions, 45.0 for 45
    write_table(folder / "ISIC_2020_Training_GroundTruth.csv", HEADERS["ISIC_2020_Training_GroundTruth.csv"], first)
    write_table(
        folder / "ISIC_2020_Training_Duplicates.csv",
        HEADERS["ISIC_2020_Training_Duplicates.csv"],
        [["ISIC_0079038", "ISIC_8521950"], ["ISIC_1300006", "ISIC_9126974"]],
    )
    write_table(
        folder / "ISIC_2020_Test_Metadata.csv",
        "image,patient,sex,age_approx,anatom_site_general",
        [["ISIC_0052060", "IP_3579794", "male", 70, ""], ["ISIC_0052349", "IP_3579794", "male", 40, "lower extremity"]],
    )
    # the Kaggle edition's table of the test part beside it
    write_table(
        folder / "test.csv",
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge",
        [["ISIC_0052060", "IP_3579794", "male", "70.0", ""], ["ISIC_0058510", "IP_7782715", "female", "55.0", "torso"]],
    )
    for n, name in enumerate(("ISIC_2637011", "ISIC_0015719", "ISIC_0079038", "ISIC_1300006")):
        save(folder / "ISIC_2020_Training_JPEG" / "train" / f"{name}.jpg", n)
    save(folder / "ISIC_2020_Test_JPEG" / "ISIC_2020_Test_Input" / "ISIC_0052060.jpg", 10)
    save(folder / "ISIC_2020_Test_JPEG" / "ISIC_2020_Test_Input" / "ISIC_0052349.jpg", 11)
    save(folder / "jpeg" / "test" / "ISIC_0058510.jpg", 12)
    for name in ("train/ISIC_2637011.dcm", "tfrecords/train00-2071.tfrec", "sample_submission.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not read")
    return Expected(
        images=7,
        tables=5,
        ignored=3,
        rows=9,
        without_picture=2,
        relations=2,
        lesions=5,
        patients=5,
        nodes={
            "ISIC_2637011": "benign skin lesion",  # `unknown` is benign without a name
            "ISIC_0015719": "benign melanocytic lesions",
            "ISIC_0079038": "malignant melanoma",
            "ISIC_1300006": "cafe-au-lait macule",  # benign_malignant does not contradict it
            "ISIC_0052060": None,
        },
        facts={
            "ISIC_2637011": {
                "lesion_keys": ["isic:IL_7972535"],
                "patient_keys": ["isic:IP_7279968"],
                "confirmation": None,
                "site": "head_neck",
                "official_split": "train",
                "licence": "CC-BY-NC-4.0",
                "age": 45.0,
            },
            "ISIC_0079038": {"confirmation": "histopathology", "sex": None, "age": None, "site": None},
            "ISIC_8521950": {"image_id": None, "lesion_keys": ["isic:IL_6906684"]},
            "ISIC_1300006": {"site": "torso", "confirmation": None},
            "ISIC_0052349": {"patient_keys": ["isic:IP_3579794"], "site": "lower_extremity", "official_split": "test"},
            "ISIC_0058510": {"patient_keys": ["isic:IP_7782715"], "official_split": "test"},
        },
        together=[
            ("ISIC_2637011", "ISIC_0015719"),
            ("ISIC_0079038", "ISIC_8521950"),
            ("ISIC_1300006", "ISIC_9126974"),
            ("ISIC_0052060", "ISIC_0052349"),
        ],
        apart=[("ISIC_2637011", "ISIC_0079038"), ("ISIC_0052060", "ISIC_0058510")],
    )
