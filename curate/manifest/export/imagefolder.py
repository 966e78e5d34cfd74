"""`imagefolder`: a tree `split/class/picture` for torchvision.datasets.ImageFolder, keras and timm."""

from curate.manifest.export.interface import Export, Format
from curate.manifest.export.names import class_folder


def _write(export: Export) -> dict[str, str]:
    """Write the tree. Every split has the folders of all classes, empty or not: else a reader would number them anew."""
    folders = [class_folder(c["id"]) for c in export.classes]
    places = {}
    for split in export.splits:
        for name in folders:
            (export.folder / split / name).mkdir(parents=True)
        for item in export.of(split):
            inside = f"{split}/{folders[item.label]}"
            places[item.image_id] = f"{inside}/{export.shelf.place(item, export.folder / inside)}"
    return places


FORMAT = Format(
    reader="torchvision.datasets.ImageFolder, and whatever reads a tree split/class/picture",
    how="""Every split has a folder for each class, in the order of `classes.csv`, so that a class has one number in all of them.
Some are empty, which `allow_empty` allows (a class may have no picture in a small test set); without it torchvision refuses,
as it must not number the classes of each split anew.

```python
from torchvision.datasets import ImageFolder

train = ImageFolder("train", allow_empty=True)
test = ImageFolder("test", allow_empty=True)
assert train.class_to_idx == test.class_to_idx
```
""",
    write=_write,
    may_link=True,
)
