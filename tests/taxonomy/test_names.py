"""Looking names up: by letter, folded, by likeness; never two nodes for one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.taxonomy.names import Names, every_name, fold, unordered
from curate.taxonomy.show import described, drawn, find_node, found_by_reference
from curate.taxonomy.tree import Tree

NAMES = Names(Tree.shipped())


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("Bowen's disease", "bowen disease"),
        ("Naevus sebaceus", "nevus sebaceus"),
        ("Haemangioma of skin", "hemangioma of skin"),
        ("Sjögren syndrome", "sjogren syndrome"),
        ("Seborrhoeic keratoses", "seborrheic keratosis"),
        ("melanocytic nevi", "melanocytic nevus"),
        ("acne_keloidalis", "acne keloidalis"),
        ("generalised pustular psoriasis", "generalized pustular psoriasis"),
    ],
)
def test_folding_takes_spelling_away(said, same):
    assert fold(said) == fold(same)


def test_folding_keeps_words_that_only_look_plural():
    assert fold("lupus lichen planus psoriasis mucinosis abscess") == "lupus lichen planus psoriasis mucinosis abscess"


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more_and_never_fails(text):
    assert fold(fold(text)) == fold(fold(fold(text)))
    NAMES.lookup(text)


def test_every_name_leads_to_its_own_node(tree):
    for node_id, _, text in every_name(tree):
        found = NAMES.lookup(text)
        assert found is not None
        assert found.node_id == node_id, text


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Nevus, Spitz", "Spitz nevus"),
        ("melanoma-in-situ", "melanoma in situ"),
        ("MELANOCYTIC NEVI", "acquired melanocytic nevus"),
        ("Basal cell carcinoma, Nodular", "nodular basal cell carcinoma"),
        ("Paget disease", "extramammary and mammary Paget disease"),
        ("generalised pustular psoriasis", "generalized pustular psoriasis"),
        ("nevus sebaceous", "nevus sebaceus"),
    ],
)
def test_labels_of_data_sets_are_found(tree, said, name):
    found = NAMES.lookup(said)
    assert found is not None
    assert tree.nodes[found.node_id].name == name


def test_an_ambiguous_string_is_of_no_node():
    assert NAMES.lookup("hidrocystoma") is None
    assert NAMES.lookup("") is None
    assert NAMES.lookup("nothing of the kind") is None


def test_suggestions_are_ranked_and_never_certain_when_fuzzy(tree):
    found = NAMES.suggest("psorasis", 3)
    assert tree.nodes[found[0].node_id].name == "psoriasis"
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert all(m.how == "fuzzy" and m.score < 100 for m in found)
    assert NAMES.suggest("melanoma in situ", 1)[0].score == 100
    assert NAMES.suggest("qqqqxxxx") == []


def test_word_order_is_given_up_for_the_last_try_only():
    assert unordered("Nevus, Spitz") == unordered("Spitz nevus")
    assert unordered("skin of the nose") == "nose"


def test_a_node_is_found_by_id_retired_id_name_or_told_the_nearest(tree):
    assert find_node(tree, "DC:0000647") == "DC:0000647"
    gone = next(iter(tree.retired))
    assert find_node(tree, gone) == tree.current(gone)
    assert find_node(tree, "blue naevus") == "DC:0000647"
    with pytest.raises(InputError, match="Did you mean blue nevus"):
        find_node(tree, "blue nevos")


def test_another_vocabulary_s_id_leads_to_the_node(tree):
    node = next(n for n in tree.nodes.values() if n.xrefs.get("mondo"))
    assert [r["node_id"] for r in found_by_reference(tree, node.xrefs["mondo"][0].lower(), 5)] == [node.node_id]


def test_the_tree_is_drawn_with_its_leaves_counted(tree):
    lines = drawn(tree, "DC:0000018", 1)
    assert lines[0] == f"malignant melanoma  [DC:0000018] ({len(tree.leaves('DC:0000018'))})"
    assert len(lines) == 1 + len(tree.children["DC:0000018"])
    about = described(tree, "DC:0000018", 1)
    assert len(about["below"]) == len(tree.children["DC:0000018"])
    assert about["facts"]["nine_class"] == "pigmented-lesion-malignant"
