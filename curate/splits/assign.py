"""Whole components to splits and folds: deterministic by seed, whatever the order of the input."""

from collections.abc import Mapping

from curate.splits.at_random import majority_splits, random_folds, random_splits
from curate.splits.atom import Atom
from curate.splits.hashed import hashed_folds, hashed_splits
from curate.splits.protocol import Protocol
from curate.splits.stratified import stratified_folds, stratified_splits

__all__ = ["Atom", "assign", "folds"]

SPLITS = {
    "random": random_splits,
    "majority": majority_splits,
    "hashed": hashed_splits,
    "stratified": stratified_splits,
}
FOLDS = {
    "random": random_folds,
    "majority": random_folds,  # the authors' folds were of single images; ours are of whole components
    "hashed": hashed_folds,
    "stratified": stratified_folds,
}


def assign(atoms: list[Atom], protocol: Protocol, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the split of each component, as the protocol's `assignment` makes it.

    Args:
        atoms: the components, those that are fixed among them; `members` for majority and hashed, `cells` for stratified.
        protocol: any but `official`, whose splits are the publisher's.
        fixed: components that keep their split; their sizes count towards the shares.
    """
    return SPLITS[protocol.assignment](atoms, protocol, fixed or {})


def folds(
    atoms: list[Atom], splits: Mapping[str, str], protocol: Protocol, fixed: Mapping[str, int | None] | None = None
) -> dict[str, int]:
    """Return the fold of each component that takes part in cross-validation: whole, not in the test, not pinned.

    Args:
        atoms: the components.
        splits: the split of each.
        protocol: with as many folds as it says; none where it says 0.
        fixed: components that keep their fold, if they still take part, or (None) take no part; their sizes count.
    """
    if not protocol.folds:
        return {}
    kept = {component: fold for component, fold in (fixed or {}).items() if fold is not None}
    taking_part = [atom for atom in atoms if atom.component in kept or atom.component not in (fixed or {})]
    return FOLDS[protocol.assignment](taking_part, splits, protocol, kept)
