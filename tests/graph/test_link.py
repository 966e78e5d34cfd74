"""Linking catalogues that are written by hand: sessions by EXIF, verdicts, bridges, budgets, explanations."""

import numpy as np
import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError, NotReadyError
from curate.fingerprints.compute import VERSION
from curate.graph.evidence.exif import same_session
from curate.graph.evidence.ids import same_image_id
from curate.graph.explain import explain_image, explain_pair
from curate.graph.link import link, link_is_current
from curate.graph.policy import find_policy

SECOND = 1_000_000
NOON = 1_400_000_000 * SECOND
STRICT = find_policy("strict")


def write_pictures(catalogue, rows):
    """Write pictures of source `s` as if they were fingerprinted; a row may name any column of `fingerprints`."""
    for n, row in enumerate(rows):
        name = row.get("name", f"{n:03d}")
        random = np.random.default_rng(n)
        image = {
            "image_id": f"s:{name}",
            "source_id": "s",
            "native_id": name,
            "path": f"{name}.jpg",
        }
        catalogue.insert("images", [image])
        catalogue.insert("files", [{"source_id": "s", "path": image["path"], "role": "image", "bytes": 1, "mtime_ns": 1}])
        sha = row.get("sha256", f"{n:064x}")
        catalogue.insert(
            "contents", [{"source_id": "s", "path": image["path"], "bytes": 1, "mtime_ns": 1, "sha256": sha, "error": None}]
        )
        if not catalogue.rows("SELECT 1 FROM fingerprints WHERE sha256 = ?", [sha]):
            catalogue.insert(
                "fingerprints",
                [
                    {
                        "sha256": sha,
                        "version": VERSION,
                        "error": None,
                        "pixel_sha256": row.get("pixel", sha),
                        "width": 100,
                        "height": 100,
                        "hashes": row.get("hashes", random.integers(0, 256, (8, 32), dtype=np.uint8).tobytes()),
                        "hash_energy": row.get("energy", 30.0),
                        "sharpness": 50.0,
                        "contrast": 30.0,
                        "camera": row.get("camera"),
                        "serial": row.get("serial"),
                        "taken_us": row.get("taken"),
                        "unique_id": row.get("unique_id"),
                    }
                ],
            )


def shots(*seconds, **common):
    return [{"camera": "C", "serial": "1", "taken": NOON + round(s * SECOND), **common} for s in seconds]


def joined(evidence):
    return {(e.image_a[-1], e.image_b[-1]) for e in evidence.edges}


def test_shots_within_the_window_are_a_session(catalogue):
    write_pictures(catalogue, shots(0, 60, 119.5, 300))
    assert joined(same_session(catalogue, STRICT)) == {("0", "1"), ("0", "2"), ("1", "2")}


def test_the_window_s_edge_counts_and_a_chain_is_not_closed(catalogue):
    write_pictures(catalogue, shots(0, 120, 240.1))
    assert joined(same_session(catalogue, STRICT)) == {("0", "1")}


def test_two_cameras_two_serials_and_the_model_alone_are_never_tied(catalogue):
    write_pictures(catalogue, [*shots(0), *shots(5, serial="2"), *shots(10, camera="D")])
    assert joined(same_session(catalogue, STRICT)) == set()
    assert all(e.weak and not e.must_link for e in same_session(catalogue, STRICT).edges)


PAPER_CODE = find_policy("paper-code")


def test_the_authors_code_ties_two_cameras_strictly_within_the_window(catalogue):
    rows = [*shots(0), *shots(119, camera="D"), *shots(240), *shots(50), *shots(60, camera=None)]
    write_pictures(catalogue, rows)
    # 0 and 3 are of one camera; 1 and 2 are 121 s apart; a missing model differs from every named one
    assert joined(same_session(catalogue, PAPER_CODE)) == {("0", "1"), ("1", "3"), ("0", "4"), ("1", "4"), ("3", "4")}


