"""The certificate's numbers are those of the tables, counted anew by SQL; its words claim what the evidence carries and no more."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from curate.engines import LocalEngine
from curate.errors import BrokenInvariantError, CurateError, InputError
from curate.manifest.certificate.facts import EVIDENCE, facts_of, wilson
from curate.manifest.certificate.issue import certify
from curate.manifest.certificate.paragraphs import paragraphs
from curate.manifest.certificate.statements import risk
from curate.manifest.certificate.text import certificate_lines
from curate.manifest.certificate.words import thresholds
from curate.manifest.read import load
from curate.manifest.verify import verify
from curate.pipeline import run_project
from curate.report.certificate_page import require_place, write_certificate_page
from curate.splits.quality_gate import QualityGate
from curate.terminal import Terminal
from tests.contract.test_commands import call
from tests.manifest.bad_extensions import make_extension
from tests.manifest.studied import with_sets
from tests.manifest.tampering import change_json, change_rows, copy_of, repair_about, repair_sums

DEMO = Path(__file__).parents[2] / "data_manifests" / "demo"
KEYS = "SELECT count(DISTINCT k) FROM (SELECT unnest({}_keys) AS k FROM used)"
ITEMS = ["7", "8", "9", "10", "11", "12", "19", "20", "35", "36", "12a", ""]


@pytest.fixture(scope="module", params=["demo", "good", "lesion level"])
def folder(request, good, tmp_path_factory):
    """Manifests of two protocols and both levels, with images excluded, folds, and sources of each level."""
    if request.param == "demo":
        return DEMO
    if request.param == "good":
        return good
    lesion = copy_of(DEMO, tmp_path_factory.mktemp("lesion"))
    change_rows(lesion, "edges.parquet", drop_patient_edges)
    groups = groups_of(lesion)
    change_rows(lesion, "images.parquet", lambda rows: [row.update(component=f"c-{groups[row['image_id']]}") for row in rows])
    change_json(lesion, "manifest.json", lambda info: at_level(info, lesion))
    repair_about(lesion)
    return lesion


def drop_patient_edges(rows):
    rows[:] = [row for row in rows if row["evidence"] != "patient"]


def groups_of(folder: Path) -> dict[str, str]:
    """The smallest id that each image is joined to, by passing it along the edges until nothing changes."""
    smallest = {image: image for image in pq.read_table(folder / "images.parquet").column("image_id").to_pylist()}
    edges = pq.read_table(folder / "edges.parquet").to_pylist()
    changed = True
    while changed:
        changed = False
        for edge in edges:
            a, b = edge["image_a"], edge["image_b"]
            least = min(smallest[a], smallest[b])
            changed |= smallest[a] != least or smallest[b] != least
            smallest[a] = smallest[b] = least
    return smallest


def at_level(info, folder):
    sizes = pd.read_parquet(folder / "images.parquet").component.value_counts()
    info["level"] = info["policy"]["level"] = "lesion"
    for source in info["sources"]:
        source["level"] = "lesion" if source["keyed"]["lesion"] and source["level"] == "patient" else source["level"]
    info["counts"]["edges"].pop("patient")
    info["counts"].update(components=len(sizes), components_with_several=int((sizes > 1).sum()), largest_component=int(sizes.max()))


@pytest.fixture(scope="module")
def issued(folder):
    return certify(folder)


@pytest.fixture(scope="module")
def ask(folder):
    """SQL over the manifest's own tables."""
    connection = duckdb.connect()
    for name in ("images", "edges"):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder / name}.parquet'")
    connection.execute("CREATE VIEW used AS SELECT * FROM images WHERE split <> 'excluded'")
    return lambda query: connection.execute(query).fetchall()


def one(ask, query):
    return ask(query)[0][0]


