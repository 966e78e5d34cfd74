"""Bad input: the run goes on, everything is reported once with its rows, nothing that was ingested before is lost."""

import io
import tarfile
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.engines import LocalEngine
from curate.errors import InputError
from curate.fingerprints.stage import fingerprint_stage
from curate.sources.ingest import ingest
from curate.sources.registry import source
from tests.drawn import picture

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization"
TABLE = "HAM10000_metadata.csv"
PART = "HAM10000_images_part_1"


def row(number: int, lesion: str = "", dx: str = "nv", name: str = "") -> str:
    return f"{lesion or f'HAM_{number}'},{name or f'ISIC_000000{number}'},{dx},histo,50.0,male,back"


@pytest.fixture
def ham(tmp_path):
    """A folder of three pictures with their rows, and a function that writes its table anew."""
    folder = tmp_path / "ham"
    (folder / PART).mkdir(parents=True)
    for n in (1, 2, 3):
        picture(n, "nevus").save(folder / PART / f"ISIC_000000{n}.jpg")

    def write(*lines: str, header: str = HEADER, name: str = TABLE, encoding: str = "utf-8", end: str = "\n"):
        for old in folder.glob("HAM10000_metadata*"):
            old.unlink()
        (folder / name).write_bytes((end.join([header, *lines]) + end).encode(encoding))
        return folder

    write(row(1), row(2), row(3))
    return folder, write


def read(catalogue, folder, tree, **options):
    return ingest(catalogue, source("ham10000", tree), folder, tree, **options)


def said(catalogue):
    return [m for (m,) in catalogue.rows("SELECT message FROM findings WHERE id <> 'source.count-differs' ORDER BY message")]


@pytest.mark.parametrize(
    ("encoding", "end", "delimiter"),
    [("utf-8-sig", "\n", ","), ("utf-8", "\r\n", ","), ("utf-8", "\n", ";"), ("utf-16", "\n", ","), ("utf-8", "\n", "\t")],
)
def test_marks_line_ends_and_delimiters_change_nothing(ham, catalogue, tree, encoding, end, delimiter):
    folder, write = ham
    lines = [row(n).replace(",", delimiter) for n in (1, 2, 3)]
    write(*lines, header=HEADER.replace(",", delimiter), encoding=encoding, end=end)
    assert read(catalogue, folder, tree)["rows"] == 3
    assert said(catalogue) == []
    assert catalogue.value("SELECT count(DISTINCT key) FROM (SELECT unnest(lesion_keys) AS key FROM records)") == 3


def test_latin_1_is_read_and_said(ham, catalogue, tree):
    folder, write = ham
    write(row(1).replace("back", "rücken"), encoding="latin-1")
    read(catalogue, folder, tree)
    assert any("not UTF-8; read as Windows-1252" in m for m in said(catalogue))
    assert any("'rücken' as site" in m for m in said(catalogue))


def test_columns_in_another_case_and_additional_ones_are_taken(ham, catalogue, tree):
    folder, write = ham
    write(row(1) + ",x", row(2) + ",y", header=HEADER.upper().replace("IMAGE_ID", " Image_ID ") + ",dataset")
    assert read(catalogue, folder, tree)["rows"] == 2
    assert said(catalogue) == ["ham10000: 1 pictures with no label of their own."]


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (HEADER.replace("dx_type", "dx_typ") + "\n" + row(1), "no column 'dx_type'", "Was 'dx_typ' renamed"),
        ("a,b\n1,2\n", "no column 'lesion_id'; it has a, b", "publisher's table"),
        ("<!DOCTYPE html><html>login</html>", "is a web page", "login"),
        ("", "it has no header", ""),
    ],
)
def test_a_wrong_table_is_refused_and_what_was_read_stays(ham, catalogue, tree, content, message, hint):
    folder, _ = ham
    read(catalogue, folder, tree)
    (folder / TABLE).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read(catalogue, folder, tree)
    assert hint in caught.value.hint
    assert catalogue.value("SELECT count(*) FROM images") == 3
    assert catalogue.value("SELECT count(*) FROM labels") == 3


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe"])
def test_a_picture_under_the_table_s_name_is_refused(ham, catalogue, tree, mark):
    folder, _ = ham
    content = io.BytesIO()
    picture(1, "nevus").save(content, "PNG")
    (folder / TABLE).write_bytes((mark + content.getvalue() + b"\xd8")[:1001])
    with pytest.raises(InputError, match="is not text"):
        read(catalogue, folder, tree)


