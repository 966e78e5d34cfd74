"""Assignment by a keyed hash: where a component goes depends on the seed and its own images, on nothing else in the catalogue.

The name of a component is that of its smallest image id, and so may change with any new member. Here a component is
represented by the member with the smallest keyed hash: a new member takes its place with a chance of one in as many members
as there are then. The representative is hashed once more for its place in [0, 1), since the smallest of many hashes is itself
no even draw: it would put the large components into the test.
"""

import hmac
from collections.abc import Mapping

from curate.splits.atom import Atom, foldable
from curate.splits.protocol import Protocol


def hashed_splits(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the split of each component; the shares are met in tendency only, as a draw by coin meets them."""
    test, validation = protocol.shares().values()
    splits = {}
    for atom in atoms:
        place = _place(protocol.seed, "split", atom)
        if place < test and atom.testable:
            split = "test"
        elif test <= place < test + validation:
            split = "validation"
        else:
            split = "train"
        splits[atom.component] = fixed.get(atom.component, "train" if atom.pinned else split)
    return splits


def hashed_folds(atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol, fixed: Mapping[str, int]) -> dict[str, int]:
    """Return the fold of each component that takes part, by another hash of the same representative."""
    return {
        atom.component: fixed.get(atom.component, int(_place(protocol.seed, "fold", atom) * protocol.folds))
        for atom in foldable(atoms, splits)
    }


def representative(seed: int, atom: Atom) -> str:
    """Return the member with the smallest keyed hash."""
    return min(atom.members, key=lambda image: _keyed(seed, "member", image))


def _place(seed: int, purpose: str, atom: Atom) -> float:
    """Return a number in [0, 1) with 53 bits."""
    return int.from_bytes(_keyed(seed, purpose, representative(seed, atom))[:8], "big") // 2**11 / 2**53


def _keyed(seed: int, purpose: str, image: str) -> bytes:
    return hmac.digest(str(seed).encode(), f"{purpose}\n{image}".encode(), "sha256")