def test_what_was_proven_is_counted_over_the_tables(issued, ask, folder):
    n = issued["facts"]["numbers"]
    counted = {
        "images": "SELECT count(*) FROM images",
        "in_splits": "SELECT count(*) FROM used",
        **{s: f"SELECT count(*) FROM images WHERE split = '{s}'" for s in ("train", "validation", "test", "excluded")},
        "components": "SELECT count(DISTINCT component) FROM images",
        "components_of_several": "SELECT count(*) FROM (SELECT 1 FROM images GROUP BY component HAVING count(*) > 1)",
        "images_in_components_of_several": """SELECT count(*) FROM images WHERE component IN
            (SELECT component FROM images GROUP BY component HAVING count(*) > 1)""",
        "largest_component": "SELECT max(n) FROM (SELECT count(*) AS n FROM images GROUP BY component)",
        "components_in_splits": "SELECT count(DISTINCT component) FROM used",
        "components_with_a_test_image": "SELECT count(DISTINCT component) FROM images WHERE split = 'test'",
        "folds": "SELECT count(DISTINCT fold) FROM images",
        "images_in_folds": "SELECT count(fold) FROM images",
        "edges": "SELECT count(*) FROM edges",
        "pairs": "SELECT count(*) FROM (SELECT DISTINCT image_a, image_b FROM edges)",
        "edges_in_splits": """SELECT count(*) FROM edges JOIN used a ON a.image_id = image_a JOIN used b ON b.image_id = image_b""",
        **{f"{kind}_keys": KEYS.format(kind) for kind in ("image", "lesion", "patient")},
        "byte_digests": "SELECT count(DISTINCT sha256) FROM used",
        "pixel_digests": "SELECT count(DISTINCT pixel_sha256) FROM used",
        "images_pinned": "SELECT count(pinned) FROM images",
        "components_pinned": "SELECT count(DISTINCT component) FROM images WHERE pinned IS NOT NULL",
        "overlaps_test": "SELECT count(*) FROM images WHERE excluded_reason = 'overlaps_test'",
        "without_nine_class": "SELECT count(*) FROM used WHERE nine_class IS NULL",
    }
    assert {name: n[name] for name in counted} == {name: one(ask, query) for name, query in counted.items()}
    assert n["files"] == sum(1 for path in folder.rglob("*") if path.is_file()) - 1
    said = {row["invariant"]: row["statement"] for row in issued["proven"]}
    assert list(said) == list(range(1, 11))
    for invariant, names in {1: ("components", "edges", "pairs"), 3: ("test",), 4: ("images_pinned",), 9: ("files",)}.items():
        for name in names:
            assert f"{n[name]:,} " in said[invariant], (invariant, name)


def test_each_source_has_the_coarsest_level_of_its_keys_and_says_how_many_carry_them(issued, ask):
    patients = issued["facts"]["level"] == "patient"
    rows = ask(
        f"""SELECT source, count(*), count(*) FILTER ({patients} AND len(patient_keys) > 0),
                   count(*) FILTER (len(lesion_keys) > 0 AND NOT ({patients} AND len(patient_keys) > 0)),
                   count(*) FILTER (len(lesion_keys) = 0 AND NOT ({patients} AND len(patient_keys) > 0))
            FROM used GROUP BY source ORDER BY source"""
    )
    told = issued["facts"]["levels"]
    assert [(r["source"], r["images"], r["at_patient"], r["at_lesion"], r["at_image"]) for r in told] == rows
    for (source, images, by_patient, by_lesion, by_image), row, said in zip(rows, told, issued["levels"], strict=True):
        assert row["level"] == ("patient" if by_patient else "lesion" if by_lesion else "image")
        assert (said["source"], said["level"]) == (source, row["level"])
        carried = by_patient or by_lesion
        if carried:
            assert f"{carried} of {images} image" in said["statement"]
            assert f"({100 * carried / images:.1f} %)" in said["statement"]
        else:
            assert said["statement"].startswith("image and pixels")
        assert ("image and pixels" in said["statement"]) == (by_image > 0)
    told = issued["facts"]["risk"]
    assert told["images_without_key"] == sum(by_image for *_, by_image in rows)
    assert told["images_without_patient"] == sum(images - by_patient for _, images, by_patient, *_ in rows)


