"""The stand-alone proof stands alone, and nothing that is given to it or to `curate verify` ends in a raw exception."""

import ast
import csv
import io
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curate.manifest.proof as module
from curate.errors import InputError
from curate.manifest.proof import Manifest, prove, step_2_form
from curate.manifest.read import load
from curate.manifest.schema import SCHEMA_VERSION
from curate.manifest.verify import verify
from tests.manifest.bad import Copy, make_bad
from tests.manifest.tampering import change_json, copy_of, repair_sums

SOURCE = Path(module.__file__)
FILES = (
    *("README.md", "SHA256SUMS", "attribution.txt", "classes.json", "croissant.json", "edges.csv", "edges.parquet"),
    *("images.csv", "images.parquet", "licenses/CC0-1.0.txt", "manifest.json"),
)


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """The proof, copied as an auditor would."""
    return Path(shutil.copy(SOURCE, tmp_path_factory.mktemp("elsewhere")))


def ask(copied: Path, *arguments: object) -> subprocess.CompletedProcess:
    """Run the copy without the environment, without the folder that it lies in, without any installed package."""
    command = [sys.executable, "-I", "-S", str(copied), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=copied.parent)


def test_it_is_one_short_file_of_the_standard_library():
    text = SOURCE.read_text(encoding="utf-8")
    assert text.count("\n") < 500
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.partition(".")[0])
    assert imported <= sys.stdlib_module_names


def test_it_is_a_numbered_argument():
    steps = [name for name in vars(module) if name.startswith("step_")]
    assert [int(name.split("_")[1]) for name in steps] == list(range(1, 14))
    numbers = [int(re.match(r"(\d+): ", getattr(module, name).__doc__)[1]) for name in steps]
    assert set(numbers) == set(range(11))
    assert all(getattr(module, name).__doc__.count(".") >= 2 for name in steps[:12]), "what is proven, and why that suffices"


def test_a_copied_file_proves_the_good_manifest(good, copied):
    done = ask(copied, good)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"proven; digest {load(good).digest}" in done.stdout
    done = ask(copied, good, "--json", "--digest", load(good).digest.upper())
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["violations"], told["digest"]) == (0, True, [], load(good).digest)
    assert {c["invariant"] for c in told["checks"]} == set(range(11))
    assert "pictures, parquet files, drawn sets, growth" in told["not_checked"]
    assert load(good).info["not_checked"][0] in told["not_checked"]


def test_it_needs_nothing_but_the_four_files_that_it_reads(good, tmp_path):
    """Parquet files may be any bytes at all: it says that it does not read them."""
    folder = copy_of(good, tmp_path)
    for name in ("images.parquet", "edges.parquet"):
        (folder / name).write_bytes(b"nobody can read this any more")
    repair_sums(folder)
    assert prove(folder)["ok"]


def test_a_bad_one_is_three_and_every_violation_is_told(good, copied, tmp_path):
    folder = make_bad("fold_cuts_a_lesion", good, tmp_path)
    done = ask(copied, folder)
    assert (done.returncode, done.stderr) == (3, "")
    assert "FAIL  1 the column `component` names exactly" in done.stdout
    assert "invariant 2: lesion_keys ham10000:HAM_0000001 connects folds" in done.stdout
    assert json.loads(ask(copied, folder, "--json").stdout)["ok"] is False
    assert ask(copied, good, "--digest", "0" * 64).returncode == 3


def test_every_violation_is_told_not_the_first(good, tmp_path):
    copy = Copy(good, tmp_path / good.name)
    for row in copy.images:
        row["licence"] = None
    copy.write()
    given_images = sum(1 for row in copy.images if row["split"] != "excluded")
    assert sum(1 for v in prove(copy.folder)["violations"] if v["invariant"] == 10) == given_images == 25


def test_what_it_cannot_speak_of_is_two_with_what_to_do(good, frozen, copied, tmp_path):
    for folder, words in (
        (tmp_path / "absent", "holds no manifest"),
        (tmp_path, "holds no manifest"),
        (frozen, "curate freeze NAME --text"),
    ):
        done = ask(copied, folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) <= 3
        told = json.loads(ask(copied, folder, "--json").stdout)
        assert (told["ok"], told["exit_code"]) == (False, 2)
    assert ask(copied).returncode == 2
    assert ask(copied, good, "--frobnicate").returncode == 2
    later = copy_of(good, tmp_path)
    change_json(later, "manifest.json", lambda c: c.update(schema_version="2.0"))
    done = ask(copied, later)
    assert done.returncode == 2
    assert "schema 2.0" in done.stderr
    with pytest.raises(InputError, match=r"schema dermcurate-manifest 2\.0"):
        verify(later)


def test_a_flipped_version_is_damage_and_no_other_schema(good, tmp_path):
    folder = copy_of(good, tmp_path)
    text = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(text.replace(b'"schema_version": "1.1"', b'"schema_version": "3.0"'))
    assert any("manifest.json" in v.message for v in verify(folder).violations if v.invariant == 9)
    assert any("manifest.json" in v["message"] for v in prove(folder)["violations"] if v["invariant"] == 9)


