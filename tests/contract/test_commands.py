"""What the commands promise: one JSON object, exit codes, help in time, errors in words."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.resources import schemas
from tests.manifest.tampering import change_rows, copy_of

COMMANDS = (
    "run",
    "init",
    "sources",
    "ingest",
    "fingerprint",
    "link",
    "explain",
    "split",
    "freeze",
    "verify",
    "certificate",
    "report",
    "diff",
    "export",
    "reader-study",
    "status",
    "demo",
    "partition",
    *(f"taxonomy {c}" for c in ("show", "find", "check", "diff", "export")),
    *(f"labels {c}" for c in ("show", "unmapped", "suggest", "apply")),
    *(f"review {c}" for c in ("import", "export", "add", "sheets", "score")),
    *(f"sources {c}" for c in ("list", "show", "check", "fetch", "template", "pseudonymise")),
)


def call(
    *arguments: object, program: str = "curate", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    code = f"import sys; from {program}.cli import main; sys.argv[0] = {program!r}; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "120", **environment},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_json(command):
    done = call(*command.split(), "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout


def test_names_and_classes_as_a_steward_asks_for_them(repositories, tmp_path):
    def asked(*arguments: object, code: int = 0) -> dict:
        done = call(*arguments, "--json", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    assert asked("taxonomy", "check")["ok"] is True
    assert len(asked("taxonomy", "show")["roots"]) == 3
    assert asked("taxonomy", "show", "blue naevus")["facts"]["nine_class"] == "pigmented-lesion-benign"
    assert asked("taxonomy", "find", "Spitz naevus")["found"][0]["name"] == "Spitz nevus"
    assert asked("taxonomy", "export", "--to", "sssom", "--out", "t.tsv")["file"] == "t.tsv"
    shipped = schemas().joinpath("taxonomy")
    assert asked("taxonomy", "diff", str(shipped))["moved"] == []
    assert {r["how"] for r in asked("labels", "show", "ham10000", "--how", "composite")["labels"]} == {"composite"}
    assert asked("labels", "suggest", "melanoma in situ")["labels"][0]["suggestions"][0]["score"] == 100
    shutil.copytree(repositories / "pad_ufes_20", tmp_path / "pad")
    table = tmp_path / "pad" / "metadata.csv"
    table.write_text(table.read_text().replace("NEV", "Blue naevus"))
    asked("ingest", "pad_ufes_20", "pad")
    assert asked("labels", "unmapped", "--worksheet", "w.csv")["unmapped"][0]["images"] == 3
    filled = (tmp_path / "w.csv").read_text(encoding="utf-8-sig").splitlines()
    (tmp_path / "w.csv").write_text("\n".join([filled[0], filled[1].removesuffix(",") + "blue nevus,"]) + "\n")
    assert asked("labels", "apply", "w.csv", "--who", "me")["applied"] == 1
    assert asked("labels", "unmapped")["unmapped"] == []
    classes = asked("partition", "--max-class-size", 2)
    assert classes["images"] == 5
    assert sum(c["images"] for c in classes["training_classes"]) == 5
    broken = tmp_path / "broken"
    shutil.copytree(str(shipped), broken)
    (broken / "taxonomy.csv").write_text((broken / "taxonomy.csv").read_text().replace("blue nevus,", "Spitz nevus,", 1))
    assert asked("taxonomy", "check", "broken", code=3)["ok"] is False


@pytest.mark.parametrize("command", ["fit", "evaluate"])
def test_train_too(command):
    done = call(command, "--help", program="train")
    assert done.returncode == 0
    assert "--json" in done.stdout


@pytest.mark.parametrize("program", ["curate", "train"])
def test_help_answers_in_half_a_second(program):
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        assert call("--help", program=program).returncode == 0
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.5, times


def test_help_imports_nothing_heavy():
    heavy = ("torch", "faiss", "duckdb", "pandas", "numpy", "PIL", "pydantic")
    code = f"import sys; import curate.cli, train.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shell_completion_works():
    done = call(_CURATE_COMPLETE="complete_bash", COMP_WORDS="curate ver", COMP_CWORD="1")
    assert done.stdout.split() == ["verify"]


def test_the_stages_one_by_one(repositories, tmp_path):
    """As a steward types them, in an empty folder, every one with --json."""

    def asked(*arguments: object) -> dict:
        done = call(*arguments, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert asked("init")["workspace"] == str(tmp_path / ".curate")
    assert {s["id"] for s in asked("sources")["sources"]} >= {"ham10000", "pad_ufes_20"}
    assert asked("ingest", "ham10000", repositories / "ham10000")["images"] == 12
    asked("ingest", "pad_ufes_20", repositories / "pad_ufes_20")
    assert asked("fingerprint", "--features", "none", "--workers", 1)["rejected"] == 1
    assert asked("link")["components"] == 12
    assert len(asked("explain", "ham10000:ISIC_0000001")["members"]) == 2
    assert asked("explain", "ham10000:ISIC_0000001", "ham10000:ISIC_0000002")["linked"]
    assert sum(asked("split")["splits"].values()) == 16
    frozen = asked("freeze", "mine")
    assert frozen["folder"] == "data_manifests/mine"
    proof = asked("verify", "data_manifests/mine")
    assert proof["ok"] is True
    assert proof["violations"] == []
    assert proof["pictures_checked"] == 16
    assert Path(asked("report", "data_manifests/mine")["report"]).is_file()
    status = asked("status")
    assert {"images", "rejected", "edges", "components", "splits"} <= status.keys()
    assert (status["images"], status["rejected"]) == (16, 1)


def test_the_workspace_of_the_environment_is_used(tmp_path):
    done = call("init", "--json", cwd=tmp_path, CURATE_WORKSPACE=str(tmp_path / "elsewhere"))
    assert json.loads(done.stdout)["workspace"] == str(tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "catalogue.duckdb").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("status",), 2, "no catalogue"),
        (("ingest", "ham1000", "."), 2, "Did you mean ham10000"),
        (("ingest", "ham10000", "absent"), 2, "no folder absent"),
        (("run", "absent.toml"), 2, "absent.toml"),
        (("verify", "absent"), 2, "no folder absent"),
        (("verify", "."), 2, "holds no manifest"),
        (("split", "--test", "0.9", "--validation", "0.5"), 2, "leave nothing"),
        (("fingerprint",), 2, "curate ingest"),
        (("link",), 2, "curate fingerprint"),
        (("link", "--policy", "lenient"), 2, "no policy"),
        (("frobnicate",), 2, "frobnicate"),
        (("ingest",), 2, "SOURCE"),
    ],
)
def test_errors_say_what_and_what_next_in_a_few_lines(tmp_path, arguments, code, words):
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_with_json_is_one_object_too(tmp_path):
    done = call("status", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (told["ok"], told["exit_code"], done.returncode) == (False, 2, 2)


def test_a_manifest_is_compared_and_exported_as_one_json_object_or_a_few_lines(frozen, repositories, tmp_path):
    def asked(*arguments: object, code: int = 0) -> dict:
        done = call(*arguments, "--json", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    newer = copy_of(frozen, tmp_path)
    change_rows(newer, "images.parquet", lambda rows: rows[0].update(split="excluded", excluded_reason="no_label"))
    told = asked("diff", frozen, newer)
    assert (told["step"], len(told["moved"])) == ("major", 1)
    assert f"        {told['moved'][0]['image_id']} (no_label)" in call("diff", frozen, newer, cwd=tmp_path).stdout.splitlines()
    assert asked("diff", frozen, frozen)["step"] == "none"
    assert asked("diff", frozen, tmp_path / "absent", code=2)["ok"] is False
    out = asked("export", frozen, "--to", "imagefolder", "--out", "out", "--images", repositories, "--split", "test", "--link")
    assert out["pictures"]["linked"] == sum(out["images"].values()) > 0
    assert out["images"].keys() == {"test"}
    assert len(list((tmp_path / "out" / "test").rglob("*.*"))) == out["images"]["test"]
    assert "not empty" in asked("export", frozen, "--to", "csv", "--out", "out", code=2)["error"]
    assert "is not known" in asked("export", frozen, "--to", "imagefolder", "--out", "b", code=2)["error"]
    assert "is not exported" in asked("export", newer, "--to", "csv", "--out", "b", code=3)["error"]
    changed = tmp_path / "pictures"
    shutil.copytree(repositories, changed)
    for file in changed.rglob("*.png"):
        file.write_bytes(file.read_bytes() + b"\x00")
    assert "is not the picture" in asked("export", frozen, "--to", "webdataset", "--out", "b", "--images", changed, code=3)["error"]
    assert not (tmp_path / "b").exists()
    shutil.rmtree(changed / "pad_ufes_20" / "images")
    assert "5 of" in asked("export", frozen, "--to", "webdataset", "--out", "b", "--images", changed, code=2)["error"]


def test_the_help_of_export_names_every_format():
    from curate.manifest.export import FORMATS

    help_text = call("export", "--help").stdout
    assert [name for name in FORMATS if name not in help_text] == []


@pytest.mark.parametrize("name", ["images.parquet", "SHA256SUMS", "manifest.json"])
def test_a_damaged_manifest_is_three_and_train_says_the_same(frozen, repositories, tmp_path, name):
    folder = copy_of(frozen, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 3] ^= 4
    (folder / name).write_bytes(content)
    done = call("verify", folder, "--images", repositories, "--json", cwd=tmp_path)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert any(name in v["message"] for v in told["violations"])
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    done = call("fit", folder, "--out", tmp_path / "run", "--images", repositories, program="train", cwd=tmp_path)
    assert done.returncode == 3
    assert name in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_closed_pipe_is_no_error():
    code = "from curate.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "sources"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait() == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_our_own_fault_is_one_with_a_log_that_names_no_picture(tmp_path, monkeypatch):
    code = """