def test_evidence_is_counted_and_what_did_not_run_is_said(issued, ask, folder):
    info = json.loads((folder / "manifest.json").read_text())
    edges = dict(ask("SELECT evidence, count(*) FROM edges GROUP BY 1"))
    alone = dict(
        ask(
            """SELECT min(evidence), count(*) FROM (SELECT min(evidence) AS evidence FROM edges GROUP BY image_a, image_b
               HAVING count(*) = 1) GROUP BY evidence"""
        )
    )
    for row in issued["facts"]["evidence"]:
        kind = row["evidence"]
        assert (row["edges"], row["only_evidence"]) == (edges.get(kind, 0), alone.get(kind, 0)), kind
        assert row["pairs_compared"] == info.get("pairs_compared", {}).get(kind)
    assert [row["evidence"] for row in issued["facts"]["evidence"]] == list(EVIDENCE)
    states = {row["evidence"]: row["state"] for row in issued["facts"]["evidence"]}
    assert (states["cnn"], states["verdict"], states["local"]) == ("not asked", "none", "ran")
    assert any("does not ask for: cnn" in reason for reason in issued["not_checked"])


def test_false_edges_are_those_that_the_probabilities_expect(issued, ask):
    told = issued["facts"]["risk"]
    likeness = "evidence IN ('exif', 'hash', 'cnn', 'local')"
    assert told["candidate_edges"] == one(ask, f"SELECT count(*) FROM edges WHERE {likeness}")
    assert told["calibrated_edges"] == one(ask, f"SELECT count(probability) FROM edges WHERE {likeness}")
    expected = one(ask, f"SELECT sum(1 - probability) FROM edges WHERE {likeness}")
    assert told["expected_false_edges"] == pytest.approx(expected or 0, abs=0.005)


def test_flow_closes_and_every_exclusion_has_its_reason(issued, ask, folder):
    flow = issued["facts"]["flow"]
    folders = [f for s in json.loads((folder / "manifest.json").read_text())["sources"] for f in s["folders"]]
    assert flow["files"] == sum(f["files"] for f in folders)
    assert flow["files"] == sum(flow[role] for role in ("images", "tables", "side_cars", "rejected", "ignored"))
    assert flow["rejected"] == sum(row["files"] for row in flow["rejected_by_reason"]) == 1
    excluded = ask("SELECT excluded_reason, count(*) FROM images WHERE split = 'excluded' GROUP BY 1 ORDER BY 1")
    assert [(row["reason"], row["images"]) for row in flow["excluded"]] == excluded
    assert flow["images"] == sum(flow["splits"].values()) == one(ask, "SELECT count(*) FROM images")


def test_people_are_counted_by_partition(issued, folder):
    images = pd.read_parquet(folder / "images.parquet")
    for field in ("sex", "skin_type", "modality", "confirmation", "three_class", "nine_class"):
        rows = {row["value"]: row for row in issued["facts"]["groups"] if row["field"] == field}
        for split in ("train", "validation", "test"):
            counts = images.loc[images.split == split, field].fillna("").value_counts().to_dict()
            assert {value: row[split] for value, row in rows.items() if row[split]} == counts
    for split in ("train", "validation", "test"):
        mine = images[images.split == split]
        ages, told = mine.age.dropna(), issued["facts"]["ages"][split]
        assert told["known"] == len(ages)
        if len(ages):
            quartiles = [told[name] for name in ("lower_quartile", "median", "upper_quartile")]
            assert quartiles == pytest.approx(ages.quantile([0.25, 0.5, 0.75]).tolist())
        for kind in ("lesion", "patient"):
            assert issued["facts"]["keys_by_split"][split][f"{kind}_keys"] == mine[f"{kind}_keys"].explode().nunique()
    missing = {row["field"]: row["images"] for row in issued["facts"]["missing"]}
    used = images[images.split != "excluded"]
    assert missing == {field: int(used[field].isna().sum()) for field in missing}
    trained = set(images[images.split.isin(["train", "validation"])].source)
    tested = images[images.split == "test"].source.value_counts()
    assert {r["source"]: (r["images"], r["also_trained_on"]) for r in issued["facts"]["test_sources"]} == {
        source: (n, source in trained) for source, n in tested.items()
    }


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_is_wilsons(counts):
    interval = binomtest(*counts).proportion_ci(0.95, method="wilson")
    assert wilson(*counts) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_of_nothing_anything_may_be():
    assert wilson(0, 0) == (0, 1)


