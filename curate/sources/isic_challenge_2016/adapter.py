"""The two ground truth tables: the publisher's have no line of column names, and training and test write the label differently."""

import re
from collections.abc import Iterator, Mapping

from curate.sources.registry import Raw, Row

IMAGE = re.compile(r"ISIC_\d{7}", re.IGNORECASE)
WORDS = {"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}


def extend(raw: Raw, rows: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    """Yield the rows of the tables by image, without the line of column names that copies of them have."""
    del rows
    for line, row in raw.get("ground_truth", []):
        if IMAGE.fullmatch(row["image_id"]) or (line > 1 and row["image_id"]):
            yield row["image_id"], {"label": WORDS.get(row["label"], row["label"])}