def test_the_authors_window_is_open(catalogue):
    write_pictures(catalogue, [*shots(0), *shots(120, camera="D")])
    assert joined(same_session(catalogue, PAPER_CODE)) == set()


def test_the_authors_code_takes_files_of_one_name_for_one_image(catalogue):
    write_pictures(catalogue, [{}, {}])
    catalogue.execute("UPDATE images SET path = 'a/one.jpg' WHERE native_id = '000'")
    catalogue.execute("UPDATE images SET path = 'b/one.jpg' WHERE native_id = '001'")
    catalogue.execute("UPDATE files SET path = CASE path WHEN '000.jpg' THEN 'a/one.jpg' ELSE 'b/one.jpg' END")
    catalogue.execute("UPDATE contents SET path = CASE path WHEN '000.jpg' THEN 'a/one.jpg' ELSE 'b/one.jpg' END")
    assert [e.basis for e in same_image_id(catalogue, PAPER_CODE).edges] == ["file name one.jpg"]
    assert same_image_id(catalogue, STRICT).edges == []


def test_a_scanner_s_stamp_and_an_unset_clock_tie_nothing(catalogue):
    write_pictures(catalogue, shots(*[0] * 11))
    found = same_session(catalogue, STRICT)
    assert (found.edges, [f["id"] for f in found.findings]) == ([], ["exif.batch-stamp"])


def test_a_clock_that_was_never_set(catalogue):
    january = 1_388_534_400 * SECOND  # 2014-01-01 00:00:00
    write_pictures(catalogue, [{"camera": "C", "serial": "1", "taken": january + s * SECOND} for s in (1, 20)])
    found = same_session(catalogue, STRICT)
    assert (found.edges, [f["id"] for f in found.findings]) == ([], ["exif.clock-not-set"])


def test_a_working_day_is_no_burst(catalogue):
    write_pictures(catalogue, shots(*range(0, 60 * 25, 60)))
    found = same_session(catalogue, STRICT)
    assert (found.edges, [f["id"] for f in found.findings]) == ([], ["exif.long-session"])


def test_a_unique_id_ties_two_and_one_that_many_carry_ties_none(catalogue):
    write_pictures(catalogue, [{"unique_id": "u"}, {"unique_id": "u"}, *[{"unique_id": "firmware"}] * 11])
    found = same_session(catalogue, STRICT)
    assert joined(found) == {("0", "1")}
    assert [f["id"] for f in found.findings] == ["exif.unique-id-of-many"]


def prepared(catalogue, rows):
    from curate.fingerprints.stage import fingerprint_stage

    write_pictures(catalogue, rows)
    fingerprint_stage(catalogue, LocalEngine(1), None)