def test_the_calibration_tells_how_many_pairs_it_knew(good):
    """As the shipped calibration has them: what it found is also its precision times the pairs at the threshold."""
    from importlib.resources import files

    models = json.loads(files("curate.graph").joinpath("calibration.json").read_text())["models"]
    told = json.loads((good / "manifest.json").read_text())["calibration"]
    for name, threshold in {"dermoscopic": 0.3, "clinical": 0.4}.items():  # the policy's
        model = models.pop(name)
        (row,) = [r for r in model["curve"] if r["threshold"] == threshold]
        counts = told["known_pairs"][name]
        assert counts == {"known": model["pairs_known"], "found": round(row["precision"] * row["pairs"])}
        assert told["recall_of_known"][name] == pytest.approx(counts["found"] / counts["known"], abs=5e-5)
    assert (models, told["model_of_others"]) == ({}, "dermoscopic")


def test_a_risk_has_its_interval_where_pairs_were_counted_and_says_so_where_not(good):
    told = certify(good)
    counts = json.loads((good / "manifest.json").read_text())["calibration"]["known_pairs"]
    for model in told["facts"]["risk"]["models"]:
        found, known = counts[model["modality"]]["found"], counts[model["modality"]]["known"]
        interval = binomtest(known - found, known).proportion_ci(0.95, method="wilson")
        assert (model["missed_from"], model["missed_to"]) == pytest.approx((interval.low, interval.high))
        assert model["missed"] == pytest.approx(1 - found / known)
        (line,) = [line for line in told["risk"]["missed"] if line.startswith(model["modality"])]
        assert f"{100 * (1 - found / known):.1f} %" in line
        assert f"95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f} %" in line
        assert f"{found:,} of {known:,} known pairs" in line
    assert "another population than yours" in " ".join(told["risk"]["applies"])
    assert "no id covers" in told["risk"]["applies"][0]
    earlier = certify(DEMO) if "known_pairs" not in (DEMO / "manifest.json").read_text() else None
    if earlier is not None:
        assert all("so there is no interval" in line for line in earlier["risk"]["missed"])


def test_an_earlier_calibration_has_a_share_and_no_interval(good, tmp_path):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: [info["calibration"].pop(k) for k in ("known_pairs", "model_of_others")])
    told = certify(folder)
    assert all("so there is no interval" in line for line in told["risk"]["missed"])
    assert [model["missed_from"] for model in told["facts"]["risk"]["models"]] == [None, None]


@pytest.fixture(scope="module")
def paper_policy(frozen, project, tmp_path_factory):
    """A manifest linked by the paper's policy, whose CNN evidence had no features: nothing of it is calibrated."""
    place = tmp_path_factory.mktemp("paper")
    shutil.copytree(project.workspace, place / "workspace")
    asked = project.model_copy(
        update={
            "name": "paper",
            "workspace": place / "workspace",
            "link": project.link.model_copy(update={"policy": "paper"}),
            "manifest": project.manifest.model_copy(update={"out": place}),
        }
    )
    return Path(run_project(asked, LocalEngine(1), Terminal(quiet=True))["manifest"])


