"""The text form says what the parquet tables say, and says it in one way only."""

import csv
import io
import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.manifest.freeze import freeze
from curate.manifest.proof import EDGE, IMAGE, step_2_form
from curate.manifest.read import load, sources_of
from curate.manifest.schema import ABOUT_FILES, EDGES, IMAGES
from curate.manifest.text import text_differences, text_lines
from curate.manifest.verify import verify
from curate.project import load_project
from tests.manifest.tampering import copy_of, repair_sums

# all that CSV and JSON could stumble over, and any other letter
WORDS = st.text(
    st.one_of(st.sampled_from('",\n\r\t\0\x1f\x85\u2028\\ {}[]=é日🙂'), st.characters(exclude_categories=["Cs"])), max_size=8
)
WIDTH = len(IMAGES.names)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
OF = {
    pa.string(): WORDS,
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): NUMBERS,
    pa.bool_(): st.booleans(),
    pa.list_(pa.string()): st.lists(WORDS, max_size=3),
    IMAGES.field("labels").type: st.lists(
        st.fixed_dictionaries(
            {
                "field": st.none() | WORDS,
                "label": st.none() | WORDS,
                "node_id": st.none() | WORDS,
                "weight": st.none() | NUMBERS,
                "fallback": st.none() | st.booleans(),
            }
        ),
        max_size=3,
    ),
}


def rows_of(schema: pa.Schema):
    columns = {f.name: st.none() | OF[f.type] if f.nullable else OF[f.type] for f in schema}
    return st.lists(st.fixed_dictionaries(columns), max_size=3)


@pytest.mark.parametrize(("name", "schema"), [("images", IMAGES), ("edges", EDGES)])
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_written_reads_back_as_it_was(name, schema, data):
    rows = data.draw(rows_of(schema))
    table = pa.Table.from_pylist(rows, schema=schema)
    lines = list(text_lines(table))
    assert len(lines) == 1 + len(rows), "one line per row, whatever it holds"
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    read, wrong = step_2_form(f"{name}.csv", "".join(lines).encode())
    assert wrong == []
    assert repr(read) == repr(table.to_pylist())  # 0.0 is not -0.0, and True is not 1


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_any_reader_of_csv_finds_the_same_cells(words):
    table = pa.table({f"c{n}": [word] for n, word in enumerate(words)})
    (_, cells) = csv.reader(io.StringIO("".join(text_lines(table)), newline=""), strict=True)
    assert [json.loads(c) if c.startswith('"') else c for c in cells] == words


def test_null_and_empty_differ():
    table = pa.table({"a": pa.array([None, "", '"', "x"], pa.string())})
    assert list(text_lines(table)) == ["a\n", "\n", '""""""\n', '"""\\"""""\n', "x\n"]


def test_the_proof_knows_the_columns_of_the_schema():
    for shape, schema in ((IMAGE, IMAGES), (EDGE, EDGES)):
        assert list(shape) == schema.names
        assert [name for name, part in shape.items() if isinstance(part, tuple)] == [f.name for f in schema if f.nullable]


def test_the_tables_are_the_same_with_and_without_text(good, tmp_path):
    for name in ("images.parquet", "edges.parquet"):
        pq.write_table(pq.ParquetFile(good / name).read(), tmp_path / name)
    assert {p.name for p in good.iterdir()} - set(ABOUT_FILES) == {
        "SHA256SUMS", "classes.json", "edges.csv", "edges.parquet", "images.csv", "images.parquet", "licenses", "manifest.json",
    }  # fmt: skip
    for stem in ("images", "edges"):
        table = pq.ParquetFile(good / f"{stem}.parquet").read()
        assert (good / f"{stem}.csv").read_bytes() == "".join(text_lines(table)).encode()
    assert load(good).images.num_rows == 26
    assert sources_of(good) == ["ham10000", "isic_challenge_2017", "pad_ufes_20"]
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=good, check=True)


def test_with_text_the_name_is_that_of_another_content(frozen, project, tree, tmp_path):
    with Catalogue.write(project.workspace, "a test") as catalogue:
        with pytest.raises(InputError, match="frozen already"):
            freeze(catalogue, tree, "small", frozen.parent, max_class_size=12, text=True)
        first = freeze(catalogue, tree, "texts", tmp_path, max_class_size=12, text=True)
        assert freeze(catalogue, tree, "texts", tmp_path, max_class_size=12, text=True)["skipped"]
    assert verify(tmp_path / "texts").ok
    for name in ("images.parquet", "edges.parquet", "classes.json"):
        assert (tmp_path / "texts" / name).read_bytes() == (frozen / name).read_bytes()
    assert first["digest"] != load(frozen).digest


