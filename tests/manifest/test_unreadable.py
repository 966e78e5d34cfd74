"""What cannot be read is named, by each way of reading; and the proof's own command line, in this process."""

import hashlib
import os
import runpy
import shutil
import sys
import zipfile

import pytest

import curate.manifest.proof as module
from curate.errors import BrokenInvariantError, InputError
from curate.manifest.pictures import Pictures
from curate.manifest.proof import main, misfits, prove, step_2_form
from curate.manifest.read import load, sources_of
from curate.manifest.verify import verify
from tests.manifest.tampering import change_json, change_rows, copy_of


@pytest.mark.parametrize("name", ["SHA256SUMS", "images.parquet", "manifest.json"])
def test_a_manifest_without_a_file_is_not_loaded(frozen, tmp_path, name):
    folder = copy_of(frozen, tmp_path)
    (folder / name).unlink()
    with pytest.raises(BrokenInvariantError, match=f"{name} is missing"):
        load(folder)


@pytest.mark.parametrize(("name", "content"), [("images.parquet", b"PAR1"), ("classes.json", b"{"), ("manifest.json", b"{}")])
def test_a_manifest_that_cannot_be_read_is_not_loaded(frozen, tmp_path, name, content):
    folder = copy_of(frozen, tmp_path)
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenInvariantError, match="cannot be read"):
        load(folder)


def test_a_manifest_that_lacks_a_column_is_not_loaded(frozen, tmp_path):
    import pyarrow.parquet as pq

    folder = copy_of(frozen, tmp_path)
    pq.write_table(pq.ParquetFile(folder / "edges.parquet").read().drop_columns(["basis"]), folder / "edges.parquet")
    with pytest.raises(BrokenInvariantError, match=r"edges\.parquet lacks the column basis"):
        load(folder)
    assert any("edges.parquet: cannot be read (ValueError: no column basis)" in v.message for v in verify(folder).violations)


def test_a_table_that_cannot_be_read_has_no_sources(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    (folder / "images.parquet").write_bytes(b"")
    assert sources_of(folder) == []
    assert sources_of(frozen) == ["ham10000", "isic_challenge_2017", "pad_ufes_20"]


def test_an_object_that_is_none(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    (folder / "classes.json").write_text("[]", encoding="utf-8")
    assert any("classes.json: cannot be read (ValueError: not an object)" in v.message for v in verify(folder).violations)


def test_members_of_archives_are_read_like_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "part.zip", "w") as archive:
        archive.writestr("a/1.jpg", b"one")
    sha256 = hashlib.sha256(b"one").hexdigest()
    pictures = Pictures({"s": tmp_path})
    rows = [("s:1", "s", "part.zip/a/1.jpg", sha256), ("s:2", "s", "part.zip/a/2.jpg", sha256), ("s:3", "s", "../up", sha256)]
    gone, up = pictures.differences(rows)
    assert gone.startswith(f"s:2: {tmp_path}/part.zip/a/2.jpg cannot be read (")
    assert up == "s:3: '../up' leads out of the source's folder"
    assert pictures.absent(row[:3] for row in rows) == ["s:2", "s:3"]
    sizes = [(image, source, path, 3) for image, source, path, _ in rows]
    assert list(pictures.resized(sizes)) == [f"s:2: {tmp_path}/part.zip/a/2.jpg is not there", up]
    assert pictures.read("s", "part.zip/a/1.jpg") == b"one"
    with pytest.raises(InputError, match="pictures of t lie is not known"):
        pictures.read("t", "1.jpg")


def run(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["proof.py", *map(str, arguments)])
    code = main()
    return code, *capsys.readouterr()


def test_the_proofs_command_line(good, tmp_path, monkeypatch, capsys):
    code, told, heard = run(monkeypatch, capsys, good)
    assert (code, heard) == (0, "")
    lines = told.splitlines()
    assert lines[0] == (
        "ok    9 every file of the folder is named in SHA256SUMS with the digest that it has, and every file named is there."
    )
    assert (
        lines[1] == "ok      a file holds values of the types that the later steps speak of. Return these values and what is wrong."
    )
    assert "not checked: pictures, parquet files, drawn sets, growth" in lines
    assert lines[-1] == f"{good}: proven; digest {load(good).digest}"
    code, told, _ = run(monkeypatch, capsys, good, "--digest", "00")
    assert code == 3
    assert "FAIL  9 every file of the folder" in told
    assert f"     invariant 9: SHA256SUMS: the manifest's digest is {load(good).digest}, not 00" in told
    code, told, heard = run(monkeypatch, capsys, tmp_path)
    assert (code, told, heard) == (2, "", f"{tmp_path} holds no manifest: name the folder of one.\n")
    code, told, heard = run(monkeypatch, capsys, tmp_path, "--json")
    assert (code, heard) == (2, "")
    assert '"exit_code": 2' in told


def test_what_the_proof_says_as_an_object(good, tmp_path):
    told = prove(good)
    assert (told["ok"], told["manifest"], told["digest"]) == (True, "good", load(good).digest)
    assert [check["invariant"] for check in told["checks"]] == [9, 0, 0, 0, 1, 2, 3, 4, 5, 7, 6, 8, 10]
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info.pop("schema_version"))
    told = prove(folder)
    assert (told["manifest"], [v["message"] for v in told["violations"]]) == (None, ["manifest.json.schema_version: missing"])
    (folder / "SHA256SUMS").write_bytes(b"\xff\n")
    assert prove(folder)["violations"][0]["message"] == "SHA256SUMS, line 1: not a digest, two blanks and a name"


