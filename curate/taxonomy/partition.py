"""The disease partitioning algorithm: training classes of limited size (Esteva et al. 2017, Methods and Extended Data Table 1)."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.errors import InputError
from curate.taxonomy.tree import Tree

TINY = 10  # images below which a training class deserves a warning


@dataclass(frozen=True)
class TrainingClass:
    """A class that a network is trained on.

    Attributes:
        class_id: the node's id, with `:own` behind it where the class holds the images of an inner node itself only.
        node_id: the node that names the class.
        nodes: all nodes whose images belong to it, sorted.
        own: whether it holds one split inner node's own images.
        images: how many there are.
    """

    class_id: str
    node_id: str
    nodes: tuple[str, ...]
    own: bool
    images: int

    def title(self, tree: Tree) -> str:
        """Return the class's name for people."""
        return tree.nodes[self.node_id].name + (", not further specified" if self.own else "")


def partition(
    tree: Tree, counts: Mapping[str, int], max_class_size: int, *, inclusive: bool = True, as_printed: bool = False
) -> list[TrainingClass]:
    """Cut the tree into training classes, sorted by id.

    The descent starts at each of the nine classes, so that no training class crosses one. A node whose images, with those
    of its descendants, are within the limit is a class; a larger one is divided into its children, and images that lie on
    it itself become a class of their own: the published pseudo-code loses those, and leaves above the limit, and the
    authors' own program keeps them. Images on a root, above the nine, are a class of their own likewise.

    Args:
        tree: the taxonomy.
        counts: images by node, each image once.
        max_class_size: the limit; the paper's is 1,000.
        inclusive: whether a class may have exactly that many ("does not exceed"); the published line 15 says fewer.
        as_printed: follow the published pseudo-code to the letter, which leaves images without a class; for comparison only.

    Raises:
        InputError: the limit is below 1.
    """
    if max_class_size < 1:
        raise InputError(f"max_class_size is {max_class_size}; it must be at least 1.")
    totals: dict[str, int] = {}
    for node in sorted(tree.nodes, key=tree.depth, reverse=True):
        totals[node] = counts.get(node, 0) + sum(totals[child] for child in tree.children.get(node, ()))

    def own(node: str) -> list[TrainingClass]:
        images = counts.get(node, 0)
        if not images or as_printed:
            return []
        leaf = not tree.children.get(node)
        return [TrainingClass(node if leaf else f"{node}:own", node, (node,), not leaf, images)]

    def divide(node: str) -> list[TrainingClass]:
        if not totals[node]:
            return []
        if totals[node] < max_class_size or (inclusive and totals[node] == max_class_size):
            return [TrainingClass(node, node, tuple(sorted(tree.descendants(node))), False, totals[node])]
        return own(node) + [c for child in tree.children.get(node, ()) for c in divide(child)]

    classes = [c for root in tree.three for c in own(root.node_id)]
    classes += [c for group in tree.nine for c in divide(group.node_id)]
    return sorted(classes, key=lambda c: c.class_id)


def assign(classes: Sequence[TrainingClass]) -> dict[str, str]:
    """Return the training class of each node that belongs to one."""
    return {node: c.class_id for c in classes for node in c.nodes}


@dataclass(frozen=True)
class Sizes:
    """How large training classes are, in images; all zero without classes."""

    classes: int
    images: int
    smallest: int
    median: float
    mean: float
    largest: int
    over_limit: int
    under_ten: int

    @classmethod
    def of(cls, classes: Sequence[TrainingClass], max_class_size: int) -> "Sizes":
        """Return the distribution."""
        sizes = sorted(c.images for c in classes)
        return cls(
            classes=len(sizes),
            images=sum(sizes),
            smallest=min(sizes, default=0),
            median=float(statistics.median(sizes)) if sizes else 0.0,
            mean=round(statistics.fmean(sizes), 1) if sizes else 0.0,
            largest=max(sizes, default=0),
            over_limit=sum(1 for n in sizes if n > max_class_size),
            under_ten=sum(1 for n in sizes if n < TINY),
        )


def classes_json(
    tree: Tree, classes: Sequence[TrainingClass], *, used_nodes: Sequence[str], max_class_size: int, inclusive: bool = True
) -> dict[str, Any]:
    """Return the content of a manifest's `classes.json` (schemas/manifest/README.md)."""
    named = set(used_nodes) | {node for c in classes for node in c.nodes} | {g.node_id for g in (*tree.three, *tree.nine)}
    nodes = sorted({ancestor for node in named for ancestor in tree.path(node)})
    return {
        "taxonomy": {"version": tree.version, "sha256": tree.digest},
        "partition": {"max_class_size": max_class_size, "inclusive": inclusive, "counted": "images in splits"},
        "three": [{"name": g.name, "index": g.index, "node_id": g.node_id} for g in tree.three],
        "nine": [
            {
                "name": g.name,
                "index": g.index,
                "three": tree.three_class(g.node_id),
                "node_id": g.node_id,
                "title": tree.nodes[g.node_id].name,
            }
            for g in tree.nine
        ],
        "nodes": [
            {"node_id": n, "name": tree.nodes[n].name, "parent_id": tree.nodes[n].parent_id, "malignancy": tree.nodes[n].malignancy}
            for n in nodes
        ],
        "training_classes": [
            {
                "id": c.class_id,
                "title": c.title(tree),
                "nodes": list(c.nodes),
                "own": c.own,
                "nine": tree.nine_class(c.node_id),
                "three": tree.three_class(c.node_id),
                "images": c.images,
            }
            for c in classes
        ],
    }