def test_a_missing_table_and_a_missing_folder(ham, catalogue, tree):
    folder, _ = ham
    (folder / TABLE).unlink()
    with pytest.raises(InputError, match="no file matches"):
        read(catalogue, folder, tree)
    with pytest.raises(InputError, match="There is no folder"):
        read(catalogue, folder / "absent", tree)


def test_lines_that_cannot_be_used_are_named_and_the_rest_is_read(ham, catalogue, tree):
    folder, write = ham
    write(
        row(1),
        "HAM_2,ISIC_0000002,nv",
        row(3),
        "HAM_4,,nv,histo,1,male,back",
        row(3),
        row(3, lesion="HAM_9"),
        row(5, name="../ISIC_0000005"),
    )
    summary = read(catalogue, folder, tree)
    assert (summary["rows"], summary["rows_rejected"]) == (2, 5)
    assert said(catalogue) == [
        "ham10000: 1 pictures with no label of their own.",
        f"ham10000: {TABLE}, lines 3: 3 values under 7 column names.",
        f"ham10000: {TABLE}, lines 5: no image id.",
        f"ham10000: {TABLE}, lines 6: a line that is there twice.",
        f"ham10000: {TABLE}, lines 7: an image id that an earlier line describes, differently.",
        f"ham10000: {TABLE}, lines 8: an image id that is a path out of the folder.",
    ]


def test_ids_in_another_case_and_suffixes_that_differ_are_the_same_picture(ham, catalogue, tree):
    folder, write = ham
    write(row(1, name="isic_0000001"), row(2, name="ISIC_0000002.PNG"), row(3), row(3, name="isic_0000003"))
    summary = read(catalogue, folder, tree)
    assert (summary["rows"], summary["rows_without_picture"], summary["rows_rejected"]) == (3, 0, 1)
    assert any("lines 5: an image id that an earlier line describes, differently" in m for m in said(catalogue))


@pytest.mark.parametrize("blank", ["NaN", "unknown", "", "N/A", "None", "nan", "null", "#N/A"])
def test_a_blank_in_a_key_column_ties_nothing(ham, catalogue, tree, blank):
    folder, write = ham
    write(row(1).replace("HAM_1", blank), row(2).replace("HAM_2", blank), row(3))
    read(catalogue, folder, tree)
    assert catalogue.rows("SELECT lesion_keys FROM records ORDER BY record_id") == [([],), ([],), (["ham10000:HAM_3"],)]


def test_formulas_are_blank_and_said(ham, catalogue, tree):
    folder, write = ham
    write(row(1, lesion='=HYPERLINK("x")'), row(2))
    read(catalogue, folder, tree)
    assert any("formulas in place of values in lines 2" in m for m in said(catalogue))
    assert catalogue.rows("SELECT lesion_keys FROM records WHERE image_id = 'ham10000:ISIC_0000001'") == [([],)]


def test_a_row_without_a_picture_and_a_picture_without_a_row(ham, catalogue, tree):
    folder, write = ham
    write(row(1), row(2), row(7))
    summary = read(catalogue, folder, tree)
    assert (summary["rows"], summary["rows_without_picture"]) == (3, 1)
    assert said(catalogue) == ["ham10000: 1 pictures with no label of their own."]