def test_without_a_calibration_it_says_what_is_not_known(paper_policy):
    told = certify(paper_policy)
    (missed,) = told["risk"]["missed"]
    assert "is not known" in missed
    assert "all may have been missed" in missed
    assert "population" not in " ".join(told["risk"]["applies"])
    states = {row["evidence"]: row["state"] for row in told["facts"]["evidence"]}
    assert (states["cnn"], states["local"], states["hash"]) == ("not run", "not asked", "not asked")
    assert "did not run (" in next(row["statement"] for row in told["evidence"] if row["evidence"] == "cnn")
    (disjoint,) = [p["text"] for p in told["paragraphs"] if p["item"] == "20"]
    assert "missed among images without ids is not known" in disjoint
    assert "%" not in missed


def test_a_source_that_was_not_trained_on_is_told_from_one_that_was():
    whole = load(DEMO)
    source, split = (whole.images.column(name).to_pylist() for name in ("source", "split"))
    kept = [s != "pad_ufes_20" or p == "test" for s, p in zip(source, split, strict=True)]
    facts = facts_of(replace(whole, images=whole.images.filter(kept), edges=whole.edges.slice(0, 0)), verify(DEMO))
    outside = [row for row in facts["test_sources"] if not row["also_trained_on"]]
    tested = sum(s == "pad_ufes_20" for s, k in zip(source, kept, strict=True) if k)
    assert outside == [{"source": "pad_ufes_20", "images": tested, "also_trained_on": False}]


@pytest.mark.parametrize(
    ("test", "sources", "words"),
    [
        (0, [], "No image was set aside for testing."),
        (5, [{"images": 5, "also_trained_on": False}], "No source of the test partition gave an image to train or tune on."),
        (5, [{"images": 3, "also_trained_on": True}, {"images": 2, "also_trained_on": False}], "3 of 5 test images are of sources"),
    ],
)
def test_the_authors_paragraph_says_whether_testing_is_of_the_same_sources(good, test, sources, words):
    facts = facts_of(load(good), verify(good))
    facts |= {"numbers": facts["numbers"] | {"test": test}, "test_sources": sources}
    (used,) = [p["text"] for p in paragraphs(facts) if "The data were partitioned into" in p["text"]]
    assert words in used


def test_what_no_share_and_no_probability_is_known_of_is_said(good):
    facts = facts_of(load(good), verify(good))
    facts["risk"] |= {"images_of_other_modality": 7, "images_without_patient": 0, "candidate_edges": 4, "calibrated_edges": 0}
    told = risk(facts)
    assert "For 7 images of another or unknown modality no share of their own is known." in told["applies"]
    assert not [words for words in told["applies"] if "Photographs of other lesions" in words]
    assert (
        "Of 4 edges by likeness or time, none has a calibrated probability, so how many are false is not known."
        in told["false_edges"]
    )


def test_a_manifest_that_changes_while_it_is_read_gets_none(good, tmp_path, monkeypatch):
    folder = copy_of(good, tmp_path)

    def and_then_changed(path):
        proof = verify(path)
        change_json(folder, "manifest.json", lambda info: info.update(name="another"))
        return proof

    monkeypatch.setattr("curate.manifest.certificate.issue.verify", and_then_changed)
    with pytest.raises(BrokenInvariantError, match="was changed while it was read"):
        certify(folder)


@pytest.mark.parametrize("recall", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(good, tmp_path, recall):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info["calibration"]["recall_of_known"].update(clinical=recall))
    with pytest.raises(BrokenInvariantError, match="recall_of_known"):
        certify(folder)


def test_no_level_is_coarser_than_the_manifests():
    whole = load(DEMO)
    facts = facts_of(replace(whole, info={**whole.info, "level": "lesion"}), verify(DEMO))
    assert {row["level"] for row in facts["levels"]} <= {"image", "lesion"}


