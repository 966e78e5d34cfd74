"""Killed at any stage and run again, a project ends in the same frozen bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import project_text

CODE = "import sys; from curate.cli import main; main()"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "run", "small.toml", "--batch-size", "4", *arguments],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def content(folder: Path) -> dict[str, bytes]:
    return files_of(folder / "data_manifests" / "small")


def files_of(manifest: Path) -> dict[str, bytes]:
    return {p.relative_to(manifest).as_posix(): p.read_bytes() for p in manifest.rglob("*") if p.is_file()}


def prepared(folder: Path, repositories: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "small.toml").write_text(project_text(repositories), encoding="utf-8")
    return folder


def stop_at(process: subprocess.Popen[str], line: str, number: signal.Signals, delay: float = 0.0) -> int:
    """Send a signal when the program says a line; return its exit code."""
    for said in process.stderr:
        if said.startswith(line):
            time.sleep(delay)
            process.send_signal(number)
            break
    process.stderr.read()
    process.stderr.close()
    return process.wait(timeout=60)


STAGES = (
    "ingest ham10000 …",
    "ingest pad_ufes_20 …",
    "fingerprint …",
    "fingerprint: 4 of",
    "fingerprint: 20 of",
    "link …",
    "split …",
    "freeze …",
    "verify …",
    "report …",
)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_a_stage_and_resumed(frozen, repositories, tmp_path, stage):
    folder = prepared(tmp_path / "p", repositories)
    code = stop_at(start(folder), stage, signal.SIGKILL)
    assert code in (-signal.SIGKILL, 0)  # 0: it was faster than the signal
    done = start(folder)
    _, said = done.communicate(timeout=120)
    assert done.returncode == 0, said
    assert content(folder) == files_of(frozen)
    assert not list((folder / "data_manifests").glob(".*partial"))


@pytest.mark.slow
@pytest.mark.parametrize("tenth", range(1, 25))
def test_killed_at_any_moment(frozen, repositories, tmp_path, tenth):
    folder = prepared(tmp_path / "p", repositories)
    process = start(folder, "--workers", "2")
    time.sleep(tenth * 0.15)
    process.kill()
    process.communicate()
    done = start(folder)
    _, said = done.communicate(timeout=120)
    assert done.returncode == 0, said
    assert content(folder) == files_of(frozen)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_polite_signal_keeps_the_work_and_has_its_code(repositories, tmp_path, number, code):
    folder = prepared(tmp_path / "p", repositories)
    process = start(folder, "--workers", "2")
    assert stop_at(process, "fingerprint …", number, delay=0.2) in (code, 0)
    done = start(folder)
    assert done.communicate(timeout=120)
    assert done.returncode == 0


def test_no_worker_outlives_a_killed_run(repositories, tmp_path):
    if not Path("/proc/self/task").exists():
        pytest.skip("children are listed by Linux's /proc only")
    folder = prepared(tmp_path / "p", repositories)
    process = start(folder, "--workers", "2")
    children: set[int] = set()
    deadline = time.monotonic() + 30
    while not children and time.monotonic() < deadline and process.poll() is None:
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            children |= {int(c) for c in task.read_text().split()}
        time.sleep(0.01)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(alive(c) for c in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [c for c in children if alive(c)]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False
