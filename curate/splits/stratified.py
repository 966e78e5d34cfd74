"""Assignment that keeps proportions: greedy iterative stratification over whole components, then repair.

The rarest cell goes first, and of it the largest component, since these have the fewest ways to go; equal ones are drawn by
seed. Each component goes where the squared distance of all its strata to what is wanted grows least (Sechidis et al. 2011 do
so for images with several labels). Where a stratum is still further off than the tolerance, components are moved or swapped
as long as that helps. No set exceeds its share.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice

from curate.splits.atom import Atom, Cells, draw
from curate.splits.protocol import Protocol
from curate.splits.strata import ALL, Task, folds_task, splits_task

TRIES = 20_000  # moves and swaps looked at, at most: some seconds
CHOICES = 24  # kinds of components looked at on either side of a swap

LEAST_RELIEF = 1e-12
LEAST_WANTED = 0.5  # images: of a stratum that a part should hardly have

Move = tuple[Atom, int]
Kind = tuple[bool, Cells, Cells | None]


def stratified_splits(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the split of each component."""
    task = splits_task(atoms, protocol)
    place = {split: n for n, split in enumerate(task.parts)}
    placed = stratify(task, protocol.seed, {component: place[split] for component, split in fixed.items()})
    pinned = {atom.component: fixed.get(atom.component, "train") for atom in atoms if atom.pinned}
    return pinned | {component: task.parts[part] for component, part in placed.items()}


def stratified_folds(atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol, fixed: Mapping[str, int]) -> dict[str, int]:
    """Return the fold of each component that takes part."""
    return stratify(folds_task(atoms, splits, protocol), protocol.seed, fixed)


def stratify(task: Task, seed: int, fixed: Mapping[str, int]) -> dict[str, int]:
    """Return the part of each component of a task; those that are fixed keep theirs."""
    state = _State(task)
    for atom in task.atoms:
        if atom.component in fixed:
            state.put(atom, fixed[atom.component])
    cells = Counter({cell: 0 for atom in task.atoms for cell, _ in atom.cells})
    for atom in task.atoms:
        cells.update(dict(atom.cells))
    order = sorted(
        (min((cells[cell], cell) for cell, _ in atom.cells), -atom.size, draw(seed, task.parts[0], atom.component), n)
        for n, atom in enumerate(task.atoms)
        if atom.component not in fixed
    )
    free = [task.atoms[n] for *_, n in order]
    for (*_, drawn, _), atom in zip(order, free, strict=True):
        parts = [part for part in task.allowed(atom) if state.has_room(part, atom.size)]
        first = drawn[0] % len(parts)  # of parts that are as good, a drawn one
        state.put(atom, min(parts[first:] + parts[:first], key=partial(state.cost, atom)))
    _repair(state, free)
    return state.placed