def test_all_items_are_there_and_what_the_manifest_cannot_know_is_left_to_the_author(issued):
    assert [p["item"] for p in issued["paragraphs"]] == ITEMS
    texts = {p["item"]: p["text"] for p in issued["paragraphs"]}
    assert "[author: ethics" in texts["7"]
    assert all("[author: " in texts[item] for item in ("7", "8", "9", "11", "12", "36", "12a", ""))
    assert all("\n" not in text for text in texts.values())
    n = issued["facts"]["numbers"]
    assert f"{n['train']} for training, {n['validation']} for tuning (validation) and {n['test']} for testing" in texts["35"]
    assert issued["facts"]["digest"] in texts[""]


def test_it_never_claims_more_than_the_evidence(issued, folder, tmp_path):
    write_certificate_page(issued, tmp_path / "c.html")
    text = "\n".join(certificate_lines(issued))
    for words in (text, (tmp_path / "c.html").read_text(), json.dumps(issued)):
        assert "No link between two splits was found by the evidence listed" in words
        assert not re.search(r"leak.?free|no leak|free of leak|guarantee", words, re.IGNORECASE)


def test_it_depends_on_the_content_alone(folder, issued, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert certify(tmp_path / "elsewhere") == issued
    assert str(folder) not in json.dumps(issued)


def leak(rows):
    components = [r["component"] for r in rows]
    row = next(r for r in rows if components.count(r["component"]) > 1 and r["split"] == "train" and not r["pinned"])
    row["split"], row["fold"] = "test", None


BEFORE = {"least_side": 96, "least_sharpness": 4.0, "least_contrast": 4.0}
OF_BEFORE = "shorter side at least 96 pixels, sharpness at least 4, contrast at least 4"


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (BEFORE, OF_BEFORE),
        (
            BEFORE | {"least_sharpness_of": {}, "far_shots": [], "least_framing": 0.0},
            f"{OF_BEFORE}; a reviewer's word before all",
        ),
        (
            QualityGate().model_dump(mode="json"),
            "shorter side at least 96 pixels, sharpness at least 8 (clinical), 10 (dermoscopic) and 4 (others), "
            "contrast at least 4, no shot that its publisher calls at distance, what stands out at least 0.07 of the longer side, "
            "in clinical pictures without a kind of shot; a reviewer's word before all",
        ),
        (
            BEFORE | {"least_sharpness_of": {"tbp_tile": 1.5}, "far_shots": ["overview", "at_distance"], "least_framing": 0.0},
            "shorter side at least 96 pixels, sharpness at least 1.5 (tbp_tile) and 4 (others), contrast at least 4, "
            "no shot that its publisher calls overview or at distance; a reviewer's word before all",
        ),
    ],
)
def test_the_gate_in_words(gate, words):
    """What a manifest's gate does not ask for is not said."""
    assert thresholds(gate) == words


def test_the_certificate_says_what_the_gate_asks_for(good):
    text = " ".join(" ".join(certificate_lines(certify(good))).split())
    assert "passes the quality gate (size, blur, contrast, distance; so does each of " in text  # on the first sheet
    assert text.count("sharpness at least 8 (clinical), 10 (dermoscopic) and 4 (others)") == 1  # in a paragraph to paste


def test_a_manifest_that_is_not_verified_gets_none(good, tmp_path):
    folder = copy_of(good, tmp_path)
    change_rows(folder, "images.parquet", leak)
    with pytest.raises(BrokenInvariantError, match="gets no certificate"):
        certify(folder)
    for extra in ((), ("--json",)):
        done = call("certificate", folder, "--html", tmp_path / "c.html", *extra)
        assert done.returncode == 3
        assert "gets no certificate" in done.stderr
        assert "CERTIFICATE" not in done.stdout
        assert not extra or json.loads(done.stdout)["ok"] is False
        assert not (tmp_path / "c.html").exists()
    with pytest.raises(InputError):
        certify(tmp_path / "absent")


@pytest.mark.parametrize("lost", ["software", "seed", "calibration", "rejected", "findings"])
def test_a_manifest_that_lacks_a_value_is_named_and_no_raw_error(good, tmp_path, lost):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info.pop(lost))
    with pytest.raises(BrokenInvariantError):
        certify(folder)


