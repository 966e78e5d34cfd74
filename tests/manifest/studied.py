"""A manifest with a set that readers can be shown, made of the drawn one, and answers of readers to it."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq

from curate.splits.test_sets import Balanced, BinaryTest, Readers, Sets
from tests.manifest.bad import Copy
from tests.manifest.redrawn import redraw

SETS = Sets(
    binary=(
        BinaryTest(
            name="mixed",
            malignant=("DC:0000018", "DC:0000014"),
            benign=("DC:0000017", "DC:0000013"),
            readers=Readers(size=6, least_side=100),
        ),
    ),
    balanced=(Balanced(name="three", level="three", each=2),),
)


def with_sets(frozen: Path, out: Path) -> Path:
    """Write a manifest of the same rows whose test `mixed` holds what is malignant or benign in the test split."""
    copy = Copy(frozen, out / "studied")
    copy.info["name"] = "studied"
    redraw(copy.images, copy.classes, copy.info, SETS)
    copy.write()
    return copy.folder


def truth(manifest: Path, key: Path) -> dict[str, bool]:
    """Return whether each case of a study is malignant."""
    label = {row["image_id"]: row["three_class"] for row in pq.read_table(manifest / "images.parquet").to_pylist()}
    return {case: label[image] == "malignant" for case, image in json.loads(key.read_text(encoding="utf-8"))["cases"].items()}


def answer(manifest: Path, key: Path, file: Path, reader: str, wrong: tuple[str, ...] = ()) -> Path:
    """Write what a reader saves who knows the truth, and errs in some cases."""
    said = json.loads(key.read_text(encoding="utf-8"))
    words = {"A": ("reassure", "biopsy"), "B": ("benign", "malignant")}[said["question"]]
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["case", "answer", "seconds", "reader", "study"])
        for case, malignant in truth(manifest, key).items():
            writer.writerow([case, words[malignant != (case in wrong)], "3.2", reader, said["study"]])
    return file
