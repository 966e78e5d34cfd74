"""Whole components to splits and folds: deterministic by seed, whatever the order of the input."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from curate.splits.protocol import Protocol


@dataclass(frozen=True)
class Atom:
    """A component as the assignment sees it.

    Attributes:
        component: its name.
        size: its images that can stand in a split.
        pinned: why it must stay in train; empty when it need not.
        testable: whether the protocol allows it in a test.
    """

    component: str
    size: int
    pinned: tuple[str, ...]
    testable: bool


def assign(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the split of each component.

    Components are drawn in an order that a hash of seed and name gives. A component goes to the test when it fits into what
    the test still lacks, else to the validation set likewise, else to train; so no set exceeds its share.
    Components whose split is `fixed` keep it, and what they fill is no longer lacking.
    """
    fixed = fixed or {}
    total = sum(atom.size for atom in atoms)
    lacking = {
        "test": round(protocol.test * total) if protocol.protocol != "kfold" else 0,
        "validation": round(protocol.validation * total) if protocol.protocol != "kfold" else 0,
    }
    splits = {atom.component: fixed[atom.component] for atom in atoms if atom.component in fixed}
    for split in lacking:
        lacking[split] -= sum(atom.size for atom in atoms if splits.get(atom.component) == split)
    for atom in sorted(atoms, key=lambda a: _draw(protocol.seed, "split", a.component)):
        if atom.component in fixed:
            continue
        splits[atom.component] = "train"
        if atom.pinned:
            continue
        for split in ("test", "validation"):
            if atom.size <= lacking[split] and (split != "test" or atom.testable):
                lacking[split] -= atom.size
                splits[atom.component] = split
                break
    return splits


def folds(
    atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol, fixed: Mapping[str, int | None] | None = None
) -> dict[str, int]:
    """Return the fold of each component that takes part in cross-validation: whole, not in the test, not pinned.

    In an order drawn by seed, each goes to the fold with the fewest images so far. Components with a `fixed` fold, or None for
    no fold, come first.
    """
    fixed = fixed or {}
    if not protocol.folds:
        return {}
    placed = {atom.component: fold for atom in atoms if (fold := fixed.get(atom.component)) is not None}
    sizes = [sum(atom.size for atom in atoms if placed.get(atom.component) == fold) for fold in range(protocol.folds)]
    for atom in sorted(atoms, key=lambda a: _draw(protocol.seed, "fold", a.component)):
        if atom.component in fixed or atom.pinned or splits[atom.component] == "test":
            continue
        fold = sizes.index(min(sizes))
        sizes[fold] += atom.size
        placed[atom.component] = fold
    return placed


def _draw(seed: int, purpose: str, component: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{purpose}\n{component}".encode()).digest()
