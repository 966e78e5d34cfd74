"""No edit of a good manifest ends in anything but a verdict, whatever was edited; checksums fit, so every reader sees it."""

import csv
import hashlib
import io
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.manifest.proof import prove
from curate.manifest.quick import look
from curate.manifest.schema import EDGES, IMAGES
from curate.manifest.verify import verify

TABLES = {"images": IMAGES, "edges": EDGES}
WORDS = st.sampled_from(["", ".", "..", "train", "test", "excluded", "patient", "nobody:1", "\x00", "é\u2028", "1.9", "x" * 300])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 10**18, 10**400, -0.5, 0.5, 1e308, math.nan, math.inf])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


class Content:
    """The files of the good manifest in memory, and a folder into which an edit of them is written."""

    def __init__(self, good: Path, folder: Path) -> None:
        self.good, self.folder = good, folder
        shutil.copytree(good, folder, dirs_exist_ok=True)
        self.files = {path.name: path.read_bytes() for path in good.iterdir() if path.is_file()}
        self.tables = {stem: pq.ParquetFile(good / f"{stem}.parquet").read() for stem in TABLES}
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def write(self, edits: dict[str, bytes]) -> None:
        for name, content in (self.files | edits).items():
            (self.folder / name).write_bytes(content)
        named = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())
        sums = [(hashlib.sha256((self.folder / n).read_bytes()).hexdigest(), n) for n in named if n != "SHA256SUMS"]
        (self.folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for digest, name in sums), encoding="utf-8")


@pytest.fixture(scope="module")
def content(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Content:
    return Content(good, tmp_path_factory.mktemp("edited"))


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Return values that a cell of this type can have; null among them, which the schema may forbid."""
    if pa.types.is_string(kind):
        return st.none() | WORDS
    if pa.types.is_integer(kind):
        return st.none() | st.integers(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1) | st.integers(-1, 9)
    if pa.types.is_floating(kind):
        return st.none() | st.floats()
    if pa.types.is_boolean(kind):
        return st.none() | st.booleans()
    if pa.types.is_list(kind):
        return st.none() | st.lists(values(kind.value_type), max_size=3)
    assert pa.types.is_struct(kind)
    return st.none() | st.fixed_dictionaries({kind.field(n).name: values(kind.field(n).type) for n in range(kind.num_fields)})


def with_cell(table: pa.Table, row: int, column: str, value: Any) -> pa.Table:
    place, kind = table.column_names.index(column), table.schema.field(column).type
    cells = table[column].to_pylist()
    cells[row] = value
    return table.set_column(place, pa.field(column, kind), pa.array(cells, kind))


@st.composite
def edit_of_a_table(draw: st.DrawFn, content: Content) -> dict[str, bytes]:
    stem = draw(st.sampled_from(sorted(TABLES)))
    table = content.tables[stem]
    for _ in range(draw(st.integers(1, 3))):
        column = draw(st.sampled_from(table.column_names))
        how = draw(st.sampled_from(["cell"] * 8 + ["drop", "type", "row", "empty"]))
        if how == "cell" and len(table):
            kind = table.schema.field(column).type
            table = with_cell(table, draw(st.integers(0, len(table) - 1)), column, draw(values(kind)))
        elif how == "drop" and len(table.column_names) > 1:
            table = table.drop_columns([column])
        elif how == "type":
            table = table.set_column(table.column_names.index(column), column, pa.array(range(len(table)), pa.int64()))
        elif how == "row" and len(table):
            row = draw(st.integers(0, len(table) - 1))
            table = pa.concat_tables([table.slice(0, row), table.slice(row + draw(st.integers(-1, 1)) if row else 1)])
        elif how == "empty":
            table = table.slice(0, 0)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return {f"{stem}.parquet": sink.getvalue()}


@st.composite
def edit_of_json(draw: st.DrawFn, content: Content) -> dict[str, bytes]:
    name = draw(st.sampled_from(["classes.json", "manifest.json"]))
    root = [json.loads(content.files[name])]
    for _ in range(draw(st.integers(1, 2))):
        here, key = root, 0
        for _ in range(draw(st.integers(0, 6))):
            below = here[key]
            if not (isinstance(below, dict | list) and below):
                break
            here, key = below, draw(st.sampled_from(sorted(below) if isinstance(below, dict) else range(len(below))))
        if here is not root and draw(st.integers(0, 4)) == 0:
            del here[key]
        else:
            here[key] = draw(ANYTHING)
    return {name: json.dumps(root[0]).encode("utf-8")}


@st.composite
def edit_of_text(draw: st.DrawFn, content: Content) -> dict[str, bytes]:
    stem = draw(st.sampled_from(sorted(TABLES)))
    lines = content.files[f"{stem}.csv"].decode("utf-8").split("\n")
    place = draw(st.integers(0, len(lines) - 1))
    cells = next(csv.reader([lines[place]]), [""]) or [""]
    column = draw(st.integers(0, len(cells) - 1))
    cells[column] = draw(WORDS | NUMBERS.map(str) | ANYTHING.map(json.dumps))
    sink = io.StringIO()
    csv.writer(sink, lineterminator="").writerow(cells)
    raw = draw(st.sampled_from([[], [lines[place]] * 2, ['"'], ["\r"], [lines[place][:-1]], [sink.getvalue()], [sink.getvalue()]]))
    return {f"{stem}.csv": "\n".join([*lines[:place], *raw, *lines[place + 1 :]]).encode("utf-8", "surrogatepass")}


def has_a_verdict(content: Content, edits: dict[str, bytes]) -> None:
    content.write(edits)
    for check in (verify, look):
        try:
            told = check(content.folder)
            json.dumps(told.as_json())
            "\n".join(v.message for v in told.violations).encode("utf-8")
        except CurateError as error:
            assert error.exit_code in (2, 3)
    json.dumps(prove(content.folder))


@pytest.mark.parametrize("kind", [edit_of_a_table, edit_of_json, edit_of_text])
def test_any_edit_has_a_verdict(content, kind):
    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        has_a_verdict(content, data.draw(kind(content)))

    check()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [edit_of_a_table, edit_of_json, edit_of_text])
def test_any_edit_of_many_has_a_verdict(content, kind):
    @settings(max_examples=1000, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        has_a_verdict(content, data.draw(kind(content)))

    check()
