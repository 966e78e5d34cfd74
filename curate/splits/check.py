"""What must hold of every assignment, whoever made it; looked at before a row of it is written."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from curate.errors import BrokenInvariantError


def require_sound(rows: Collection[Mapping[str, Any]], component_of: Mapping[str, str], pins: Mapping[str, str]) -> None:
    """Raise where an assignment breaks what it must keep.

    Args:
        rows: `image_id`, `split`, `excluded_reason`, `pinned`, `fold`, `quality_fail` of every image.
        component_of: the component of every image.
        pins: why a component must stay in train, of those that must.

    Raises:
        BrokenInvariantError: an image is missing or there twice, a component straddles splits or folds, what is pinned has left
            train or is in a fold, an image that fails the quality gate is held out, or an exclusion has no reason.
    """
    complete = sorted(row["image_id"] for row in rows) == sorted(component_of)
    broken = next(_broken(rows, component_of, pins), None) if complete else "its images are not those of the catalogue"
    if broken:
        raise BrokenInvariantError(f"The split was not written: {broken}.", "This is a fault of dermcurate: please report it.")


def _broken(rows: Collection[Mapping[str, Any]], component_of: Mapping[str, str], pins: Mapping[str, str]) -> Iterator[str]:
    split_of: dict[str, str] = {}
    fold_of: dict[str, int | None] = {}
    for row in rows:
        image, split, fold = row["image_id"], row["split"], row["fold"]
        component = component_of[image]
        if (split == "excluded") != (row["excluded_reason"] is not None):
            yield f"{image} is in {split}, excluded because of {row['excluded_reason']!r}"
        if split == "excluded":
            if fold is not None:
                yield f"{image} is excluded, and in fold {fold}"
            continue
        if split_of.setdefault(component, split) != split:
            yield f"component {component} is in {split_of[component]} and in {split}"
        if fold_of.setdefault(component, fold) != fold:
            yield f"component {component} is in fold {fold_of[component]} and in fold {fold}"
        if row["pinned"] != pins.get(component):
            yield f"{image} is pinned {row['pinned']!r}, its component {pins.get(component)!r}"
        if component in pins and (split, fold) != ("train", None):
            yield f"{image} must stay in train ({pins[component]}), and is in {split}, fold {fold}"
        if split == "test" and fold is not None:
            yield f"{image} is in the test, and in fold {fold}"
        if split != "train" and row["quality_fail"]:
            yield f"{image} is in {split}, and fails the quality gate ({row['quality_fail']})"