def test_pictures_that_are_none_are_rejected_with_their_reason(ham, catalogue, tree):
    folder, _ = ham
    whole = (folder / PART / "ISIC_0000001.jpg").read_bytes()
    (folder / PART / "ISIC_0000001.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / PART / "ISIC_0000002.jpg").write_bytes(b"")
    (folder / PART / "ISIC_0000003.jpg").write_bytes(b"<!DOCTYPE html><html><body>404</body></html>")
    (folder / PART / "ISIC_0000004.jpg.part").write_bytes(whole)
    (folder / PART / ".ISIC_0000005.jpg.crdownload").write_bytes(whole)
    summary = read(catalogue, folder, tree)
    assert (summary["images"], summary["rejected"], summary["ignored"]) == (2, 1, 2)
    fingerprint_stage(catalogue, LocalEngine(1), None)
    reasons = dict(catalogue.rows("SELECT path, reason FROM rejected_files"))
    assert reasons[f"{PART}/ISIC_0000002.jpg"] == "empty file"
    assert reasons[f"{PART}/ISIC_0000001.jpg"].startswith("damaged picture")
    assert reasons[f"{PART}/ISIC_0000003.jpg"] == "a web page, no picture"
    assert any("2 unfinished downloads" in m for m in said(catalogue))


def test_links_out_of_the_folder_and_to_nothing_are_rejected(ham, catalogue, tree, tmp_path):
    folder, _ = ham
    outside = tmp_path / "secret.jpg"
    picture(9, "nevus").save(outside)
    (folder / PART / "ISIC_0000008.jpg").symlink_to(outside)
    (folder / PART / "ISIC_0000009.jpg").symlink_to(tmp_path / "absent.jpg")
    (folder / PART / "ISIC_0000007.jpg").symlink_to(folder / PART / "ISIC_0000001.jpg")
    summary = read(catalogue, folder, tree)
    assert (summary["images"], summary["rejected"]) == (4, 2)
    reasons = {r for (r,) in catalogue.rows("SELECT reason FROM rejected_files")}
    assert reasons == {"a link that leads out of the folder", "a link to nothing"}


def test_after_a_mend_only_what_was_mended_changes(ham, catalogue, tree):
    folder, write = ham
    write(row(1), row(2, dx="xx"), row(3))
    read(catalogue, folder, tree)
    before = catalogue.rows("SELECT * FROM records ORDER BY record_id"), catalogue.rows("SELECT * FROM labels ORDER BY record_id")
    write(row(1), row(2), row(3))
    assert not read(catalogue, folder, tree)["skipped"]
    after = catalogue.rows("SELECT * FROM records ORDER BY record_id"), catalogue.rows("SELECT * FROM labels ORDER BY record_id")
    assert before[0] == after[0]
    assert [(a, b) for a, b in zip(before[1], after[1], strict=True) if a != b] == [(before[1][1], after[1][1])]


def test_archives_are_read_from_the_inside(ham, catalogue, tree, tmp_path):
    folder, _ = ham
    packed = tmp_path / "packed"
    packed.mkdir()
    with zipfile.ZipFile(packed / f"{PART}.zip", "w") as archive:
        for n in (1, 2):
            archive.write(folder / PART / f"ISIC_000000{n}.jpg", f"ISIC_000000{n}.jpg")
        archive.writestr("../ISIC_0000009.jpg", b"x")
        archive.write(folder / TABLE, TABLE)
    with tarfile.open(packed / "rest.tar", "w") as archive:
        archive.add(folder / PART / "ISIC_0000003.jpg", f"./{PART}/ISIC_0000003.jpg")
    (packed / "broken.zip").write_bytes(b"PK\x03\x04 nothing more")
    assert read(catalogue, folder, tree)["images"] == 3
    fingerprint_stage(catalogue, LocalEngine(1), None)
    flat = dict(catalogue.rows("SELECT image_id, sha256 FROM pictures"))
    summary = read(catalogue, packed, tree)
    assert (summary["images"], summary["tables"], summary["rejected"], summary["ignored"]) == (3, 1, 2, 0)
    fingerprint_stage(catalogue, LocalEngine(2), None)
    assert dict(catalogue.rows("SELECT image_id, sha256 FROM pictures")) == flat
    paths = {p for (p,) in catalogue.rows("SELECT path FROM images")}
    assert paths == {f"{PART}.zip/ISIC_0000001.jpg", f"{PART}.zip/ISIC_0000002.jpg", f"rest.tar/{PART}/ISIC_0000003.jpg"}


OWN = """
id = "my_clinic"
name = "My clinic"
type = "hospital"
licence = "LicenseRef-own"
attribution = "us"
citation = "none"
homepage = "https://example.org"
download = "a folder with a table"
level = "patient"
[[images]]
pattern = '(?:.*/)?(?P<native_id>p\\d+)\\.png'
[[tables]]
pattern = '(?:.*/)?table\\.(?:csv|tsv|xlsx|json|jsonl|parquet)'
key = "{file}"
required = true
[record]
patient_keys = ["my_clinic:{patient}"]
labels = ["diagnosis"]
age = { column = "age" }
[trust]
patient = "our own"
"""
ROWS = [
    {"file": "p1.png", "patient": "17", "diagnosis": "blue naevus", "age": 44},
    {"file": "p2.png", "patient": "18", "diagnosis": "psoriasis", "age": None},
]


def written(path, rows):
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["A legend that stands above the table"])
        sheet.append(list(rows[0]))
        for r in rows:
            sheet.append(list(r.values()))
        book.save(path)
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix in (".json", ".jsonl"):
        import json

        path.write_text(json.dumps(rows) if path.suffix == ".json" else "\n".join(json.dumps(r) for r in rows))
    else:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        lines = [delimiter.join(rows[0]), *(delimiter.join("" if v is None else str(v) for v in r.values()) for r in rows)]
        path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "xlsx", "json", "jsonl", "parquet"])
