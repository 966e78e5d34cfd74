"""The evidence `local` end to end on drawn photographs: found whatever the order, the workers, or what was known before."""

from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from curate.catalogue import Catalogue
from curate.catalogue.stages import record_stage, stage_record
from curate.catalogue.verdicts import Verdict, record
from curate.engines import LocalEngine
from curate.errors import InputError, NotReadyError
from curate.fingerprints.stage import fingerprint_stage, store
from curate.graph.calibrate import calibrate, gather
from curate.graph.candidates import Candidates
from curate.graph.evidence import local
from curate.graph.explain import draw_pair, explain_pair
from curate.graph.link import link, link_is_current
from curate.graph.policy import find_policy
from curate.graph.verification import MEASURES
from curate.sources.ingest import ingest
from curate.sources.registry import source
from curate.taxonomy.tree import Tree
from tests.graph.skin import skin, view

POLICY = find_policy("strict", without_ids=True)
DECLARATION = """
id = "shots"
name = "Drawn photographs"
type = "collection"
licence = "CC0-1.0"
attribution = "nobody"
citation = "none"
homepage = "https://example.org/"
download = "drawn"
[[images]]
pattern = '(?P<native_id>(?P<lesion>[a-z])[^/]*)\\.png'
[record]
image_keys = ["shots:{native_id}"]
"""
# file, skin, what the camera did; two photographs each of the first four skins
SHOTS = [
    ("a1", 1, {}),
    ("a2", 1, {"zoom": 1.9, "turn": 25}),
    ("b1", 2, {}),
    ("b2", 2, {"turn": 140, "shift": (25, -12)}),
    ("c1", 3, {"zoom": 0.7}),
    ("c2", 3, {"zoom": 1.3, "turn": -60}),
    ("d1", 4, {}),
    ("d2", 4, {"zoom": 1.2, "turn": 10}),
    *[(f"{letter}1", 10 + n, {}) for n, letter in enumerate("efghijkl")],
]
PAIRS = {("a1", "a2"), ("b1", "b2"), ("c1", "c2"), ("d1", "d2")}


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shots")
    for n, (name, seed, how) in enumerate(SHOTS):
        view(skin(seed), seed=n, **how).save(folder / f"{name}.png")
    return folder


def described(catalogue, folder, declaration, workers=1):
    ingest(catalogue, source(str(declaration), Tree.shipped()), folder, Tree.shipped())
    fingerprint_stage(catalogue, LocalEngine(workers), None, points=True)


@pytest.fixture
def declaration(tmp_path):
    path = tmp_path / "shots.toml"
    path.write_text(DECLARATION, encoding="utf-8")
    return path


def edges(catalogue):
    rows = catalogue.rows("SELECT image_a, image_b, evidence, score, probability, weak, basis FROM edges ORDER BY ALL")
    return [row for row in rows if row[2] == "local"]


def test_two_photographs_of_one_skin_are_tied_and_no_others(catalogue, shots, declaration):
    described(catalogue, shots, declaration)
    summary = link(catalogue, POLICY, LocalEngine(1))
    found = edges(catalogue)
    assert {(a.split(":")[1], b.split(":")[1]) for a, b, *_ in found} == PAIRS
    assert summary["edges"]["hash"] == summary["edges"]["local"] - len(PAIRS) == 0
    assert all(score == probability and 0.5 <= probability <= 1 for *_, score, probability, _, _ in found)
    assert "places match" in found[0][-1]
    assert link_is_current(catalogue)

    told = explain_pair(catalogue, "shots:a1", "shots:a2")
    assert told["path"][0]["evidence"][0]["probability"] == found[0][4]
    apart = next(m for m in explain_pair(catalogue, "shots:a1", "shots:h1")["likeness"] if m["evidence"] == "local")
    assert apart["probability"] < 0.5
    assert draw_pair(catalogue, "shots:a1", "shots:a2").width > 1000


def test_workers_and_order_change_nothing(tmp_path, shots, declaration):
    results = []
    for n, workers in enumerate((1, 2)):
        with Catalogue.write(tmp_path / f"w{n}", "a test") as catalogue:
            if n:  # one picture comes first, the others later
                few = tmp_path / "few"
                few.mkdir()
                for name in ("d2", "j1", "a1"):
                    Image.open(shots / f"{name}.png").save(few / f"{name}.png")
                described(catalogue, few, declaration)
                link(catalogue, POLICY, LocalEngine(1))
            described(catalogue, shots, declaration, workers)
            link(catalogue, POLICY, LocalEngine(workers))
            results.append(edges(catalogue))
    assert results[0] == results[1]


