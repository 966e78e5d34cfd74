"""DermaMNIST as MedMNIST gives it: NumPy files of several sizes, and the table of ISIC numbers that others made."""

from pathlib import Path

import numpy as np

from tests.data.native import Expected, write_table
from tests.drawn import picture

HEADERS: dict[str, str] = {}


def make(folder: Path) -> Expected:
    """Write two sizes of three splits (four pictures), a corrected set of another order, another organ's set, and the table."""
    drawn = {"train": [1, 2], "val": [3], "test": [4]}
    labels = {"train": [5, 4], "val": [2], "test": [0]}
    for name, size in (("dermamnist", 28), ("dermamnist_64", 64), ("pathmnist", 28)):
        arrays(folder / f"{name}.npz", drawn, labels, size)
    arrays(folder / "dermamnist_corrected_28.npz", {"train": [4], "test": [1]}, {"train": [0], "test": [5]}, 28)
    rows = [["train", 0, "ISIC_0025001"], ["train", 1, "ISIC_0025002"], ["val", 0, "ISIC_0025003"], ["test", 9, "ISIC_0025009"]]
    write_table(folder / "dermamnist_split_info.csv", "split,index,image_id", rows)
    return Expected(
        images=10,
        tables=9,  # labels of three splits in two sizes, of two splits of the corrected set, and the numbers
        ignored=7,  # pictures and labels of another organ
        rows=10,
        without_picture=0,
        nodes={
            "dermamnist.npz/train_images/000000": "benign melanocytic lesions",
            "dermamnist_64.npz/train_images/000001": "malignant melanoma",
            "dermamnist.npz/test_images/000000": "intraepidermal keratinocyte neoplasia",
            "dermamnist_corrected_28.npz/test_images/000000": "benign melanocytic lesions",
        },
        facts={
            "dermamnist.npz/train_images/000001": {
                "image_keys": ["dermamnist:train/1", "isic:ISIC_0025002"],
                "official_split": "train",
                "modality": "dermoscopic",
                "licence": "CC-BY-NC-4.0",
            },
            "dermamnist_64.npz/val_images/000000": {
                "image_keys": ["dermamnist:val/0", "isic:ISIC_0025003"],
                "official_split": "validation",
            },
            "dermamnist.npz/test_images/000000": {"image_keys": ["dermamnist:test/0"], "official_split": "test"},
            "dermamnist_corrected_28.npz/train_images/000000": {"image_keys": [], "official_split": "train"},
        },
        together=[
            ("dermamnist.npz/train_images/000000", "dermamnist_64.npz/train_images/000000"),
            ("dermamnist.npz/test_images/000000", "dermamnist_64.npz/test_images/000000"),
        ],
        apart=[
            ("dermamnist.npz/train_images/000000", "dermamnist.npz/train_images/000001"),
            ("dermamnist.npz/train_images/000000", "dermamnist.npz/val_images/000000"),
            ("dermamnist.npz/train_images/000000", "dermamnist_corrected_28.npz/train_images/000000"),
        ],
    )


def arrays(path: Path, drawn: dict[str, list[int]], labels: dict[str, list[int]], size: int) -> None:
    """Write one NumPy file: `<split>_images` of uint8 and `<split>_labels` of one column."""
    content = {}
    for split, numbers in drawn.items():
        content[f"{split}_images"] = np.stack(
            [np.asarray(picture(n, "nevus").convert("RGB").resize((size, size))) for n in numbers]
        )
        content[f"{split}_labels"] = np.array(labels[split], dtype=np.uint8).reshape(-1, 1)
    np.savez_compressed(path, **content)
