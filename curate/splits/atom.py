"""The atom of every split: a component, as the assignments see it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.splits.protocol import Protocol

Cell = tuple[str, ...]
Cells = tuple[tuple[Cell, int], ...]


@dataclass(frozen=True)
class Atom:
    """A component as the assignment sees it.

    Attributes:
        component: its name.
        size: its images that can stand in a split.
        pinned: why it must stay in train; empty when it need not.
        testable: whether the protocol allows it in a test.
        members: the ids of all its images, whether they can stand in a split or not; `standing`: of those that can.
        cells: how many of its images that can stand in a split lie in which cell: a value for each of `strata.DIMENSIONS`.
        test_cells: the same of those that stay when it is the test's (`paper` excludes the others); None: all.
    """

    component: str
    size: int
    pinned: tuple[str, ...]
    testable: bool
    members: tuple[str, ...] = ()
    cells: Cells = ()
    test_cells: Cells | None = None
    standing: tuple[str, ...] = ()


def draw(seed: int, purpose: str, name: str) -> bytes:
    """Return 32 bytes that seed, purpose and name fix: in their order, names are drawn."""
    return hashlib.sha256(f"{seed}\n{purpose}\n{name}".encode()).digest()


def lacking(atoms: Iterable[Atom], protocol: Protocol, fixed: Mapping[str, str]) -> dict[str, int]:
    """Return how many images test and validation may take beyond those of the components that are fixed to them."""
    sizes = {atom.component: atom.size for atom in atoms}
    total = sum(sizes.values())
    return {
        split: max(0, round(share * total) - sum(sizes.get(c, 0) for c, where in fixed.items() if where == split))
        for split, share in protocol.shares().items()
    }


def foldable(atoms: Iterable[Atom], splits: Mapping[str, str]) -> list[Atom]:
    """Return the atoms that take part in cross-validation: not in the test, not pinned."""
    return [atom for atom in atoms if not atom.pinned and splits[atom.component] != "test"]
