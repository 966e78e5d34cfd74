"""Tests and drawn sets of the catalogue: its images as the sets see them, and the table that holds the members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.splits.test_sets import Candidate, Drawn, Exclusion, Sets, draw_sets, read_exclusions
from curate.taxonomy.tree import Tree


@dataclass(frozen=True)
class Asked:
    """What is to be drawn.

    Attributes:
        sets: the tests and samples.
        kept_out: images that readers of an extended manifest took out of its sets, where these are kept.
    """

    sets: Sets
    kept_out: tuple[Exclusion, ...] = ()

    def exclusions(self) -> list[Exclusion]:
        """Return what readers are not shown.

        Raises:
            InputError: the reader's list cannot be read.
        """
        return [*self.kept_out, *read_exclusions(self.sets.exclusions)]

    def depends_on(self) -> list[Any]:
        """Return what sets depend on beside the split: what is asked, and what the reader's list says now.

        Raises:
            InputError: the list cannot be read.
        """
        return [self.sets.model_dump(mode="json", exclude={"exclusions"}), self.exclusions()]

    def settings(self) -> dict[str, Any]:
        """Return it as the record of a stage holds it."""
        return {"sets": self.sets.model_dump(mode="json"), "kept_out": [list(kept) for kept in self.kept_out]}

    @classmethod
    def recorded(cls, settings: Mapping[str, Any]) -> "Asked":
        """Return what the record of a stage says; of one from before there were sets, those of the paper."""
        kept_out = tuple(Exclusion(*kept) for kept in settings.get("kept_out", ()))
        return cls(Sets.model_validate(settings.get("sets", {})), kept_out)


def sets_of(catalogue: Catalogue, assignments: Sequence[Mapping[str, Any]], asked: Asked, seed: int, tree: Tree) -> Drawn:
    """Return the tests and drawn sets of a split that is about to be written.

    Args:
        catalogue: knows modality, confirmation, size and node of each image.
        assignments: rows with `image_id` and `split`.
        asked: the sets.
        seed: of the draws.
        tree: the taxonomy.

    Raises:
        InputError: a test names a node that the taxonomy lacks, or one on both sides; the reader's list cannot be read, or names
            an image that the catalogue lacks.
    """
    for test in asked.sets.binary:
        _require_sides(test.name, test.malignant, test.benign, tree)
    split = {row["image_id"]: row["split"] for row in assignments}
    exclusions = asked.exclusions()
    if unknown := [e.image_id for e in exclusions if e.image_id not in split]:
        raise InputError(
            f"{asked.sets.exclusions} names the image {unknown[0]}, which is not in the catalogue.", "Correct its row."
        )
    facts = catalogue.rows(
        """SELECT p.image_id, n.node_id, r.modality, r.confirmation, least(p.width, p.height)
           FROM pictures p LEFT JOIN image_nodes n USING (image_id) LEFT JOIN records r USING (image_id)"""
    )
    paths = {node: frozenset(tree.path(node)) if node else frozenset() for node in {node for _, node, *_ in facts}}
    images = [
        Candidate(
            image,
            split[image],
            paths[node],
            tree.nine_class(node) if node else None,
            tree.three_class(node) if node else None,
            modality,
            confirmation == "histopathology",
            side,
        )
        for image, node, modality, confirmation, side in facts
        if split[image] in ("test", "validation")  # no set draws from elsewhere
    ]
    groups = {"nine": [g.name for g in tree.nine], "three": [g.name for g in tree.three]}
    return draw_sets(images, asked.sets, exclusions, seed, groups)


def write_sets(catalogue: Catalogue, drawn: Drawn) -> None:
    """Put the members of all sets in place of those of the last split; inside the transaction that writes the split."""
    catalogue.execute("DELETE FROM drawn_sets")
    rows = [
        {"image_id": image, "kind": kind, "name": name}
        for kind, members in (("test", drawn.tests), ("reader_set", drawn.reader_sets))
        for image, names in members.items()
        for name in names
    ]
    catalogue.insert("drawn_sets", rows)


def _require_sides(test: str, malignant: Sequence[str], benign: Sequence[str], tree: Tree) -> None:
    for node in (*malignant, *benign):
        if node not in tree.nodes:
            raise InputError(
                f"The test {test} names the node {node}, which the taxonomy lacks.", "`curate taxonomy find` finds one."
            )
    both = [(a, b) for a in malignant for b in benign if not tree.conflict(a, b)]
    if both:
        raise InputError(f"The test {test} has {both[0][0]} and {both[0][1]} on its two sides, and one lies below the other.")
