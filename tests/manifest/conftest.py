"""A frozen manifest with its text form, of the paper's protocol: the good one that every bad one is made of."""

import shutil
from pathlib import Path

import pytest

from curate.engines import LocalEngine
from curate.pipeline import run_project
from curate.project import Project, Split
from curate.terminal import Terminal

ALLOWED = ("CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0")


@pytest.fixture(scope="session")
def good(frozen: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder, read-only by agreement. 26 images: pairs of one lesion in train and test, a pair by hash in train, a pair of one
    patient with two diseases in test, an image excluded because its lesion is tested, three folds."""
    place = tmp_path_factory.mktemp("good")
    shutil.copytree(project.workspace, place / "workspace")  # pictures are read once per session
    paper = Split(protocol="paper", test=0.3, validation=0.15, folds=3, independent=("ham10000", "pad_ufes_20"), seed=2018)
    asked = project.model_copy(
        update={
            "name": "good",
            "workspace": place / "workspace",
            "split": paper,
            "manifest": project.manifest.model_copy(update={"out": place, "text": True, "allowed_licences": ALLOWED}),
        }
    )
    return Path(run_project(asked, LocalEngine(1), Terminal(quiet=True))["manifest"])
