"""Licence expressions: what they allow, against all assignments of truth; how they are written; what freezing does with them."""

import itertools
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import BrokenInvariantError, InputError
from curate.manifest.freeze import freeze
from curate.manifest.gate import Allowance, admitted
from curate.manifest.read import load

IDS = ("CC0-1.0", "CC-BY-4.0", "MIT", "LicenseRef-a")


def expressions():
    """Trees: an identifier, or (operator, left, right)."""
    return st.recursive(st.sampled_from(IDS), lambda part: st.tuples(st.sampled_from(["AND", "OR"]), part, part), max_leaves=5)


def written(tree) -> str:
    return tree if isinstance(tree, str) else f"({written(tree[1])} {tree[0]} {written(tree[2])})"


def ways(tree) -> set[frozenset[str]]:
    """The sets of licences that somebody could choose to keep, by hand."""
    if isinstance(tree, str):
        return {frozenset([tree])}
    left, right = ways(tree[1]), ways(tree[2])
    return left | right if tree[0] == "OR" else {a | b for a in left for b in right}


def unions(chosen: set[frozenset[str]]) -> set[frozenset[str]]:
    """All that can be put together of what is allowed: allowing A and allowing B allows a work under both."""
    return {
        frozenset().union(*some)
        for n in range(1, len(chosen) + 1)
        for some in itertools.combinations(sorted(chosen, key=sorted), n)
    }


@given(st.lists(expressions(), min_size=1, max_size=2), expressions())
def test_a_work_is_allowed_where_it_can_be_had_under_allowed_terms(allowed, licence):
    sets = unions(set().union(*map(ways, allowed)))
    expected = bool(ways(licence) & sets)
    assert Allowance([written(a) for a in allowed]).permits(written(licence)) == expected


@pytest.mark.parametrize(
    ("allowed", "licence", "permitted"),
    [
        (["CC0-1.0 OR CC-BY-4.0"], "CC-BY-4.0", True),
        (["CC0-1.0 OR CC-BY-4.0"], "cc-by-4.0", True),
        (["CC0-1.0 OR CC-BY-4.0"], "CC-BY-NC-4.0", False),
        (["CC0-1.0", "CC-BY-4.0"], "CC0-1.0 AND CC-BY-4.0", True),
        (["CC0-1.0 AND CC-BY-4.0"], "CC-BY-4.0", False),
        (["CC-BY-4.0"], "CC-BY-4.0 OR CC-BY-NC-4.0", True),
        (["CC-BY-4.0"], "CC-BY-4.0 AND CC-BY-NC-4.0", False),
        (["CC0-1.0 OR CC-BY-4.0 AND MIT"], "CC0-1.0", True),  # AND binds more than OR
        (["CC0-1.0 OR CC-BY-4.0 AND MIT"], "MIT", False),
        (["GPL-2.0-only"], "GPL-2.0-only WITH Classpath-exception-2.0", False),
        (["GPL-2.0-only WITH Classpath-exception-2.0"], "GPL-2.0-only WITH Classpath-exception-2.0", True),
        (["LicenseRef-hospital-agreement"], "LicenseRef-hospital-agreement", True),
        (["CC0-1.0"], None, False),
        (["CC0-1.0"], "own terms (see web page", False),
        (["CC0-1.0"], "", False),
    ],
)
def test_what_is_permitted(allowed, licence, permitted):
    assert Allowance(allowed).permits(licence) == permitted


def test_a_publishers_own_words_can_be_allowed_word_for_word():
    words = "own terms (see web page"
    assert Allowance([words], [words]).permits(words)
    assert not Allowance(["CC0-1.0"], [words]).permits(words)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("CC-BY-5.0", "'CC-BY-5.0' is no SPDX identifier"),
        ("CC0-1.0 OR", "OR requires two"),
        ("(MIT", "Write it as 'CC0-1.0 OR CC-BY-4.0'"),
        ("", "an empty expression"),
        ("CC BY 4.0", "is no SPDX identifier"),
        (" AND ".join(["(MIT OR CC0-1.0)"] * 10), "1024 ways to choose"),
    ],
)
def test_what_is_no_expression_is_told(expression, message):
    with pytest.raises(InputError) as told:
        Allowance([expression])
    assert message in str(told.value)


def test_expressions_are_written_as_spdx_writes_them():
    assert Allowance(["cc0-1.0 or cc-by-4.0", "mit AND (Apache-2.0)", "cc0-1.0 or cc-by-4.0"]).expression == (
        "CC0-1.0 OR CC-BY-4.0 OR MIT AND Apache-2.0"
    )


def test_an_excluded_image_may_have_any_licence():
    rows = [{"licence": "CC0-1.0", "source": "a", "split": "train"}, {"licence": "MIT", "source": "a", "split": "excluded"}]
    assert admitted(rows, ["CC0-1.0"]) == {"allowed_licences": ["CC0-1.0"], "licence_expression": "CC0-1.0"}
    assert admitted(rows, None) == {"allowed_licences": None, "licence_expression": None}
    assert admitted(rows, ["MIT OR CC0-1.0"])["allowed_licences"] == ["CC0-1.0", "MIT"]


def test_freezing_refuses_images_that_are_not_allowed_and_says_which(project, frozen, tree, tmp_path):
    shutil.copytree(project.workspace, tmp_path / "ws")
    with Catalogue.write(tmp_path / "ws", "a test") as catalogue:
        with pytest.raises(BrokenInvariantError) as told:
            freeze(catalogue, tree, "gated", tmp_path, allowed_licences=["CC0-1.0 OR CC-BY-4.0"])
        assert "11 images in splits" in str(told.value)
        assert "CC-BY-NC-4.0 (11 of ham10000)" in str(told.value)
        assert not (tmp_path / "gated").exists()
        freeze(catalogue, tree, "gated", tmp_path, allowed_licences=["CC0-1.0 OR CC-BY-4.0", "cc-by-nc-4.0"])
    info = load(tmp_path / "gated").info
    assert info["allowed_licences"] == ["CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0"]
    assert info["licence_expression"] == "CC0-1.0 OR CC-BY-4.0 OR CC-BY-NC-4.0"