def test_a_repository_that_nobody_foresaw(catalogue, tree, tmp_path, suffix):
    (tmp_path / "my_clinic.toml").write_text(OWN)
    (tmp_path / "label_map.csv").write_text(
        "field,native_label,node_id,how,candidates,reason\ndiagnosis,blue naevus,DC:0000647,synonym,,\n"
    )
    folder = tmp_path / "clinic"
    folder.mkdir()
    for n in (1, 2):
        picture(n, "nevus").save(folder / f"p{n}.png")
    written(folder / f"table.{suffix}", ROWS)
    summary = ingest(catalogue, source(str(tmp_path / "my_clinic.toml"), tree), folder, tree)
    assert (summary["images"], summary["rows"]) == (2, 2)
    assert catalogue.rows("SELECT image_id, patient_keys, age FROM records ORDER BY 1") == [
        ("my_clinic:p1", ["my_clinic:17"], 44.0),
        ("my_clinic:p2", ["my_clinic:18"], None),
    ]
    assert catalogue.rows("SELECT image_id, node_id FROM image_nodes") == [("my_clinic:p1", "DC:0000647")]
    assert [m for (m,) in catalogue.rows("SELECT message FROM findings")] == [
        "my_clinic: label 'psoriasis' of diagnosis (1 records) has no row in the label map."
    ]


def test_metadata_alone_needs_a_table_and_pictures_are_needed_else(ham, catalogue, tree, tmp_path):
    folder, _ = ham
    assert read(catalogue, folder, tree, metadata_only=True)["images"] == 0
    for path in (folder / PART).iterdir():
        path.unlink()
    with pytest.raises(InputError, match="holds no picture") as caught:
        read(catalogue, folder, tree)
    assert "--metadata-only" in caught.value.hint
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no table"):
        read(catalogue, empty, tree, metadata_only=True)


def test_a_lesion_of_two_diagnoses_is_an_error_of_the_source(ham, catalogue, tree):
    folder, write = ham
    write(row(1, lesion="HAM_1", dx="nv"), row(2, lesion="HAM_1", dx="mel"), row(3, lesion="HAM_3", dx="bkl"))
    read(catalogue, folder, tree)
    assert "ham10000: 1 lesions have diagnoses that exclude each other: ham10000:HAM_1: mel and nv." in said(catalogue)
