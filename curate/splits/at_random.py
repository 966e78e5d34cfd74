"""The paper's assignment, components drawn at random, and that of its authors' code, images drawn and components following."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from curate.splits.atom import Atom, draw, foldable, lacking
from curate.splits.protocol import Protocol

SIDES = ("test", "validation", "train")  # a tie goes to the first


def random_splits(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the split of each component.

    Components are drawn in an order that a hash of seed and name gives. A component goes to the test when it fits into what
    the test still lacks, else to the validation set likewise, else to train; so no set exceeds its share.
    """
    lacks = lacking(atoms, protocol, fixed)
    splits: dict[str, str] = {}
    for atom in sorted(atoms, key=lambda a: draw(protocol.seed, "split", a.component)):
        splits[atom.component] = fixed.get(atom.component, "train")
        if atom.pinned or atom.component in fixed:
            continue
        for split in ("test", "validation"):
            if atom.size <= lacks[split] and (split != "test" or atom.testable):
                lacks[split] -= atom.size
                splits[atom.component] = split
                break
    return splits


def majority_splits(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the split of each component by the side that holds more of its images, as the authors' code has it ("maxset").

    Images are drawn one by one, whatever component they are of, until test and validation have their shares. A component that
    the draw parts goes whole to the side with most of its images; a tie goes to the test, else to the validation set. So
    large components tend to train, and the shares are met in tendency only.
    """
    lacks = lacking(atoms, protocol, fixed)
    free = [atom for atom in atoms if not atom.pinned and atom.component not in fixed]
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    candidates = sorted((draw(protocol.seed, "candidate", image), n) for n, atom in enumerate(free) for image in atom.standing)
    for _, n in candidates:
        side = next((s for s in SIDES[:2] if lacks[s] and (s != "test" or free[n].testable)), "train")
        votes[free[n].component][side] += 1
        if side != "train":
            lacks[side] -= 1
    splits = {atom.component: fixed.get(atom.component, "train") for atom in atoms}
    return splits | {component: max(SIDES, key=counts.__getitem__) for component, counts in votes.items()}


def random_folds(atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol, fixed: Mapping[str, int]) -> dict[str, int]:
    """Return the fold of each component that takes part: in an order drawn by seed, each to the fold with the fewest images."""
    taking_part = foldable(atoms, splits)
    placed = {atom.component: fixed[atom.component] for atom in taking_part if atom.component in fixed}
    sizes = [sum(a.size for a in taking_part if placed.get(a.component) == fold) for fold in range(protocol.folds)]
    for atom in sorted(taking_part, key=lambda a: draw(protocol.seed, "fold", a.component)):
        if atom.component not in placed:
            fold = sizes.index(min(sizes))
            sizes[fold] += atom.size
            placed[atom.component] = fold
    return placed