def test_what_is_known_is_not_measured_again(catalogue, shots, declaration, monkeypatch):
    described(catalogue, shots, declaration)
    link(catalogue, POLICY, LocalEngine(1))
    before = edges(catalogue)
    monkeypatch.setattr(local, "_measure", None)  # would raise when called
    link(catalogue, POLICY.model_copy(update={"local_accept": 0.2}), LocalEngine(1))
    assert {e[:2] for e in edges(catalogue)} >= {e[:2] for e in before}
    count = catalogue.value("SELECT count(*) FROM pair_measures")
    assert count == catalogue.value("SELECT count(DISTINCT (sha256_a, sha256_b)) FROM pair_measures")


def test_copies_of_one_photograph_do_not_fill_the_list(catalogue, shots, declaration, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("a1", "a2", "e1", "f1", "g1", "h1"):
        Image.open(shots / f"{name}.png").save(folder / f"{name}.png")
    for n in range(14):
        Image.open(shots / "a1.png").resize((360, 270)).save(folder / f"copy{n:02}.png", pnginfo=None, compress_level=n % 9)
    described(catalogue, folder, declaration)
    link(catalogue, POLICY, LocalEngine(1))
    component = dict(catalogue.rows("SELECT image_id, component FROM components"))
    assert component["shots:a2"] == component["shots:a1"] == component["shots:copy13"]


def with_features(catalogue):
    """Give each picture features of its letter, as a CNN would that sees what is there."""
    key, random = "drawn", np.random.default_rng(7)
    rows = catalogue.rows("SELECT DISTINCT sha256, image_id FROM pictures ORDER BY 1")
    letters = {letter: random.normal(0, 1, 32) for letter in sorted({image.split(":")[1][0] for _, image in rows})}
    values = [letters[image.split(":")[1][0]] + random.normal(0, 0.1, 32) for _, image in rows]
    store(catalogue, key).append(np.array(values, dtype=np.float16), 0)
    with catalogue.transaction():
        catalogue.insert("features", [{"sha256": s, "extractor": key, "position": n} for n, (s, _) in enumerate(rows)])
        last = stage_record(catalogue, "fingerprint")
        summary, digests = (
            {**last.summary, "extractor": key},
            {"input_digest": last.input_digest, "output_digest": last.output_digest},
        )
        record_stage(catalogue, "fingerprint", **digests, settings=last.settings, summary=summary)


@pytest.mark.parametrize(
    ("modality", "asked", "found"),
    [
        ("dermoscopic", {"local_candidates": 0, "local_alike": 1}, PAIRS),
        ("clinical", {"local_candidates": 1, "local_alike": 0}, PAIRS),
        ("dermoscopic", {"local_candidates": 0, "local_alike": 0}, set()),
    ],
)
def test_what_no_vote_proposes_cnn_features_do(catalogue, shots, declaration, monkeypatch, modality, asked, found):
    declaration.write_text(DECLARATION.replace("[record]", f'[record]\nmodality = {{ constant = "{modality}" }}'), encoding="utf-8")
    described(catalogue, shots, declaration)
    with_features(catalogue)
    monkeypatch.setattr("curate.graph.link.fingerprints_are_current", lambda _: True)
    monkeypatch.setattr(local, "vote", lambda points, pictures, most: Candidates(*np.zeros((3, 0), np.int32)))
    summary = link(catalogue, POLICY.model_copy(update=asked), LocalEngine(1))
    assert {(a.split(":")[1], b.split(":")[1]) for a, b, *_ in edges(catalogue)} == found
    assert summary["nearest_found"] == {}  # of few pictures all are compared


def measured_as(**values):
    """Measures of a pair that agrees all over, just so, with some others in their place."""
    least = {"guided_strong": 30, "guided_share": 0.5, "spread": 30, "tiles_lower": POLICY.local_all_over_tiles}
    plain = {"detail": 0.6, "tiles_median": 0.5, "overlap": 0.8, "distance_from_identity": 5.0}
    return np.array([[float((least | plain | values).get(name, 0)) for name in MEASURES]])


@pytest.mark.parametrize(
    ("values", "probability", "accepted"),  # of dermoscopic pictures, of which .3 is asked
    [
        ({}, 0.1, True),
        ({}, 0.0999, False),
        ({"guided_strong": 29}, 0.2999, False),
        ({"guided_share": 0.499}, 0.2999, False),
        ({"spread": 29.9}, 0.2999, False),
        ({"tiles_lower": 0.299}, 0.2999, False),
        ({"guided_strong": 0, "guided_share": 0, "spread": 0, "tiles_lower": -0.5}, 0.3, True),
        ({"detail": 0.2}, 0.99, False),  # …: where the skin between the points does not agree
        ({"overlap": 0.04}, 0.99, False),
        ({"distance_from_identity": 0.5}, 0.99, False),  # … or only what does not move
        ({"distance_from_identity": 0.5, "tiles_lower": 0.6}, 0.1, True),
    ],
)
def test_less_probability_is_asked_where_two_pictures_agree_all_over(values, probability, accepted):
    assert local.is_accepted(np.array([probability]), measured_as(**values), ["dermoscopic"], POLICY).tolist() == [accepted]


def test_more_is_asked_where_the_model_was_learnt_on_few_pairs_and_never_more_where_pictures_agree_all_over():
    little = np.repeat(measured_as(tiles_lower=0.2), 6, axis=0)
    modality, asked = ["dermoscopic", "clinical", ""] * 2, np.array([0.3, 0.4, 0.4, 0.2999, 0.3999, 0.3999])
    assert local.is_accepted(asked, little, modality, POLICY).tolist() == [True] * 3 + [False] * 3
    bold = POLICY.model_copy(update={"local_accept_of": {}, "local_accept": 0.05})
    assert local.is_accepted(np.array([0.05]), measured_as(), ["clinical"], bold).tolist() == [True]


def test_without_points_it_does_not_run_and_says_so(catalogue, shots, declaration):
    ingest(catalogue, source(str(declaration), Tree.shipped()), shots, Tree.shipped())
    fingerprint_stage(catalogue, LocalEngine(1), None)
    assert "no points" in link(catalogue, POLICY, LocalEngine(1))["not_run"]["local"]
    with pytest.raises(NotReadyError, match="No points"):
        calibrate(catalogue, POLICY, LocalEngine(1))
    with pytest.raises(InputError, match="no points"):
        draw_pair(catalogue, "shots:a1", "shots:a2")
    fingerprint_stage(catalogue, LocalEngine(1), None, points=True)
    assert not link(catalogue, POLICY, LocalEngine(1))["not_run"].get("local")


def test_too_little_is_known_to_learn_from(catalogue, shots, declaration):
    described(catalogue, shots, declaration)
    with pytest.raises(InputError, match="0 pairs of one lesion"):
        calibrate(catalogue, POLICY, LocalEngine(1))


def test_what_is_known_of_pairs_comes_from_ids_and_reviewers(catalogue, shots, declaration, monkeypatch):
    text = declaration.read_text(encoding="utf-8") + 'lesion_keys = ["shots:{lesion}"]\n'
    declaration.write_text(text, encoding="utf-8")
    described(catalogue, shots, declaration)
    record(
        catalogue,
        [
            Verdict("shots:e1", "shots:f1", "same", "a reviewer", datetime(2026, 1, 1), ""),
            Verdict("shots:d1", "shots:d2", "different", "a reviewer", datetime(2026, 1, 1), ""),
            Verdict("shots:g1", "shots:h1", "different", "a reviewer", datetime(2026, 1, 1), ""),
        ],
    )
    found = gather(catalogue, POLICY, LocalEngine(1))
    names = [tuple(sorted(i.split(":")[1] for i in pair)) for pair in found.names()]
    assert len(names) == len(set(names)) > 20
    same = {name for name, yes in zip(names, found.truth.same, strict=True) if yes}
    different = {name for name, yes in zip(names, found.truth.different, strict=True) if yes}
    assert same == (PAIRS - {("d1", "d2")} | {("e1", "f1")}) & set(names)
    assert different == {("d1", "d2"), ("g1", "h1")} & set(names)
    assert ("d1", "d2") in different
    component = dict(zip(names, found.truth.component.tolist(), strict=True))
    assert len({component[pair] for pair in PAIRS}) == len(PAIRS)
    assert found.known == {"": 5}  # the reviewer's word takes no id away


def test_a_flat_picture_takes_part_in_nothing(catalogue, declaration, tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    for n in range(3):
        Image.fromarray(np.full((60, 80, 3), 200 + n, dtype=np.uint8)).save(folder / f"{'abc'[n]}.png")
    described(catalogue, folder, declaration)
    assert link(catalogue, POLICY, LocalEngine(1))["edges"]["local"] == 0