import sys
from pathlib import Path
from curate import terminal
def program():
    raise KeyError("ham10000:ISIC_0024306 of patient PAT_17")
sys.argv = ["curate"]
terminal.run_program(program)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "defect of ours" in done.stderr
    (log,) = tmp_path.glob("dermcurate-crash-*.log")
    text = log.read_text()
    assert "KeyError" in text
    assert "ISIC_0024306" not in text + done.stderr
    assert "PAT_17" not in text + done.stderr


def test_the_project_schema_is_that_of_the_code():
    from curate.project import Project

    written = json.loads(schemas().joinpath("project", "project.schema.json").read_text(encoding="utf-8"))
    written.pop("$schema")
    assert written == Project.model_json_schema()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'x'", "sources"),
        ("name = 'x'\nsources = [{id = 'ham10000', folder = '.'}]\n[split]\ntests = 0.3", "split.tests"),
        ("name = 'x'\nsources = [{id = 'a', folder = '.'}, {id = 'a', folder = '.'}]", "twice"),
        ("name = '../x'\nsources = [{id = 'a', folder = '.'}]", "name"),
        ("name = ", "not TOML"),
    ],
)
def test_a_wrong_project_file_is_named_with_its_key(tmp_path, text, words):
    (tmp_path / "p.toml").write_text(text)
    done = call("run", "p.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