def near(first, bits):
    """Return a hash whose upright part differs from another's in so many bits, the other orientations far away."""
    base = np.frombuffer(first, dtype=np.uint8).reshape(8, 32).copy()
    other = np.random.default_rng(99).integers(0, 256, (8, 32), dtype=np.uint8)
    other[0] = base[0]
    for bit in range(bits):
        other[0, bit // 8] ^= 1 << (bit % 8)
    return other.tobytes()


def first_hash():
    return np.random.default_rng(0).integers(0, 256, (8, 32), dtype=np.uint8).tobytes()


@pytest.mark.parametrize(("bits", "edges", "weak"), [(0, 1, False), (24, 1, False), (25, 1, True), (28, 1, True), (29, 0, False)])
def test_hash_thresholds_and_weak_bridges(catalogue, bits, edges, weak):
    prepared(catalogue, [{}, {"hashes": near(first_hash(), bits)}])
    summary = link(catalogue, STRICT, LocalEngine(1))
    assert summary["edges"]["hash"] == edges
    assert [f for (f,) in catalogue.rows("SELECT id FROM findings WHERE stage = 'link'")] == (
        ["component.weak-bridge"] if weak else []
    )


def test_flat_pictures_get_no_hash_edge(catalogue):
    prepared(catalogue, [{}, {"hashes": first_hash(), "energy": 2.0}])
    assert link(catalogue, STRICT, LocalEngine(1))["edges"]["hash"] == 0


def test_a_component_over_the_budget_stays_whole_and_is_a_finding(catalogue):
    prepared(catalogue, [{"pixel": "p" * 64, "sha256": f"{n:064x}"} for n in range(31)])
    assert link(catalogue, STRICT, LocalEngine(1))["largest_component"] == 31
    assert catalogue.rows("SELECT id, len(images) FROM findings WHERE id = 'component.over-budget'") == [
        ("component.over-budget", 31)
    ]


def decide(catalogue, a, b, verdict, second):
    catalogue.execute(
        "INSERT INTO verdicts VALUES (?, ?, ?, 'a reviewer', make_timestamp(?), '')", [f"s:{a}", f"s:{b}", verdict, second * SECOND]
    )


def test_verdicts_tie_and_untie_and_the_last_one_counts(catalogue):
    prepared(catalogue, [{}, {"hashes": near(first_hash(), 10)}, {}])
    assert link(catalogue, STRICT, LocalEngine(1))["edges"]["hash"] == 1
    decide(catalogue, "000", "001", "different", 1)
    assert not link_is_current(catalogue)
    decide(catalogue, "000", "002", "different", 2)
    decide(catalogue, "000", "002", "same", 3)
    summary = link(catalogue, STRICT, LocalEngine(1))
    assert (summary["edges"]["hash"], summary["edges"]["verdict"]) == (0, 1)
    assert link(catalogue, STRICT, LocalEngine(1))["skipped"]


def test_a_verdict_against_identical_bytes_is_a_finding_and_changes_nothing(catalogue):
    prepared(catalogue, [{"sha256": "a" * 64}, {"sha256": "a" * 64}])
    decide(catalogue, "000", "001", "different", 1)
    summary = link(catalogue, STRICT, LocalEngine(1))
    assert summary["components"] == 1
    assert summary["edges"]["bytes"] == summary["edges"]["pixels"] == 1
    assert summary["edges"]["hash"] == 0
    found = catalogue.rows("SELECT DISTINCT id, severity FROM findings WHERE stage = 'link'")
    assert found == [("verdict.against-must-link", "error")]


def test_explanations(catalogue):
    prepared(catalogue, [{}, {"hashes": near(first_hash(), 10)}, {"hashes": near(first_hash(), 100)}])
    link(catalogue, STRICT, LocalEngine(1))
    told = explain_image(catalogue, "s:000")
    assert told["members"] == ["s:000", "s:001"]
    assert [e["evidence"] for e in told["edges"]] == ["hash"]
    pair = explain_pair(catalogue, "s:001", "s:000")
    assert pair["linked"]
    assert [(s["image_a"], s["image_b"]) for s in pair["path"]] == [("s:001", "s:000")]
    apart = explain_pair(catalogue, "s:000", "s:002")
    assert not apart["linked"]
    assert next(m["value"] for m in apart["likeness"] if m["evidence"] == "hash").split(" ")[0].isdigit()
    with pytest.raises(InputError, match="no image s:9") as caught:
        explain_image(catalogue, "s:9")
    assert caught.value.hint


def test_new_pictures_make_the_links_stale(catalogue):
    prepared(catalogue, [{}])
    link(catalogue, STRICT, LocalEngine(1))
    write_pictures(catalogue, [{"name": "new", "sha256": "b" * 64}])
    with pytest.raises(NotReadyError, match="since the last fingerprints"):
        link_is_current(catalogue)


def test_patient_level_is_a_choice(project, frozen):
    assert frozen
    with Catalogue.write(project.workspace, "a test") as catalogue:
        whole = link(catalogue, find_policy("strict"), LocalEngine(1))
        lesion = link(catalogue, find_policy("strict", level="lesion"), LocalEngine(1))
        assert whole["edges"]["patient"] == 1
        assert lesion["edges"]["patient"] == 0
        assert lesion["components"] == whole["components"] + 1
        link(catalogue, find_policy("strict"), LocalEngine(1))