class _State:
    """Where components stand, and how many images of each stratum that makes in each part."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.placed: dict[str, int] = {}
        self.held: list[Counter[str]] = [Counter() for _ in task.parts]
        self.sizes = [0] * len(task.parts)

    def put(self, atom: Atom, part: int) -> None:
        """Place a component, taking it from where it stands."""
        if (here := self.placed.get(atom.component)) is not None:
            self.held[here].subtract(self.task.strata(atom, here))
            self.sizes[here] -= atom.size
        self.held[part].update(self.task.strata(atom, part))
        self.sizes[part] += atom.size
        self.placed[atom.component] = part

    def has_room(self, part: int, size: int) -> bool:
        """Say whether a part may take so many images more."""
        room = self.task.room[part]
        return room is None or self.sizes[part] + size <= room

    def cost(self, atom: Atom, part: int) -> float:
        """Return by how much the distance to what is wanted (chi-square) grows when the component is placed there."""
        held, wanted = self.held[part], self.task.wanted[part]
        return sum(
            n * (n + 2 * (held[stratum] - wanted[stratum])) / max(wanted[stratum], LEAST_WANTED)
            for stratum, n in self.task.strata(atom, part).items()
        )

    def excess(self, part: int, stratum: str, more: int = 0) -> float:
        """Return by how much a stratum is further off than the tolerance, with so many images more."""
        return max(0.0, self.task.off(part, stratum, self.held[part][stratum] + more) - self.task.tolerance)

    def relief(self, moves: list[Move]) -> float:
        """Return by how much moves lessen the squared excess, or minus infinity where they cannot be made."""
        change: defaultdict[tuple[int, str], int] = defaultdict(int)
        sizes: defaultdict[int, int] = defaultdict(int)
        for atom, part in moves:
            here = self.placed[atom.component]
            sizes[part] += atom.size
            sizes[here] -= atom.size
            for stratum, images in self.task.strata(atom, part).items():
                change[part, stratum] += images
            for stratum, images in self.task.strata(atom, here).items():
                change[here, stratum] -= images
        if not all(self.has_room(part, size) for part, size in sizes.items() if size > 0):
            return float("-inf")
        return sum(
            self.excess(part, stratum) ** 2 - self.excess(part, stratum, images) ** 2
            for (part, stratum), images in change.items()
            if images and part < self.task.measured and stratum not in self.task.too_few
        )


def _repair(state: _State, free: list[Atom]) -> None:
    """Move and swap components while that brings strata nearer to the tolerance."""
    alike = _Alike(state, free)
    tries = TRIES
    while tries > 0:
        best, moves = LEAST_RELIEF, []
        for part, stratum in _worst(state):
            for tried in islice(_moves(state, alike, part, stratum), tries):
                tries -= 1
                if (relief := state.relief(tried)) > best:
                    best, moves = relief, tried
            if moves:
                break
        if not moves:
            return
        for atom, part in moves:
            alike.move(atom, part)


class _Alike:
    """The components that may be moved, by kind and by where they stand; of components alike in one part, one is tried."""

    def __init__(self, state: _State, free: list[Atom]) -> None:
        self.state = state
        self.standing: defaultdict[tuple[Kind, int], dict[str, Atom]] = defaultdict(dict)
        self.holding: defaultdict[str, dict[Kind, None]] = defaultdict(dict)
        for atom in free:
            kind = (atom.testable, atom.cells, atom.test_cells)
            self.standing[kind, state.placed[atom.component]][atom.component] = atom
            for stratum in state.task.strata(atom, -1):
                self.holding[stratum][kind] = None

    def ones(self, stratum: str) -> list[Atom]:
        """Return a component of each kind and part that holds a stratum, some kinds at most."""
        parts = range(len(self.state.task.parts))
        found = (self.standing.get((kind, part)) for kind in self.holding[stratum] for part in parts)
        return [next(iter(alike.values())) for alike in islice(filter(None, found), CHOICES)]

    def move(self, atom: Atom, part: int) -> None:
        """Place a component elsewhere."""
        kind = (atom.testable, atom.cells, atom.test_cells)
        del self.standing[kind, self.state.placed[atom.component]][atom.component]
        self.state.put(atom, part)
        self.standing[kind, part][atom.component] = atom


def _worst(state: _State) -> list[tuple[int, str]]:
    """Return the strata that are off in a part, the worst first."""
    task = state.task
    off = [
        (-excess, part, stratum)
        for part in range(task.measured)
        for stratum in task.pool[part]
        if stratum not in task.too_few and (excess := state.excess(part, stratum)) > 0
    ]
    return [(part, stratum) for _, part, stratum in sorted(off)]


def _moves(state: _State, alike: _Alike, part: int, stratum: str) -> Iterator[list[Move]]:
    """Yield moves of one component that holds the stratum into or out of the part, then swaps of such a one with another."""
    allowed = state.task.allowed
    holders = alike.ones(stratum)
    for atom in holders:
        here = state.placed[atom.component]
        yield from ([(atom, there)] for there in allowed(atom) if there != here and part in (here, there))
    others = alike.ones(ALL)
    for atom in holders:
        here = state.placed[atom.component]
        for other in others:
            there = state.placed[other.component]
            if there != here and there in allowed(atom) and here in allowed(other):
                yield [(atom, there), (other, here)]
