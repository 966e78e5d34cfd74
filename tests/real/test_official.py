"""The published splits of ISIC 2017 and of the folder export, audited as shipped, against what is listed beside the pictures.

The keys that join their sides stand in other sources: patients and lesions of ISIC 2017 in the archive's records, lesions of the
folder export in HAM10000's table. Both are read without their pictures.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.fingerprints.stage import fingerprint_stage
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.manifest.freeze import freeze
from curate.manifest.read import load
from curate.manifest.verify import verify
from curate.sources.ingest import ingest
from curate.sources.registry import source
from curate.splits.audit_official import straddling
from curate.splits.images import read_images
from curate.splits.protocol import Protocol
from curate.splits.stage import split
from tests.real.native import known_pairs, lesions

pytestmark = pytest.mark.real

CHALLENGE, EXPORT = "isic_challenge_2017", "isic_class_folders"
SURE = ("image_id", "lesion", "patient", "declared", "bytes", "pixels")
OFFICIAL = Protocol(protocol="official", folds=3)


@pytest.fixture(scope="module")
def audited(shared, tree, tmp_path_factory):
    """The catalogue of both, split as published, the summary, and what straddles by source and evidence."""
    with Catalogue.write(tmp_path_factory.mktemp("official") / "workspace", "a test") as catalogue:
        for name in ("ham10000", "isic_archive", CHALLENGE, EXPORT):
            ingest(catalogue, source(name, tree), shared / "data" / name, tree, metadata_only=name not in (CHALLENGE, EXPORT))
        fingerprint_stage(catalogue, LocalEngine(2), None, points=False)
        link(catalogue, find_policy("strict").model_copy(update={"evidence": SURE}), LocalEngine(1))
        summary = split(catalogue, OFFICIAL, tree)
        found = defaultdict(set)
        for straddle in straddling(catalogue, read_images(catalogue, OFFICIAL), (CHALLENGE, EXPORT)):
            found[straddle.source, straddle.evidence].add((straddle.name, straddle.images))
        yield catalogue, summary, found


def counted(summary, source_id: str) -> dict[str, int]:
    return {row["evidence"]: row["groups"] for row in summary["official"]["straddling"] if row["source"] == source_id}


def test_the_leaks_of_isic_2017_are_found(audited, shared):
    _, summary, found = audited
    counts = counted(summary, CHALLENGE)
    assert (counts["pixels"], counts["bytes"], counts["patient"], counts["lesion"]) == (4, 4, 15, 6)
    side = {}
    for part in ("Training", "Validation", "Test_v2"):
        with (shared / "data" / CHALLENGE / f"ISIC-2017_{part}_Part3_GroundTruth.csv").open(encoding="utf-8") as handle:
            side |= {f"{CHALLENGE}:{row['image_id']}": part for row in csv.DictReader(handle)}
    listed = {
        (p["image_a"], p["image_b"])
        for p in known_pairs(shared)
        if p["relation"] == "identical_pixels" and {p["image_a"], p["image_b"]} <= side.keys()
    }
    assert {images for _, images in found[CHALLENGE, "pixels"]} == {(a, b) for a, b in listed if side[a] != side[b]}
    groups = defaultdict(set)
    path = shared / "data" / "isic_archive" / "isic2017_groups_crossing_official_splits.csv"
    with path.open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            groups[row["kind"].split()[1], row["id"]].add(f"{CHALLENGE}:{row['name']}")
    for level, namespace in (("patient", "isic.msk1"), ("lesion", "isic.msk4")):
        expected = {(f"{namespace}:{name}", frozenset(images)) for (kind, name), images in groups.items() if kind == level}
        assert {(key, frozenset(images)) for key, images in found[CHALLENGE, level]} == expected


def test_the_leaks_of_the_folder_export_are_found(audited, shared):
    _, summary, found = audited
    counts = counted(summary, EXPORT)
    assert (counts["image_id"], counts["lesion"]) == (18, 38)
    sides = defaultdict(set)
    for path in (shared / "data" / EXPORT).rglob("*.jpg"):
        sides[path.stem.split("(")[0]].add(next(part for part in path.parts if part in ("Train", "Test")))
    shared_ids = {name for name, of in sides.items() if len(of) > 1}
    assert {name for name, _ in found[EXPORT, "image_id"]} == {f"isic:{name}" for name in shared_ids}
    shared_lesions = {
        lesion for lesion, images in lesions(shared).items() if len(set().union(*(sides.get(i, set()) for i in images))) > 1
    }
    assert {name for name, _ in found[EXPORT, "lesion"]} == {f"ham10000:{lesion}" for lesion in shared_lesions}


def test_every_leak_is_a_finding(audited):
    catalogue, summary, found = audited
    component = dict(catalogue.rows("SELECT image_id, component FROM components"))
    leaking = {component[images[0]] for (of, _), groups in found.items() if of in (CHALLENGE, EXPORT) for _, images in groups}
    assert {c for (c,) in catalogue.rows("SELECT component FROM findings WHERE id = 'official.leak'")} == leaking
    assert summary["official"]["components"] == len(leaking)


def test_what_is_left_of_the_published_splits_freezes_and_verifies(audited, tree, tmp_path):
    catalogue, summary, _ = audited
    frozen = freeze(catalogue, tree, "official", tmp_path)
    assert verify(Path(frozen["folder"])).violations == []
    manifest = load(Path(frozen["folder"]))
    assert manifest.info["protocol"]["adopted"] == [CHALLENGE, EXPORT]
    moved = [r for r in manifest.images.to_pylist() if r["split"] not in ("excluded", r["official_split"])]
    assert moved == []
    assert summary["splits"]["test"] > 500
    assert {s["id"]: s.get("level") for s in manifest.info["sources"]}[CHALLENGE] == "image"
