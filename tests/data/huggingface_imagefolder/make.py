"""An image folder of the Hub: splits below `data`, tables of two forms, one split by class folders, one without a table."""

import json
from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS: dict[str, str] = {}


def make(folder: Path) -> Expected:
    """Write eight pictures (one without a row, two in class folders), six rows (one without a picture) in two tables."""
    data = folder / "data"
    rows = [
        ["0001.png", "melanoma", "", "P1", "1", 61, "F"],
        ["images/0002.JPG", "nevus", "", "P2", "1", "", "unknown"],
        ["0003.png", "", "psoriasis|eczema", "P1", "1", 62, "female"],
        ["0004.png", "vascular_lesions", "", "", "L9", 20, "m"],
    ]
    write_table(data / "train" / "metadata.csv", "file_name,label,labels,patient_id,lesion_id,age,gender", rows)
    lines = [
        {"file_name": "0001.png", "label": "basal cell carcinoma", "patient_id": "P3", "bbox": [1, 2, 3, 4]},
        {"file_name": "0009.png", "label": "melanoma", "patient_id": "P1"},
    ]
    (data / "test").mkdir(parents=True)
    (data / "test" / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for n, name in enumerate(("train/0001.png", "train/images/0002.JPG", "train/0003.png", "train/0004.png", "test/0001.png")):
        save(data / name, n)
    save(data / "test" / "0005.png", 20)
    save(data / "dev" / "dermatofibroma" / "a.png", 21)
    save(data / "dev" / "nevus" / "a.png", 22)
    (folder / "README.md").write_text("the card", encoding="utf-8")
    (data / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    return Expected(
        images=8,
        tables=2,
        ignored=2,
        rows=6,
        without_picture=1,
        lesions=3,
        patients=3,
        nodes={
            "train/0001": "malignant melanoma",
            "train/images/0002": "benign melanocytic lesions",
            "train/0003": "inflammatory conditions",
            "test/0001": "basal cell carcinoma",
            "test/0005": None,
            "dev/dermatofibroma/a": "dermatofibroma",
        },
        facts={
            "train/0001": {
                "official_split": "train",
                "age": 61.0,
                "sex": "female",
                "lesion_keys": ["huggingface_imagefolder:P1/1"],
            },
            "train/images/0002": {"sex": None, "age": None, "lesion_keys": ["huggingface_imagefolder:P2/1"]},
            "train/0004": {"patient_keys": [], "lesion_keys": ["huggingface_imagefolder:L9"], "sex": "male"},
            "test/0001": {"official_split": "test", "lesion_keys": []},
            "test/0009": {"image_id": None, "patient_keys": ["huggingface_imagefolder:P1"]},
            "dev/nevus/a": {"official_split": "validation", "patient_keys": []},
        },
        together=[("train/0001", "train/0003"), ("train/0001", "test/0009")],
        apart=[("train/0001", "train/images/0002"), ("train/0001", "test/0001"), ("dev/nevus/a", "dev/dermatofibroma/a")],
    )
