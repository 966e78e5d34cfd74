"""A built wheel does the job outside the checkout."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, project_text

ENTRY = "import sys; from curate.cli import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a source distribution as an index would get it."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(CHECKOUT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_it_holds_what_the_program_reads_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = [p for top in ("curate", "train") for p in (CHECKOUT / top).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert {p.relative_to(CHECKOUT).as_posix() for p in ours} <= names
    schemas = [p for p in (CHECKOUT / "schemas").rglob("*") if p.is_file()]
    assert {f"curate/{p.relative_to(CHECKOUT).as_posix()}" for p in schemas} <= names
    assert not [n for n in names if n.startswith(("tests/", "docs/", "data_manifests/"))]


def test_installed_outside_the_checkout_it_does_the_whole_job(wheel, repositories, tmp_path):
    """The packages that it needs are those of this environment; the code and the schemas are the wheel's."""
    place = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(place), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (tmp_path / "small.toml").write_text(project_text(repositories), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(place)}

    def run(code: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run("import curate, train, curate.resources as r; print(curate.__file__, train.__file__, r.schemas(), sep='\\n')")
    assert all(line.startswith(str(place)) for line in where.split("\n") if line)
    result = json.loads(run(ENTRY, "run", "small.toml", "--json", "--quiet"))
    assert Path(result["report"]).is_file()
    assert json.loads(run(ENTRY, "verify", result["manifest"], "--json"))["ok"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_in_a_new_environment_with_its_extras_it_runs_the_demo(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    constraints = ["-c", str(CHECKOUT / "constraints" / "cpu.txt")]
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *constraints]
    subprocess.run([*pip, f"dermcurate[features,train] @ {wheel.as_uri()}"], check=True, capture_output=True)
    demo = [str(binaries / "curate"), "demo", "--out", "demo", "--json"]
    done = subprocess.run(demo, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["false_joins"] == []
    assert result["images"] == 540
    assert Path(result["run"], "model.safetensors").is_file()