def test_the_proof_as_a_program(good, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["proof.py", str(good), "--json"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(module.__file__, run_name="__main__")
    assert ended.value.code == 0
    assert '"ok": true' in capsys.readouterr().out


def test_the_proof_needs_the_text_form(frozen, tmp_path):
    assert prove(frozen) == {
        "ok": False,
        "exit_code": 2,
        "error": f"{frozen} has no text form: freeze it with `curate freeze NAME --text`.",
    }
    assert prove(tmp_path) == {"ok": False, "exit_code": 2, "error": f"{tmp_path} holds no manifest: name the folder of one."}


@pytest.mark.parametrize("name", ["images.csv", "edges.csv"])
@pytest.mark.parametrize("there", [True, False])
def test_half_of_a_text_form_is_one_that_is_damaged(tmp_path, name, there):
    """Present or promised: where the text form is gone, that is no manifest without one."""
    if there:
        (tmp_path / name).write_text("x")
        assert any(f"{name}: not named" in v["message"] for v in prove(tmp_path)["violations"])
    else:
        (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")
        assert any(f"{name}: named in SHA256SUMS and missing" in v["message"] for v in prove(tmp_path)["violations"])


def test_sums_alone_are_a_manifest_without_a_text_form(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("")
    assert "has no text form" in prove(tmp_path)["error"]


def test_lines_are_counted_from_one(good, tmp_path):
    folder = copy_of(good, tmp_path)
    (folder / "SHA256SUMS").write_text("x\n")
    told = [v["message"] for v in prove(folder)["violations"]]
    assert told[0] == "SHA256SUMS, line 1: not a digest, two blanks and a name"
    assert [m for m in told if "does not name" in m] == [
        f"SHA256SUMS does not name {name}" for name in ("classes.json", "edges.parquet", "images.parquet", "manifest.json")
    ]


@pytest.mark.parametrize("line", ["", "a", "a,b,hash,1.0,,false,x,y", 'a,"b"b,hash,1.0,,false,x', 'a,"b,hash,1.0,,false,x'])
def test_a_line_that_is_no_row(line):
    names = "image_a,image_b,evidence,score,probability,must_link,basis"
    rows, wrong = step_2_form("edges.csv", f"{names}\n{line}\n".encode())
    assert len(rows) == 1
    assert any("edges.csv, row 1: not one cell for each of 7 columns" in message for message in wrong)


def unlisted(path):
    raise PermissionError(13, "Permission denied", str(path))


def test_folders_and_what_cannot_be_read_are_files_that_nobody_named(good, tmp_path, monkeypatch):
    folder = copy_of(good, tmp_path)
    (folder / "full" / "deep").mkdir(parents=True)
    (folder / "full" / "deep" / "x").write_text("x")
    (folder / "empty").mkdir()
    (folder / "loop").symlink_to(folder)
    told = [v["message"] for v in prove(folder)["violations"]]
    assert told == [f"{name}: not named in SHA256SUMS" for name in ("empty", "full/deep/x", "loop")]
    shutil.rmtree(folder / "full")
    real = type(folder).read_bytes

    def refuse(path):
        if path.name == "edges.csv":
            raise PermissionError(13, "Permission denied")
        return real(path)

    closed = folder / "closed"
    closed.mkdir()
    (closed / "x").write_text("x")
    scan = os.scandir
    with monkeypatch.context() as patched:
        patched.setattr("os.scandir", lambda path: unlisted(path) if os.fspath(path) == os.fspath(closed) else scan(path))
        told = [v.message for v in verify(folder).violations]
    assert told == [f"{name}: not named in SHA256SUMS" for name in ("closed", "empty", "loop")]
    shutil.rmtree(closed)
    monkeypatch.setattr(type(folder), "read_bytes", refuse)
    told = [v["message"] for v in prove(folder)["violations"]]
    assert any(message.startswith("edges.csv: does not begin with the columns") for message in told), told
    assert any("edges.csv" in message and "SHA256SUMS" in message for message in told), told


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e400, True, None, "1"])
def test_what_is_no_number(value):
    assert list(misfits(value, float, "here"))


@pytest.mark.parametrize("value", [0, -1, 0.5, 10**400, -(10**400)])
def test_a_number_may_be_larger_than_any_float(value):
    assert not list(misfits(value, float, "here"))


def test_a_huge_number_in_a_cell_is_a_violation_and_no_crash(good, tmp_path):
    folder = copy_of(good, tmp_path)
    text = (folder / "edges.csv").read_text(encoding="utf-8")
    (folder / "edges.csv").write_text(text.replace(",1.0,", f",{10**400},", 1), encoding="utf-8")
    assert any("score is not in [0, 1]" in v["message"] for v in prove(folder)["violations"])
    change_json(folder, "manifest.json", lambda info: info["protocol"]["quality"].update(least_side=10**400))
    assert 3 in {v.invariant for v in verify(folder).violations}


@pytest.mark.parametrize("column", ["image_keys", "labels"])
def test_a_blank_in_a_list_is_a_blank(good, tmp_path, column):
    folder = copy_of(good, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: rows[0][column].append(None))
    assert [v.message for v in verify(folder).violations] == [
        f"images.parquet: cannot be read (ValueError: column {column} has blanks in its lists)"
    ]
