"""Strata: what a split should hold in equal proportions, how far it does, and where no split could.

A stratum is a value of one of the four dimensions, a cell of all four, or all images. Cells are what is asked for (class ×
source × modality × skin type); the values are there since many small cells may each be within tolerance and all err to one
side. Of a stratum the images are counted that may stand in the set at all: not those of pinned components, and for the test
only those that the protocol allows there.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from math import ceil, floor
from typing import Any

from curate.splits.atom import Atom, Cell, Cells, foldable
from curate.splits.protocol import Protocol

DIMENSIONS = ("class", "source", "modality", "skin_type")
ALL = "all"


class Task:
    """The proportions asked of a set of components.

    Attributes:
        atoms: the components that are not pinned.
        parts: the sets; where `room` is None for the last alone, that is the rest, and has no proportion to keep.
        room: for each part the most images that it may take, or None.
        measured: how many of the parts have a proportion to keep.
        pool: for each part and stratum the images that may stand there.
        shares: for each part the share of its pool that should stand there.
        wanted: for each part and stratum the images that should.
    """

    def __init__(self, atoms: list[Atom], parts: tuple[str, ...], room: list[int | None], tolerance: float) -> None:
        """Take the atoms that are not pinned, the parts with the images that each may take, and the tolerance."""
        self.atoms, self.parts, self.room, self.tolerance = atoms, parts, room, tolerance
        self.measured = sum(size is not None for size in room) or len(parts)
        self._whole = {atom.component: _strata(atom.cells) for atom in atoms}
        self._tested = {atom.component: _strata(atom.test_cells) for atom in atoms if atom.test_cells is not None}
        self.pool: list[Counter[str]] = [Counter() for _ in parts]
        sizes = [0] * len(parts)
        for atom in atoms:
            for part in self.allowed(atom):
                self.pool[part].update(self.strata(atom, part))
                sizes[part] += atom.size
        even = 1 / len(parts)  # of folds; what is the rest has no share of its own
        self.shares = [even if r is None else min(r, size) / max(size, 1) for r, size in zip(room, sizes, strict=True)]
        self.wanted = [{s: share * n for s, n in pool.items()} for share, pool in zip(self.shares, self.pool, strict=True)]
        if self.measured < len(parts):
            given = self.wanted[: self.measured]
            self.wanted[-1] = {s: n - sum(wanted.get(s, 0.0) for wanted in given) for s, n in self.pool[-1].items()}

    def allowed(self, atom: Atom) -> list[int]:
        """Return the parts in which a component may stand."""
        return [n for n, part in enumerate(self.parts) if part != "test" or atom.testable]

    def strata(self, atom: Atom, part: int) -> dict[str, int]:
        """Return the images that a component brings to a part, by stratum."""
        tested = self._tested.get(atom.component) if self.parts[part] == "test" else None
        return self._whole[atom.component] if tested is None else tested

    def off(self, part: int, stratum: str, images: float) -> float:
        """Return by how much the share of a stratum in a part differs from the share of all."""
        pool = self.pool[part][stratum]
        return abs(images / pool - self.shares[part]) if pool else 0.0

    @cached_property
    def too_few(self) -> frozenset[str]:
        """The strata whose components are too few, or too large, for any assignment of them to be within the tolerance."""
        sizes: list[defaultdict[str, list[int]]] = [defaultdict(list) for _ in self.parts]
        for atom in self.atoms:
            for part in self.allowed(atom):
                for stratum, images in self.strata(atom, part).items():
                    sizes[part][stratum].append(images)
        found = set()
        for stratum, pool in self.pool[-1].items():
            fewest = most = 0
            for part, share in enumerate(self.shares[: self.measured]):
                least, greatest = self._bounds(part, stratum, share)
                fewest, most = fewest + least, most + greatest
                if not reaches(sizes[part][stratum], least, greatest):
                    found.add(stratum)
            if fewest > pool or (self.measured == len(self.parts) and most < pool):
                found.add(stratum)
        return frozenset(found)

    def _bounds(self, part: int, stratum: str, share: float) -> tuple[int, int]:
        """Return how many images of a stratum a part holds at least and at most when it is within the tolerance."""
        pool = self.pool[part][stratum]
        return max(0, ceil((share - self.tolerance) * pool - 1e-9)), floor((share + self.tolerance) * pool + 1e-9)


def reaches(sizes: list[int], least: int, most: int) -> bool:
    """Say whether some of the sizes add up to a number from `least` to `most`."""
    if any(least <= total <= most for total in accumulate(sorted(sizes), initial=0)):  # nearly always, and fast
        return True
    sums = 1  # a bit for each sum that can be had
    for size in sizes:
        sums |= (sums << size) & ((2 << most) - 1)
    return sums >> least != 0


def splits_task(atoms: list[Atom], protocol: Protocol) -> Task:
    """Return the task of making test and validation, train being the rest."""
    total = sum(atom.size for atom in atoms)
    room = [round(share * total) for share in protocol.shares().values()]
    return Task([a for a in atoms if not a.pinned], ("test", "validation", "train"), [*room, None], protocol.tolerance)


def folds_task(atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol) -> Task:
    """Return the task of making folds of equal size."""
    parts = tuple(f"fold {n}" for n in range(protocol.folds))
    return Task(foldable(atoms, splits), parts, [None] * protocol.folds, protocol.tolerance)


def deviations(task: Task, placed: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return a row for each stratum, those furthest from the proportion of all first.

    Args:
        task: what was asked.
        placed: the part of each component.

    Returns:
        `stratum`, `images` and `components` in it (without pinned ones), `deviation` (the largest over the sets), `in` (the set
        in which it is), `share` (of the stratum's images there), `wanted` (the share asked), `too_few` (no assignment of the
        stratum's components is within the tolerance).
    """
    held: list[Counter[str]] = [Counter() for _ in task.parts]
    components: Counter[str] = Counter()
    for atom in task.atoms:
        held[placed[atom.component]].update(task.strata(atom, placed[atom.component]))
        components.update(task.strata(atom, len(task.parts) - 1).keys())
    rows = []
    for stratum in components:
        off = [task.off(part, stratum, held[part][stratum]) for part in range(task.measured)]
        part = off.index(max(off))
        rows.append(
            {
                "stratum": stratum,
                "images": task.pool[-1][stratum],
                "components": components[stratum],
                "deviation": round(off[part], 4),
                "in": task.parts[part],
                "share": round(held[part][stratum] / max(task.pool[part][stratum], 1), 4),
                "wanted": round(task.shares[part], 4),
                "too_few": stratum in task.too_few,
            }
        )
    return sorted(rows, key=lambda row: (-row["deviation"], row["stratum"]))


def _strata(cells: Cells) -> dict[str, int]:
    """Return images by stratum: all, by value of each dimension, by cell."""
    held: Counter[str] = Counter()
    for cell, images in cells:
        held[ALL] += images
        held[cell_name(cell)] += images
        held.update({f"{name} {value}": images for name, value in zip(DIMENSIONS, cell, strict=True)})
    return dict(held)


def cell_name(cell: Cell) -> str:
    """Return the name of the stratum that a cell is."""
    return " × ".join(cell)
