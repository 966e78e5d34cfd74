"""The benchmarks of manifests measure what they say, on a few rows."""

import ast

import numpy as np
import pytest

from tests.benchmarks import manifest_scale, mutation, picture_digests


def test_drawn_edges_are_distinct_and_hold_lesions_and_patients_together():
    rng = np.random.default_rng(1)
    lesions, patients = manifest_scale.groups(rng, 2000)
    assert (np.diff(lesions) >= 0).all()
    assert (np.diff(patients) >= 0).all()
    assert len(set(zip(lesions.tolist(), patients.tolist(), strict=True))) == len(set(lesions.tolist())), "a lesion of two patients"
    assert 1 < np.bincount(patients).max() <= manifest_scale.LARGEST + 12
    a, b, kind = manifest_scale.draw_edges(rng, lesions, patients, 15_000)
    assert len(a) == 15_000
    assert len(set(zip(a.tolist(), b.tolist(), kind.tolist(), strict=True))) == 15_000
    assert (a < b).all()
    assert (patients[a] == patients[b]).all()
    assert ((lesions[a] == lesions[b]) | (kind == 1)).all()
    follow = set(zip(a.tolist(), b.tolist(), strict=True))
    assert all((n, n + 1) in follow for n in np.flatnonzero(patients[1:] == patients[:-1]).tolist())


def test_a_small_catalogue_is_split_frozen_and_verified(tmp_path):
    manifest_scale.make(tmp_path / "workspace", 300, 2000, 1)
    summary = manifest_scale.run_stage("split", tmp_path)
    assert min(summary["splits"].values()) > 0, "a split without images measures nothing"
    assert manifest_scale.run_stage("freeze", tmp_path)["edges"] == 2000
    assert manifest_scale.run_stage("verify", tmp_path) == {"images": 300, "edges": 2000, "violations": []}


def test_pictures_are_hashed_by_both(tmp_path):
    table = picture_digests.measure(tmp_path, 12, 2, 1)
    assert set(table) == {"warm", "cold"}
    assert all(row["ratio"] > 0 for row in table.values())
    rows = picture_digests.write(tmp_path, 3, 2)
    with pytest.raises(AssertionError):
        picture_digests.ours(tmp_path, [(*row[:3], "0" * 64) for row in rows])


def changes(source: str) -> set[str]:
    everything = mutation.Mutant(-1)
    everything.visit(ast.parse(source))
    found = set()
    for number in range(everything.count):
        one = mutation.Mutant(number)
        tree = one.visit(ast.parse(source))
        assert one.told
        assert ast.unparse(ast.fix_missing_locations(tree)) != ast.unparse(ast.parse(source))
        found.add(f"{one.told[0]} {one.told[2]} -> {one.told[3]}")
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a):\n    'Doc.'\n    return a < 1", {"f a < 1 -> a <= 1", "f 1 -> 2", "f return a < 1 -> return None"}),
        ("x = not a and b in c", {" not a and b in c -> not a or b in c", " not a -> a", " b in c -> b not in c"}),
        ("def f():\n    yield f'{a} is wrong: {b}'", {"f yield f'{a} is wrong: {b}' -> yield from ()"}),
        ("def f():\n    yield 'some words', 'word'", {"f 'word' -> 'XXword'", "f yield ('some words', 'word') -> yield from ()"}),
        ("pc.invert(pc.less(a, b))", {" pc.invert(pc.less(a, b)) -> pc.less(a, b)", " pc.less(a, b) -> pc.less_equal(a, b)"}),
        ("class A:\n    def f(self):\n        self.x |= True", {"A.f True -> False"}),
        ("if TYPE_CHECKING:\n    a = 1", set()),
    ],
)
def test_changes_are_made_one_at_a_time(source, expected):
    assert changes(source) == expected


def test_reasons_are_found_where_survivors_are_listed(tmp_path, monkeypatch):
    survivor = {"module": "verify", "function": "f", "line": 3, "before": "a < 1", "after": "a <= 1"}
    (tmp_path / "mutation.md").write_text(f"# Survivors\n\n- `{mutation.key(survivor)}`: a is never 1.\n", encoding="utf-8")
    monkeypatch.setattr(mutation, "REASONS", tmp_path / "mutation.md")
    assert mutation.reasons() == {mutation.key(survivor)}
