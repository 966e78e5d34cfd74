"""DERM12345: folders of subclasses in an archive and on disk, one table as comma-separated text, one as Dataverse writes it."""

import zipfile
from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {"derm12345_metadata_train.csv": "image_id,split,super_class,malignancy,main_class_1,main_class_2,sub_class,label"}


def make(folder: Path) -> Expected:
    """Write seven pictures: one in the wrong folder, one without a row, two without a folder; eight rows, three of two patients."""
    nevus = ["melanocytic", "benign", "banal_compound", ""]
    rows = [
        ["ID_100001", "train", *nevus, "acral", "acb"],
        ["ID_100002", "train", *nevus, "banal_compound_nevus", "cb"],
        ["ID_100003", "train", "nonmelanocytic", "malignant", "keratinocytic", "keratinocytic", "bowen_disease", "bd"],
        ["ID_100004", "train", "melanocytic", "malignant", "melanoma", "", "melanoma", "mel"],
    ]
    write_table(folder / "derm12345_metadata_train.csv", HEADERS["derm12345_metadata_train.csv"], rows)
    columns = [*HEADERS["derm12345_metadata_train.csv"].split(","), "patient_id"]
    lines = [
        ["ID_200001", "test", "nonmelanocytic", "indeterminate", "keratinocytic", "", "actinic_keratosis", "ak", "51"],
        ["ID_200002", "test", "nonmelanocytic", "indeterminate", "keratinocytic", "", "actinic_keratosis", "ak", "51"],
        ["ID_200003", "test", "melanocytic", "benign", "lentigo", "", "solar_lentigo", "sl", "52"],
        ["ID_200004", "test", "melanocytic", "benign", "lentigo", "", "solar_lentigo", "sl", ""],
    ]
    text = "\n".join("\t".join(f'"{cell}"' for cell in line) for line in [columns, *lines])
    (folder / "derm12345_metadata_test.tab").write_text(text + "\n", encoding="utf-8-sig")
    packed = folder / "ID_100001.jpg"
    save(packed, 1)
    with zipfile.ZipFile(folder / "derm12345_train_part_1.zip", "w") as archive:
        archive.write(packed, "derm12345_train_part_1/acb/ID_100001.jpg")
    packed.unlink()
    part = folder / "derm12345_train_part_2"
    save(part / "mel" / "ID_100002.jpg", 2)  # the table says cb
    save(part / "bd" / "ID_100003.jpg", 3)
    save(part / "ks" / "ID_100009.jpg", 4)  # no row
    save(folder / "derm12345_test" / "ak" / "ID_200001.jpg", 5)
    save(folder / "derm12345_test" / "ID_200002.jpg", 6)
    save(folder / "derm12345_test" / "test" / "ID_200003.jpg", 7)
    return Expected(
        images=7,
        tables=2,
        rows=8,
        without_picture=2,
        patients=2,
        nodes={
            "ID_100001": "acral nevus",
            "ID_100002": "compound nevus",
            "ID_100009": "Kaposi sarcoma",
            "ID_200002": "actinic keratosis",
            "ID_200003": "solar lentigo",
        },
        facts={
            "ID_100001": {"official_split": "train", "modality": "dermoscopic", "patient_keys": [], "confirmation": None},
            "ID_200001": {"official_split": "test", "patient_keys": ["derm12345:51"]},
            "ID_100009": {"official_split": None},
            "ID_200004": {"image_id": None, "patient_keys": []},
        },
        together=[("ID_200001", "ID_200002")],
        apart=[("ID_200001", "ID_200003"), ("ID_100001", "ID_100002")],
    )
