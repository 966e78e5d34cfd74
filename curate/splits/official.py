"""The protocol `official`: the publishers' own split, kept where it is sound, and what of it cannot be kept taken out.

What a publisher holds out is held out, and nothing else is: the test is a part of the published test, and so for validation.
A component with an image on the test side is of the test, else with one on the validation side of validation, else of train;
of its images those that the publisher put there stay, and the others overlap them and are excluded. An image that must not be
held out (in doubt, in a conflict of labels, of poor quality) is excluded and not moved to train, since it was published as a
test image. Images that no adopted split speaks of are trained on where they touch nothing that is held out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from curate.splits.atom import Atom
from curate.splits.images import Image

ORDER = ("test", "validation", "train")  # where a component straddles, the first of its sides stays


@dataclass(frozen=True)
class Adopted:
    """A publisher's split as it can be kept.

    Attributes:
        splits: the split of every component.
        reasons: for each image that is taken out, why. What is left of a component that is held out need not stay in train.
    """

    splits: dict[str, str]
    reasons: dict[str, str]


def adopt(images: Iterable[Image], atoms: Iterable[Atom], reasons: Collection[str], sources: Collection[str]) -> Adopted:
    """Return the split that the publishers of some sources made, as it can be kept.

    Args:
        images: all; also one that cannot stand in a split decides on which side its component is.
        atoms: the components that hold images that can stand in a split, and why they must not be held out.
        reasons: the images that cannot stand in a split.
        sources: whose split is adopted.
    """
    images = list(images)
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for image in images:
        sides[image.component].add(side_of(image, sources) or "train")
    splits = {component: next(side for side in ORDER if side in held) for component, held in sides.items()}
    pins = {atom.component: ",".join(pin for pin in atom.pinned if pin != "quality") for atom in atoms}
    out: dict[str, str] = {}
    for image in images:
        split = splits[image.component]
        if image.image_id in reasons or split == "train":
            continue
        if side_of(image, sources) != split:
            out[image.image_id] = f"overlaps_{split}"
        elif unfit := pins[image.component] or ("quality" if image.quality_fail else ""):
            out[image.image_id] = unfit
    return Adopted(splits, out)


def side_of(image: Image, sources: Collection[str]) -> str | None:
    """Return the side on which an adopted split puts an image, or None where none speaks of it."""
    return image.official if image.source in sources else None