def test_the_command_and_the_project_file_ask_for_it(project, frozen, tmp_path):
    shutil.copytree(project.workspace, tmp_path / "ws")
    command = [sys.executable, "-c", "from curate.cli import main; main()", "freeze", "asked", "--text", "--out", str(tmp_path)]
    subprocess.run([*command, "--workspace", str(tmp_path / "ws")], check=True, capture_output=True)
    assert (tmp_path / "asked" / "images.csv").is_file()
    (tmp_path / "p.toml").write_text("name = 'x'\nsources = [{id = 'a', folder = '.'}]\n[manifest]\ntext = true\n")
    assert load_project(tmp_path / "p.toml").manifest.text is True
    assert project.manifest.text is False


def lines_changed(change):
    def apply(text: bytes) -> bytes:
        lines = text.decode().split("\n")
        change(lines)
        return "\n".join(lines).encode()

    return apply


WRITTEN_OTHERWISE = "its values are those of the parquet table, written in another way"


def elsewhere(text: bytes) -> bytes:
    return text.replace(b",dermoscopic,,posterior_torso,", b",clinical,,face,", 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (elsewhere, "images.csv, row 1, column modality: 'clinical', the parquet table says 'dermoscopic'"),
        (elsewhere, "images.csv, row 1, column site: 'face', the parquet table says 'posterior_torso'"),
        (lambda t: t.replace(b"205.5278", b"205.52780"), "row 1, column sharpness: '205.52780', the parquet table says '205.5278'"),
        (lambda t: t.replace(b"\nham10000:ISIC_0000001,", b'\n"ham10000:ISIC_0000001",'), f"row 1: {WRITTEN_OTHERWISE}"),
        (lambda t: t.replace(b"image_id,source", b"source,image_id"), "names of the columns, column image_id: 'source', the"),
        (lambda t: t.replace(b",train,", b",", 1), f"row 1: {WIDTH - 1} cells, there are {WIDTH} columns"),
        (lambda t: t.replace(b",train,", b',"train,', 1), f"row 1: not the cells of a table, there are {WIDTH} columns"),
        (lambda t: t.replace(b",train,", b",tr\xffin,", 1), r"row 1, column split: 'tr\\xffin', the parquet table says 'train'"),
        (lines_changed(lambda lines: lines.pop(5)), "row 5, column image_id: 'ham10000:ISIC_0000006', the parquet table says"),
        (lines_changed(lambda lines: lines.pop(-2)), "images.csv: ends before row 26; images.parquet has 26 rows"),
        (lines_changed(lambda lines: lines.insert(-1, lines[-2])), "images.csv: goes on after row 26; images.parquet has 26 rows"),
        (lambda t: b"", "images.csv: ends before row 0; images.parquet has 26 rows"),
        (lambda t: t[:-1], f"row 26: {WRITTEN_OTHERWISE}"),
    ],
)
def test_a_difference_is_named_by_row_and_column(good, tmp_path, change, message):
    folder = copy_of(good, tmp_path)
    path = folder / "images.csv"
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    repair_sums(folder)
    assert any(message in found for found in text_differences(folder)), list(text_differences(folder))
    proof = verify(folder)
    assert {v.invariant for v in proof.violations} == {0}
    assert any(message in v.message for v in proof.violations)


def test_half_a_text_form_is_a_violation(good, tmp_path):
    folder = copy_of(good, tmp_path)
    (folder / "images.csv").unlink()
    assert list(text_differences(folder)) == ["images.csv: missing; the text form is both tables or none"]
    (folder / "edges.csv").unlink()
    assert list(text_differences(folder)) == []
    repair_sums(folder)
    assert verify(folder).ok


def test_the_readme_of_the_schema_gives_true_examples(good):
    from curate.resources import schemas

    text = schemas().joinpath("manifest", "README.md").read_text(encoding="utf-8")
    section = text.partition("## images.csv, edges.csv")[2].partition("\n## ")[0]
    examples = [
        line.rpartition("| `")[2].rstrip("` |") for line in section.split("\n") if line.startswith("| ") and line.endswith("` |")
    ]
    with (good / "images.csv").open(encoding="utf-8", newline="") as handle:
        row = next(csv.DictReader(handle))
    for example in examples:
        assert any(example in part for part in row.values()) or example == "`true`, `false", example