def places(value, path=()):
    """The places in manifest.json, of each list the first entry."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, held in inside:
        yield from places(held, (*path, key))


@pytest.mark.parametrize("other", [None, "x", float("nan")], ids=repr)
def test_no_value_of_another_type_ends_in_a_raw_error(good, tmp_path, other):
    """Each value of manifest.json replaced: there is a certificate, or it is said in words that there is none."""
    whole = (good / "manifest.json").read_text()
    folder = copy_of(good, tmp_path)
    ended = {"certified": 0, "refused": 0}
    for path in places(json.loads(whole)):
        if path and path[0] in (
            "calibration",
            "protocol",
            "policy",
            "not_checked",
            "sources",
            "software",
            "rejected",
            "pairs_compared",
        ):
            content = json.loads(whole)
            at = content
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = other
            (folder / "manifest.json").write_text(json.dumps(content))
            repair_sums(folder)
            try:
                certificate_lines(certify(folder))
                ended["certified"] += 1
            except CurateError:
                ended["refused"] += 1
    assert min(ended.values()) > 5


HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnihton &amp; \"'` [author: me]\n10  All is well"


def test_words_of_a_manifest_forge_nothing(good, tmp_path):
    folder = copy_of(good, tmp_path)

    def info(content):
        content["sources"][0].update(name=HOSTILE, licence=HOSTILE, citation=HOSTILE)
        content["not_checked"] += [HOSTILE, f"cnn: {HOSTILE}", "x" * 5000]
        content["calibration"].update(
            learnt_on=HOSTILE, recall_of_known={HOSTILE: 0.5}, known_pairs={HOSTILE: {"known": 2, "found": 1}}
        )
        given = content["counts"]["images"] - content["counts"]["splits"]["excluded"]
        counts = {"kept": 0, "dropped": 0, "quarantined": 0, "added": given}
        content.update(version="1.1.0", extends={"name": HOSTILE, "digest": HOSTILE, "merge": "drop", **counts})
        content["policy"]["name"] = HOSTILE
        content["software"]["dermcurate"] = HOSTILE
        content["rejected"][0]["reason"] = HOSTILE

    change_json(folder, "manifest.json", info)
    for name in ("images.csv", "edges.csv"):
        (folder / name).unlink()
    change_json(folder, "manifest.json", lambda content: content["drawn_sets"].update(tests=[], reader_sets=[]))
    nothing = {"modality": HOSTILE, "sex": HOSTILE, "tests": [], "reader_sets": []}
    change_rows(folder, "images.parquet", lambda rows: [row.update(nothing) for row in rows])
    repair_about(folder)
    told = certify(folder)
    lines = certificate_lines(told)
    assert all(line.isprintable() for line in lines)
    assert not any(line.strip().startswith("10  All") for line in lines)
    assert max(map(len, json.dumps(told, ensure_ascii=False).split('"'))) < 5000
    write_certificate_page(told, tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not any(c in page for c in "\x1b\u202e")


def test_what_later_versions_add_is_read(good, tmp_path):
    folder = with_sets(good, tmp_path)

    def info(content):
        given = content["counts"]["images"] - content["counts"]["splits"]["excluded"]
        counts = {"kept": given, "dropped": 0, "quarantined": 0, "added": 0}
        content.update(version="2.1.0", extends={"name": "before", "digest": "ab" * 32, "merge": "drop", **counts})

    change_json(folder, "manifest.json", info)
    change_rows(folder, "images.parquet", lambda rows: [row.update(shot_type="close-up") for row in rows])
    for name in ("images.csv", "edges.csv"):
        (folder / name).unlink()
    repair_about(folder)
    told = certify(folder)
    facts = told["facts"]
    rows = pq.read_table(folder / "images.parquet").to_pylist()
    for column, key, names in (("tests", "test_set", ["mixed"]), ("reader_sets", "reader_set", ["mixed-readers", "three"])):
        held = {name: sum(name in row[column] for row in rows) for name in names}
        assert {r[key]: r["images"] for r in facts[f"{key}s"]} == held
        assert all(held.values())
    assert [r["value"] for r in facts["groups"] if r["field"] == "shot_type"] == ["close-up"]
    assert {r["source"]: r["level"] for r in facts["levels"]} == {
        "ham10000": "lesion",
        "isic_challenge_2017": "image",
        "pad_ufes_20": "patient",
    }
    text = "\n".join(certificate_lines(told))
    assert "version 2.1.0" in text
    assert "before " + "ab" * 32 in text
    assert "that nothing moved since before " in " ".join(told["not_checked"])


def test_an_extension_proves_that_nothing_moved_where_the_old_one_is_given(good, tmp_path):
    new, old = make_extension(None, good, tmp_path)
    alone, both = certify(new), certify(new, old)
    assert [row["invariant"] for row in alone["proven"]] == list(range(1, 11))
    assert [row["invariant"] for row in both["proven"]] == [*range(1, 11), 12]
    was = [row for row in pq.read_table(old / "images.parquet").to_pylist() if row["split"] != "excluded"]
    said = both["proven"][-1]["statement"]
    assert f"Nothing moved since old {load(old).digest}: {len(was)} images in the same split and fold; dropped" in said
    assert said.endswith(" a finding names: 0; added: 1.")
    assert any("that nothing moved since old" in reason for reason in alone["not_checked"])
    assert not any("that nothing moved" in reason for reason in both["not_checked"])
    commands = [command for command, _ in both["repeat"]]
    assert commands[-2:] == ["curate verify DIR --extends OLD", "curate certificate DIR --extends OLD"]
    assert " --extends" not in " ".join(command for command, _ in alone["repeat"])
    assert "\n 12  Nothing moved since old" in "\n".join(certificate_lines(both))
    write_certificate_page(both, tmp_path / "c.html")
    assert "<b>12</b><span>Nothing moved since old" in (tmp_path / "c.html").read_text()


def test_an_extension_that_moved_something_gets_no_certificate_with_the_old_one(good, tmp_path):
    new, old = make_extension("test_image_moved_to_train", good, tmp_path)
    certify(new)
    with pytest.raises(BrokenInvariantError, match=r"gets no certificate\. Invariant 12: .* moved from test to train") as refused:
        certify(new, old)
    assert refused.value.hint == f"`curate verify {new} --extends {old}` lists all."
    done = call("certificate", new, "--extends", old, "--json")
    assert done.returncode == 3
    assert "Invariant 12" in done.stderr + done.stdout


def test_the_page_goes_nowhere_where_it_would_destroy(good, issued, tmp_path):
    page = tmp_path / "c.html"
    write_certificate_page(issued, page)
    require_place(page, good)  # an older certificate may be replaced
    write_certificate_page(issued, page)
    assert [p.name for p in tmp_path.iterdir()] == ["c.html"]
    (tmp_path / "thesis.html").write_text("years of work")
    with pytest.raises(InputError, match="no certificate"):
        require_place(tmp_path / "thesis.html", good)
    with pytest.raises(InputError, match="manifest's folder"):
        require_place(good / "c.html", good)


def test_the_command_prints_text_or_one_object_and_writes_the_page(tmp_path):
    done = call("certificate", DEMO, "--html", tmp_path / "c.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("CERTIFICATE of the manifest demo, version 1.0.0\n")
    assert "c.html" in done.stderr
    assert (tmp_path / "c.html").read_text().startswith("<!doctype html>")
    told = json.loads(call("certificate", DEMO, "--json").stdout)
    assert told["facts"]["name"] == "demo"
    assert told["html"] is None
    folder = copy_of(DEMO, tmp_path)
    assert call("certificate", folder, "--html", folder / "c.html").returncode == 2
    assert not (folder / "c.html").exists()
