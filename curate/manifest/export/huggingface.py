"""`huggingface`: an ImageFolder of Hugging Face datasets, with metadata.csv for each split and a card.

Its reader wants all metadata.csv to have the same columns of the same types, and takes the types from the first rows of each
(https://huggingface.co/docs/datasets/image_dataset#imagefolder): a column that would be blank there in one split is left out.
Pictures lie in up to 256 folders by the beginning of their names, as the hub takes no folder of more than 10,000 files.
"""

import json

from curate.manifest.export.interface import Export, Format, Item
from curate.manifest.export.rows import cell, csv_text, described

FIRST_ROWS = 10_000
LICENCES = (  # SPDX identifiers that a card can name, in lower case; others are "other"
    *("cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
)
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def _write(export: Export) -> dict[str, str]:
    places = {}
    items = {split: export.of(split) for split in export.splits}
    columns = _columns(items)
    for split, members in items.items():
        rows = []
        for item in members:
            inside = item.name[:2]
            (export.folder / split / inside).mkdir(parents=True, exist_ok=True)
            file = f"{inside}/{export.shelf.place(item, export.folder / split / inside)}"
            places[item.image_id] = f"{split}/{file}"
            fields = described(item)
            rows.append([file, *(fields[name] for name in columns)])
        (export.folder / split / "metadata.csv").write_text(csv_text(["file_name", *columns], rows), encoding="utf-8", newline="\n")
    return places


def _columns(items: dict[str, list[Item]]) -> list[str]:
    """Return the columns that the reader gives the same type in every split."""
    splits = [[described(item) for item in members[:FIRST_ROWS]] for members in items.values()]
    return [name for name in splits[0][0] if name == "age" or all(any(cell(row[name]) for row in rows) for rows in splits)]


def _front(export: Export) -> str:
    """Return what the hub reads of the card: licences, size, and which files are which split."""
    known = {str(item.row["licence"]).lower() for item in export.items}
    licences = sorted(name if name in LICENCES else "other" for name in known)
    size = next((name for limit, name in SIZES if len(export.items) < limit), "1M<n<10M")
    lines = [
        "---",
        f"pretty_name: {json.dumps(export.manifest.info['name'])}",
        "license:",
        *(f"- {name}" for name in dict.fromkeys(licences)),
        "task_categories:",
        "- image-classification",
        "tags:",
        "- dermatology",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  drop_labels: true",
        "  data_files:",
    ]
    for split in export.splits:
        lines += [f"  - split: {split}", f'    path: "{split}/**"']
    return "\n".join([*lines, "---", "", ""])


FORMAT = Format(
    reader="Hugging Face datasets (ImageFolder with metadata.csv and a card)",
    how="""`label` is the number of the class in `classes.csv`; `component` is what has to stay together in any further split;
`fold` is -1 for a picture that is in no fold. A column that is blank in a whole split is in `images.csv` alone.

```python
import pandas
from datasets import ClassLabel, load_dataset

pictures = load_dataset(".")
names = pandas.read_csv("classes.csv").id.tolist()
pictures = pictures.cast_column("label", ClassLabel(names=names))
```
""",
    write=_write,
    may_link=True,
    front=_front,
)
