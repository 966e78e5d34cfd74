"""`groups`: arrays for scikit-learn, whose splitters take a group for each row."""

import io
import zipfile

from curate.manifest.export.interface import Export, Format

FILE = "groups.npz"


def _write(export: Export) -> dict[str, str]:
    """Write the arrays, one value for each image in the order of images.csv; the bytes of the file depend on them alone."""
    import numpy as np

    rows = [item.row for item in export.items]
    components = [row["component"] for row in rows]
    arrays = {
        "image_id": np.array([row["image_id"] for row in rows]),
        "y": np.array([item.label for item in export.items], dtype=np.int64),
        "split": np.array([row["split"] for row in rows]),
        "fold": np.array([-1 if row["fold"] is None else row["fold"] for row in rows], dtype=np.int64),
        "component": np.array(components),
        "groups": np.unique(components, return_inverse=True)[1].astype(np.int64),
        "classes": np.array([c["id"] for c in export.classes]),
        "manifest": np.array(export.manifest.digest),
    }
    with zipfile.ZipFile(export.folder / FILE, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980, whenever it is written
            archive.writestr(member, content.getvalue(), compress_type=zipfile.ZIP_DEFLATED)
    return {}


FORMAT = Format(
    reader="scikit-learn (GroupKFold, PredefinedSplit): arrays y, split, fold, groups",
    how="""`groups.npz` has `image_id`, `y` (the number of the class in `classes.csv`), `split`, `fold` (-1 for pictures that are in
no fold's validation part), `component`, and `groups`, the components as whole numbers: one value for each row of `images.csv`.

```python
import numpy
from sklearn.model_selection import GroupKFold, PredefinedSplit, cross_val_score

data = numpy.load("groups.npz")
learn = data["split"] != "test"  # the test set is in no fold
folds = PredefinedSplit(data["fold"][learn])  # the manifest's own; -1 stays in train of every fold
scores = cross_val_score(model, X[learn], data["y"][learn], cv=folds)
scores = cross_val_score(model, X[learn], data["y"][learn], cv=GroupKFold(5), groups=data["groups"][learn])  # or new ones
```
""",
    write=_write,
    has_pictures=False,
)
