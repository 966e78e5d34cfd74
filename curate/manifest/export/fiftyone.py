"""`fiftyone`: for each split a FiftyOneImageClassificationDataset, FiftyOne's own folder of pictures with labels.json.

The format: https://docs.voxel51.com/user_guide/dataset_creation/datasets.html#fiftyoneimageclassificationdataset
"""

import json

from curate.manifest.export.interface import Export, Format


def _write(export: Export) -> dict[str, str]:
    names = [f"{c['id']} {c['title']}" for c in export.classes]
    places = {}
    for split in export.splits:
        inside = f"{split}/data"
        (export.folder / inside).mkdir(parents=True)
        members = export.of(split)
        for item in members:
            places[item.image_id] = f"{inside}/{export.shelf.place(item, export.folder / inside)}"
        labels = {"classes": names, "labels": {item.name: item.label for item in members}}
        text = json.dumps(labels, indent=1, ensure_ascii=False) + "\n"
        (export.folder / split / "labels.json").write_text(text, encoding="utf-8", newline="\n")
    return places


FORMAT = Format(
    reader="FiftyOne (a FiftyOneImageClassificationDataset for each split)",
    how="""Read by `fiftyone.types.FiftyOneImageClassificationDataset`, one folder for each split; other columns come from
`images.csv`.

```python
import fiftyone
import pandas

pictures = fiftyone.Dataset("NAME")
for split in ("train", "validation", "test"):
    pictures.add_dir(dataset_dir=split, dataset_type=fiftyone.types.FiftyOneImageClassificationDataset, tags=split)
rows = pandas.read_csv("images.csv").set_index("file")
for sample in pictures.iter_samples(autosave=True):
    sample["component"] = rows.component["/".join(sample.filepath.split("/")[-3:])]
```
""",
    write=_write,
    may_link=True,
)
