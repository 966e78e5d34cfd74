"""The rows of a manifest that a model learns from or is measured on."""

import hashlib
from dataclasses import dataclass

from curate.errors import InputError
from curate.manifest.read import Manifest


@dataclass(frozen=True)
class Row:
    """One image of a split; `target` is the position of its training class in the manifest's list."""

    image_id: str
    source: str
    path: str
    component: str
    target: int
    nine_class: str | None
    three_class: str


def class_ids(manifest: Manifest) -> list[str]:
    """Return the ids of the training classes, in the order of a model's outputs."""
    return [c["id"] for c in manifest.classes["training_classes"]]


def rows_of(manifest: Manifest, split: str, *, limit: int | None = None, seed: int = 0) -> list[Row]:
    """Return the images of a split, sorted by id.

    Args:
        manifest: the manifest.
        split: train, validation or test.
        limit: at most so many, drawn by a hash of seed and image id.
        seed: another seed, another draw.

    Raises:
        InputError: the split holds no image.
    """
    position = {name: n for n, name in enumerate(class_ids(manifest))}
    names = ("image_id", "source", "path", "component", "training_class", "nine_class", "three_class", "split")
    columns = manifest.images.select(names).to_pydict()
    rows = [
        Row(image, source, path, component, position[target], nine, three)
        for image, source, path, component, target, nine, three, of in zip(*(columns[n] for n in names), strict=True)
        if of == split
    ]
    if not rows:
        raise InputError(f"{manifest.folder} has no image in {split}.", "Choose another --split, or freeze with another protocol.")
    if limit is not None and limit < len(rows):
        rows = sorted(rows, key=lambda r: hashlib.sha256(f"{seed}\n{r.image_id}".encode()).digest())[:limit]
    return sorted(rows, key=lambda r: r.image_id)
