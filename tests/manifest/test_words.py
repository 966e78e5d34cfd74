"""What the proof says, and in which order: the words by which somebody finds the row."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import BrokenInvariantError
from curate.manifest.frozen import Frozen, Rows
from curate.manifest.invariants import CHECKS
from curate.manifest.pictures import Pictures
from curate.manifest.proof import STEPS, Manifest
from curate.manifest.schema import EDGES, IMAGES
from curate.manifest.stated import SINCE_1_1, STATED
from curate.manifest.verify import LISTED, Proof, Violation, verify
from curate.resources import schemas
from tests.manifest.tampering import change_json, change_rows, copy_of, repair_sums


def said(folder) -> list[str]:
    return [v.message for v in verify(folder).violations]


def test_what_is_refused_names_the_first_violation_and_how_to_list_all(tmp_path):
    proof = Proof("m", "00")
    proof.require("Nothing is done.", tmp_path)
    proof.add(9, "files", ["x is missing"])
    with pytest.raises(BrokenInvariantError) as refused:
        proof.require("Nothing is done.", tmp_path)
    assert refused.value.message == "Nothing is done. Invariant 9: x is missing."
    assert refused.value.hint == f"`curate verify {tmp_path}` lists all."
    proof.add(1, "components", ["c straddles"])
    with pytest.raises(BrokenInvariantError) as refused:
        proof.require("Nothing is done.", tmp_path, "--extends", "old")
    assert refused.value.message == "Nothing is done. Invariant 9: x is missing (2 violations in all)."
    assert refused.value.hint == f"`curate verify {tmp_path} --extends old` lists all."


def test_what_its_schema_asks_for_and_is_left_out_is_named(good, tmp_path):
    schema = json.loads(schemas().joinpath("manifest", "manifest.schema.json").read_text(encoding="utf-8"))
    assert list(SINCE_1_1) == schema["then"]["required"]
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda c: [c.pop(name) for name in SINCE_1_1])
    assert [f"manifest.json: {name} is missing" for name in SINCE_1_1] == [m for m in said(folder) if m.endswith(" is missing")]


def test_the_proof_as_an_object(good):
    proof = Proof("m", "00", images=1, not_checked=["pictures"])
    assert (proof.edges, proof.pictures_checked, proof.ok) == (0, 0, True)
    proof.add(9, "files", ["x is missing"])
    proof.add(1, "components", [])
    assert proof.as_json() == {
        "ok": False,
        "manifest": "m",
        "digest": "00",
        "images": 1,
        "edges": 0,
        "pictures_checked": 0,
        "checks": [
            {"invariant": 9, "name": "files", "violations": 1},
            {"invariant": 1, "name": "components", "violations": 0},
        ],
        "violations": [{"invariant": 9, "message": "x is missing"}],
        "not_checked": ["pictures"],
        "signed_by": [],
    }
    assert Proof("m", None).images == 0
    assert json.dumps(verify(good).as_json())


@pytest.mark.parametrize(("number", "last"), [(LISTED, None), (LISTED + 1, 1), (LISTED + 7, 7)])
def test_many_violations_are_counted_and_some_listed(number, last):
    proof = Proof("m", None)
    proof.add(2, "edges", (str(n) for n in range(number)))
    assert proof.checks == [(2, "edges", number)]
    assert [v.message for v in proof.violations[:LISTED]] == [str(n) for n in range(LISTED)]
    assert proof.violations[LISTED:] == ([] if last is None else [Violation(2, f"… and {last} more of this kind")])
    assert LISTED == 50


def test_words_of_a_manifest_forge_no_line():
    proof = Proof("m", None)
    proof.add(0, "x", ["a\nb\x1b[2Jc", "é ü 猫", "\u202e"])
    assert [v.message for v in proof.violations] == ["a\\nb\\x1b[2Jc", "é ü 猫", "\\u202e"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda rows: rows[1].update(image_id=rows[0]["image_id"]),
            "image_id ham10000:isic_0000001 stands on 2 rows (letter case ignored)",
        ),
        (
            lambda rows: rows[1].update(path=rows[0]["path"].upper()),
            "path ham10000:ham10000_images_part_1/isic_0000001.jpg stands on 2 rows (letter case ignored)",
        ),
        (lambda rows: rows[0].update(sha256="X" * 64), "ham10000:ISIC_0000001: sha256 is no sha256"),
        (lambda rows: rows[0].update(pixel_sha256="0" * 63), "ham10000:ISIC_0000001: pixel_sha256 is no sha256"),
    ],
)
def test_rows_are_named_by_what_is_wrong_with_them(frozen, tmp_path, change, words):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", change)
    assert words in said(folder)


def test_what_stands_twice_is_sorted_all_the_same(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: rows.insert(0, dict(rows[0])))
    assert "images.parquet is not sorted by image_id" not in said(folder)
    change_rows(folder, "images.parquet", lambda rows: rows.reverse())
    assert "images.parquet is not sorted by image_id" in said(folder)


SAID_OF = (
    (r"component (c-\d): no edges", r"$^"),
    (r"component (c-\d) straddles", r" in (\w+)"),
    (r"component (c-\d) is pinned", r"$^"),
    (r"the images that edges join to (\S+)", r"(c-\d)"),
    (r"lesion_keys (k\d) connects .*(?:train|test)", r"\((\w+)\)"),
    (r"lesion_keys (k\d) connects .*fold", r"\(fold (\d)\)"),
    (r"sha256 (\w) connects .*(?:train|test)", r"\((\w+)\)"),
    (r"source (s\d) has", r"$^"),
    (r"(source s\d, folder \S+) has", r"$^"),
)


@pytest.mark.parametrize(("thing", "places"), SAID_OF)
def test_violations_are_sorted(frozen, tmp_path, thing, places):
    folder = copy_of(frozen, tmp_path)

    def change(rows):
        for number, row in enumerate(rows):
            row.update(component=f"c-{9 - number % 3}", lesion_keys=[f"k{9 - number % 5}"], source=f"s{9 - number % 3}")
            row.update(sha256="ba"[number % 2], pinned=None if number % 2 else "quality")

    change_rows(folder, "images.parquet", change)
    found = [(match[1], message) for message in said(folder) if (match := re.match(thing, message))]
    assert len(found) > 1
    assert [name for name, _ in found] == sorted(name for name, _ in found)
    for _, message in found:
        assert re.findall(places, message) == sorted(re.findall(places, message))


def test_every_row_is_looked_at_whatever_is_wrong_with_others(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: [row.update(node_id="DC:9999999") for row in rows[:2]])
    assert sum("node DC:9999999 is not in classes.json" in message for message in said(folder)) == 2


def test_a_node_that_stands_twice_is_called_a_node(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    change_json(folder, "classes.json", lambda c: c["nodes"].append(dict(c["nodes"][0])))
    (told,) = said(folder)
    assert told == "node DC:0000001 is listed 2 times"


def test_every_file_is_looked_at_whatever_is_wrong_with_others(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    (folder / "classes.json").unlink()
    (folder / "manifest.json").write_bytes(b"{}")
    for name in ("y", "x"):
        (folder / name).write_text(name)
    told = said(folder)
    assert [m for m in told if "cannot be read" not in m] == [
        "x: not named in SHA256SUMS",
        "y: not named in SHA256SUMS",
        "classes.json: named in SHA256SUMS and missing",
        "manifest.json: its bytes are not those that SHA256SUMS names",
    ]
    (folder / "SHA256SUMS").write_bytes(b"\xff\n" + (folder / "SHA256SUMS").read_bytes().splitlines(keepends=True)[0])
    told = said(folder)
    assert told[0] == "SHA256SUMS, line 1: not a digest, two blanks and the name of a file in this folder"
    assert [m for m in told if "does not name" in m] == [
        f"SHA256SUMS does not name {name}" for name in ("classes.json", "edges.parquet", "images.parquet", "manifest.json")
    ]


def test_text_that_is_no_utf_8_is_no_text(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    table = pq.ParquetFile(folder / "images.parquet").read()
    sites = pa.array([b"\xff"] * len(table), pa.binary()).view(pa.string())
    pq.write_table(table.set_column(table.column_names.index("site"), "site", sites), folder / "images.parquet")
    repair_sums(folder)
    (told,) = said(folder)
    assert told.startswith("images.parquet: cannot be read (ArrowInvalid: ")
    proof = verify(folder)
    assert (proof.images, proof.edges) == (0, 0)


def test_pictures_that_lie_nowhere_known_are_not_said_to_be_those_that_were_frozen(frozen):
    for nowhere in (None, Pictures({})):
        proof = verify(frozen, nowhere)
        assert "pictures are those that were frozen" not in [name for _, name, _ in proof.checks]
        assert proof.pictures_checked == 0


def test_nothing_is_wrong_with_no_images_at_all():
    info = {
        "level": "lesion",
        "policy": {"level": "lesion", "evidence": []},
        "protocol": {
            "name": "holdout",
            "folds": 0,
            "independent": [],
            "quality": dict.fromkeys(("least_side", "least_sharpness", "least_contrast"), 0),
            "test_requires": dict.fromkeys(("independent", "confirmed", "quality"), True),
        },
        "counts": {
            "images": 0,
            "splits": dict.fromkeys(("train", "validation", "test", "excluded"), 0),
            "excluded": {},
            "edges": {},
            **dict.fromkeys(("components", "components_with_several", "largest_component", "without_nine_class"), 0),
        },
        "sources": [],
        "rejected": [],
        "allowed_licences": None,
        "extends": None,
    }
    classes = {"nodes": [], "three": [], "nine": [], "training_classes": [], "partition": {"max_class_size": 1, "inclusive": True}}
    frozen = Frozen(Rows(IMAGES.empty_table()), Rows(EDGES.empty_table()), classes, info)
    assert [message for *_, check in (*CHECKS, *STATED) for message in check(frozen)] == []
    assert [message for step in STEPS for message in step(Manifest([], [], classes, info))] == []