def test_what_a_manifest_says_cannot_forge_a_line_of_the_output(good, copied, tmp_path):
    copy = Copy(good, tmp_path / good.name)
    copy.info["name"] = "\udcff"
    copy.single("train")["licence"] = "x\nok   10 all is well\x1b[2J\u202e"
    copy.info["not_checked"] = ["nothing\n/srv/good: verified", "\ud800"]
    copy.write()
    command = [sys.executable, "-c", "from curate.cli import main; main()", "verify", "--files-only", str(copy.folder)]
    for done in (ask(copied, copy.folder), subprocess.run(command, capture_output=True, text=True, check=False)):
        assert (done.returncode, done.stderr) == (3, "")
        assert r"x\nok   10 all is well\x1b[2J\u202e" in done.stdout
        assert r"not checked: nothing\n/srv/good: verified" in done.stdout
        assert r"not checked: \ud800" in done.stdout
        assert "\nok   10 all is well" not in done.stdout


def test_a_manifest_elsewhere_and_read_only_is_proven(good, copied, tmp_path):
    folder = Path(shutil.copytree(good, tmp_path / "moved"))
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert ask(copied, folder).returncode == 0
    assert verify(folder).ok
    for path in (folder, folder / "licenses"):
        path.chmod(0o755)


EMPTY = {"nodes": [], "three": [], "nine": []}


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n), st.integers(0, n)), max_size=20))
    )
)
def test_components_are_those_of_networkx(drawn):
    count, pairs = drawn
    rows = [{"image_id": str(n)} for n in range(count)]
    edges = [{"image_a": str(a), "image_b": str(b)} for a, b in pairs]  # an end may be no image
    graph = networkx.Graph()
    graph.add_nodes_from(str(n) for n in range(count))
    graph.add_edges_from((str(a), str(b)) for a, b in pairs if a < count and b < count)
    tops = Manifest(rows, edges, EMPTY, {}).joined(edges)
    found = {frozenset(i for i in tops if tops[i] == top) for top in tops.values()}
    assert found == {frozenset(part) for part in networkx.connected_components(graph)}


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("width", "", "'None' is not of type int"),
        ("width", "160.0", "'160.0' is not of type int"),
        ("width", "true", "'True' is not of type int"),
        ("width", "wide", "'wide' cannot be read"),
        ("independent", "1", "'1' is not of type bool"),
        ("sharpness", "NaN", "'nan' is not of type float"),
        ("sharpness", "1e999", "'inf' is not of type float"),
        ("sharpness", "nan", "'nan' cannot be read"),
        ("age", '"50"', "'50' is not of type float"),
        ("image_id", "", "'None' is not of type str"),
        ("site", '"', "'\"' cannot be read"),
        ("site", '"a" b', "'\"a\" b' cannot be read"),
        ("lesion_keys", "", ": not a list"),
        ("lesion_keys", "[1]", "[0]: '1' is not of type str"),
        ("lesion_keys", "[null]", "[0]: 'None' is not of type str"),
        ("labels", "[{}]", "[0].field: missing"),
        ("labels", "[[]]", "[0]: not a JSON object"),
        ("labels", '[{"field":"a","field":"b"}]', "an object says a name twice"),
    ],
)
def test_a_cell_of_another_type_is_named_by_row_and_column(good, column, cell, message):
    with (good / "images.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows[6][column] = cell
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _, wrong = step_2_form("images.csv", out.getvalue().encode())
    assert wrong
    assert all(words.startswith(f"images.csv, row 7, column {column}") for words in wrong)
    assert message in wrong[0]


def test_every_cell_that_cannot_be_read_is_named(good):
    text = (good / "edges.csv").read_text(encoding="utf-8").replace(",1.0,,", ",one,two,")
    _, wrong = step_2_form("edges.csv", text.encode())
    assert len(wrong) == 2 * text.count(",one,two,") > 0


@pytest.mark.parametrize("content", [None, b"", b"\n", b"image_id\n", b"\xff", b"\xef\xbb\xbfimage_a"])
def test_what_is_no_table_is_said_to_be_none(content):
    rows, wrong = step_2_form("edges.csv", content)
    assert (rows, len(wrong)) == (None, 1)


def test_the_two_proofs_know_the_same_evidence():
    from curate.manifest import invariants

    assert (module.MUST_LINK, module.CANDIDATE) == (invariants.MUST_LINK, invariants.CANDIDATE)
    assert f"1.{module.MINOR}" == SCHEMA_VERSION


# ---------------------------------------------------------------- hostile bytes


def both(folder: Path) -> tuple[bool, bool]:
    """Return whether the two accept a manifest; the only exception that may leave them is the caller's fault."""
    try:
        proof = verify(folder)
        json.dumps(proof.as_json())
        accepted = proof.ok
    except InputError:
        accepted = False
    told = prove(folder)
    json.dumps(told)
    return accepted, told["ok"]


@pytest.fixture(scope="module")
def scratch(good, tmp_path_factory) -> Path:
    """A copy whose files are put back after each example."""
    return copy_of(good, tmp_path_factory.mktemp("scratch"))


def put_back(good: Path, scratch: Path) -> None:
    for name in FILES:
        (scratch / name).write_bytes((good / name).read_bytes())


NASTY = (
    b"\0",
    b"\xff\xfe",
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"[" * 5000,
    b"9" * 5000,
    b"1e999",
    b"NaN",
    b"\\ud800",
    b"null",
    b"{}",
    b"PAR1",
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_edit_of_bytes_ends_in_a_raw_exception(good, scratch, data):
    put_back(good, scratch)
    name = data.draw(st.sampled_from(FILES))
    whole = (good / name).read_bytes()
    a, b = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    piece = data.draw(st.sampled_from([*NASTY, b"", whole[a:b]]) | st.binary(max_size=6))
    changed = data.draw(
        st.sampled_from([whole[:a] + piece + whole[a:], whole[:a] + piece + whole[b:], whole[:a] + piece + whole[a + 1 :]])
    )
    (scratch / name).write_bytes(changed)
    repaired = data.draw(st.booleans())
    if repaired:
        repair_sums(scratch)
    accepted = both(scratch)
    if not repaired and changed != whole:
        assert accepted == (False, False)


PLAIN = (None, True, False, 0, -1, 2**70, 1.5, float("nan"), float("inf"), "", "x", "\ud800", "DC:0000017", "1.0")
HOSTILE = st.sampled_from([*PLAIN, [], [None], [[]], {}, {"x": 1}, [{}]])


def places_in(value, path=()):
    yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places_in(part, (*path, key))


@pytest.mark.parametrize("name", ["manifest.json", "classes.json", "croissant.json"])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_in_an_object_ends_in_a_raw_exception(good, scratch, name, data):
    put_back(good, scratch)
    content = json.loads((good / name).read_text(encoding="utf-8"))
    *way, last = data.draw(st.sampled_from(sorted((p for p in places_in(content) if p), key=lambda p: (len(p), str(p)))))
    inner = content
    for key in way:
        inner = inner[key]
    if data.draw(st.booleans()):
        del inner[last]
    else:
        inner[last] = data.draw(HOSTILE)
    (scratch / name).write_text(json.dumps(content), encoding="utf-8")
    repair_sums(scratch)
    both(scratch)


CELLS = st.sampled_from(
    [
        "",
        '""',
        '"',
        "x",
        "null",
        "1",
        "-1",
        "1.5",
        "nan",
        "[]",
        "{}",
        "[1]",
        "[[" * 2000,
        '[""]',
        "true",
        '"\\ud800"',
        "9" * 5000,
        "\x00",
        "\r",
    ]
)


@pytest.mark.parametrize("name", ["images.csv", "edges.csv"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_cell_ends_in_a_raw_exception(good, scratch, name, data):
    put_back(good, scratch)
    lines = (good / name).read_text(encoding="utf-8").split("\n")
    row = data.draw(st.integers(0, len(lines) - 2))
    cells = re.findall(r'(?:"(?:[^"]|"")*"|[^,"]*)(?:,|$)', lines[row])
    cell = data.draw(st.integers(0, len(cells) - 1))
    written = data.draw(CELLS)
    cells[cell] = ('"' + written.replace('"', '""') + '"' if data.draw(st.booleans()) else written) + ","
    lines[row] = "".join(cells).removesuffix(",")
    (scratch / name).write_text("\n".join(lines), encoding="utf-8", newline="")
    repair_sums(scratch)
    both(scratch)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["folder", "link to nowhere", "pipe"])
def test_no_thing_in_place_of_a_file_ends_in_a_raw_exception(good, tmp_path, name, kind):
    import os

    folder = copy_of(good, tmp_path)
    (folder / name).unlink()
    if kind == "folder":
        (folder / name).mkdir()
    elif kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("nowhere")
    assert both(folder) == (False, False)


def flips(good: Path, count: int):
    """Yield (file, place, bit): each bit of the folder equally likely, drawn by a fixed seed."""
    draw = random.Random(16)
    sizes = {name: (good / name).stat().st_size for name in FILES}
    for bit in sorted(draw.sample(range(8 * sum(sizes.values())), count)):
        place = bit // 8
        for name, size in sizes.items():
            if place < size:
                yield name, place, bit % 8
                break
            place -= size


def every_flip_is_caught_and_its_file_named(good: Path, scratch: Path, count: int) -> None:
    put_back(good, scratch)
    for name, place, bit in flips(good, count):
        whole = (good / name).read_bytes()
        (scratch / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        where = f"bit {bit} of byte {place} of {name}"
        assert any(name in v.message for v in verify(scratch).violations if v.invariant == 9), where
        assert any(name in v["message"] for v in prove(scratch)["violations"] if v["invariant"] == 9), where
        (scratch / name).write_bytes(whole)


def test_each_of_200_flipped_bits_is_caught_and_its_file_named(good, scratch):
    every_flip_is_caught_and_its_file_named(good, scratch, 200)


@pytest.mark.slow
def test_each_of_1000_flipped_bits_is_caught_and_its_file_named(good, scratch):
    every_flip_is_caught_and_its_file_named(good, scratch, 1000)
