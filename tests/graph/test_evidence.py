"""Evidence against slow and obvious computations of the same thing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.graph.components import components
from curate.graph.evidence import cnn as cnn_evidence
from curate.graph.evidence import hash as hash_evidence
from curate.graph.evidence.cnn import near_pairs
from curate.graph.evidence.groups import LARGEST_CLIQUE, must_link, tied
from curate.graph.policy import POLICIES, find_policy


@given(seeds=st.lists(st.integers(0, 12), min_size=2, max_size=30), radius=st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_hash_pairs_are_those_of_brute_force(seeds, radius):
    random = np.random.default_rng(3)
    base = random.integers(0, 256, (13, 8, 32), dtype=np.uint8)
    hashes = base[seeds].copy()
    for n in range(len(seeds)):  # a few bits differ between pictures of one seed
        hashes[n, :, random.integers(0, 32)] ^= np.uint8(1 << random.integers(0, 8))
    found = {pair: distance for pair, (distance, _) in hash_evidence.near_pairs(hashes, radius).items()}
    expected = {}
    for i in range(len(seeds)):
        for j in range(i + 1, len(seeds)):
            both = [int(np.bitwise_count(hashes[a, o] ^ hashes[b, 0]).sum()) for a, b in ((i, j), (j, i)) for o in range(8)]
            if min(both) <= radius:
                expected[i, j] = min(both)
    assert found == expected


@given(n=st.integers(2, 60), neighbours=st.integers(1, 5), least=st.floats(0.1, 0.99), seed=st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_cnn_pairs_are_those_of_brute_force(n, neighbours, least, seed):
    features = np.random.default_rng(seed).normal(size=(n, 16)).astype(np.float16)
    found = set(near_pairs(features, neighbours, least).pairs)
    exact = features.astype(np.float64)
    unit = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    cosine = np.round(unit @ unit.T, 4)
    expected = set()
    for i in range(n):
        order = sorted((j for j in range(n) if j != i), key=lambda j: (-cosine[i, j], j))
        expected |= {(min(i, j), max(i, j), cosine[i, j]) for j in order[:neighbours] if cosine[i, j] >= least}
    assert {(i, j) for i, j, _ in found} == {(i, j) for i, j, _ in expected}


def test_identical_features_do_not_crowd_each_other_out():
    features = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float16)
    features[5:10] = features[4]
    found = {(i, j) for i, j, _ in near_pairs(features, 10, 0.999).pairs}
    assert found == {(i, j) for i in range(4, 10) for j in range(i + 1, 10)}


def clustered(pictures, seed):
    random = np.random.default_rng(seed)
    middle = random.normal(size=(pictures // 6, 32))
    return (middle[np.arange(pictures) % len(middle)] + random.normal(0, 0.25, (pictures, 32))).astype(np.float16)


def test_an_inverted_file_finds_what_it_says_of_the_exact_neighbours(monkeypatch):
    features = clustered(1200, 1)
    exact = near_pairs(features, 5, 0.5)
    assert exact.found is None
    monkeypatch.setattr(cnn_evidence, "EXACT_UP_TO", 1199)
    found = near_pairs(features, 5, 0.5)
    shared = len(set(found.pairs) & set(exact.pairs)) / len(exact.pairs)
    assert found.found is not None
    assert shared > 0.8
    assert 0.6 < found.found <= 1
    monkeypatch.setattr(cnn_evidence, "PROBED", 1)  # every list: nothing is missed but what rounding turns round
    whole = near_pairs(features, 5, 0.5)
    assert whole.pairs == exact.pairs
    assert whole.found == 1


def test_an_inverted_file_does_not_depend_on_threads(monkeypatch):
    import faiss

    monkeypatch.setattr(cnn_evidence, "EXACT_UP_TO", 10)
    features = clustered(900, 2)
    threads = faiss.omp_get_max_threads()
    several = near_pairs(features, 5, 0.2)
    faiss.omp_set_num_threads(1)
    try:
        assert near_pairs(features, 5, 0.2) == several
    finally:
        faiss.omp_set_num_threads(threads)


@given(
    n=st.integers(1, 40),
    pairs=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60),
    seed=st.randoms(use_true_random=False),
)
def test_components_are_networkx_s_and_do_not_depend_on_order(n, pairs, seed):
    import networkx as nx

    images = [f"s:{i:02d}" for i in range(n)]
    edges = [(images[a], images[b]) for a, b in pairs if a < n and b < n and a != b]
    found = components(images, edges)
    graph = nx.Graph(edges)
    graph.add_nodes_from(images)
    by_name: dict[str, set[str]] = {}
    for image, name in found.items():
        by_name.setdefault(name, set()).add(image)
    assert sorted(map(sorted, by_name.values())) == sorted(map(sorted, nx.connected_components(graph)))
    shuffled = list(images)
    seed.shuffle(shuffled)
    assert components(shuffled, [(b, a) for a, b in reversed(edges)]) == found


def test_a_component_keeps_its_name_when_others_come():
    few = components(["a", "b", "c"], [("a", "b")])
    more = components(["a", "b", "c", "d", "e"], [("a", "b"), ("d", "e"), ("b", "d")])
    assert few["a"] == more["a"] == more["e"]
    assert few["c"] == more["c"]


@pytest.mark.parametrize("size", [2, LARGEST_CLIQUE, LARGEST_CLIQUE + 1, 300])
def test_groups_are_tied_whole_with_few_edges(size):
    images = [f"{n:04d}" for n in range(size)]
    pairs = list(tied(images[::-1]))
    assert len(pairs) == (size * (size - 1) // 2 if size <= LARGEST_CLIQUE else size - 1)
    assert all(a < b for a, b in pairs)
    assert len(set(components(images, pairs).values())) == 1


def test_a_pair_that_shares_several_keys_is_one_edge_that_names_all():
    edges = must_link("lesion", [("k2", ["a", "b"]), ("k1", ["b", "a"])])
    assert [(e.image_a, e.image_b, e.basis) for e in edges] == [("a", "b", "k1, k2")]


def test_policies():
    assert set(POLICIES) == {"strict", "paper", "paper-code"}
    assert not set(find_policy("strict", without_ids=True).evidence) & {"lesion", "patient", "image_id", "declared"}
    assert find_policy("paper", level="lesion").level == "lesion"
    with pytest.raises(InputError, match="no policy"):
        find_policy("lenient")
    with pytest.raises(InputError, match="no level"):
        find_policy("strict", level="hospital")
