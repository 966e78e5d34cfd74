"""Drawn components, and slow, obvious ways to judge what became of them."""

from collections import Counter

from hypothesis import strategies as st

from curate.splits.atom import Atom
from curate.splits.protocol import Protocol

ASSIGNMENTS = ("random", "stratified", "hashed", "majority")
CELL = st.tuples(st.sampled_from("AB"), st.sampled_from("ST"), st.just("m"), st.sampled_from(("I", "II")))
ROWS = st.lists(
    st.tuples(st.lists(CELL, min_size=1, max_size=6), st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=25
)
ATOMS = ROWS.map(lambda rows: [atom(n, *row) for n, row in enumerate(rows)])


def atom(number: int, cells: list, more: int = 0, pinned: bool = False, testable: bool = True) -> Atom:
    """Return a component with an image in each cell, and so many more that cannot stand in a split."""
    return Atom(
        f"c-{number:03d}",
        len(cells),
        ("quality",) if pinned else (),
        testable,
        tuple(f"s:{number}.{n}" for n in range(len(cells) + more)),
        tuple(sorted(Counter(cells).items())),
        standing=tuple(f"s:{number}.{n}" for n in range(len(cells))),
    )


def protocols(assignments=ASSIGNMENTS, names=("holdout", "paper", "kfold")):
    def made(name, assignment, test, validation, seed, folds, tolerance):
        return Protocol(
            protocol=name,
            assignment=assignment,
            test=test,
            validation=validation,
            seed=seed,
            folds=max(folds, 2) if name == "kfold" else folds,
            independent=("s",) if name == "paper" else (),
            tolerance=tolerance,
        )

    shares = st.sampled_from((0.0, 0.1, 0.25, 0.4))
    return st.builds(
        made,
        st.sampled_from(names),
        st.sampled_from(assignments),
        shares,
        shares,
        st.integers(0, 5),
        st.integers(0, 4),
        st.sampled_from((0.02, 0.1, 0.3)),
    )
