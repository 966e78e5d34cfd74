"""What several tests need: drawn repositories, a frozen manifest of them, the real pictures beside the checkout."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.project import Project, load_project
from curate.taxonomy.tree import Tree
from tests.drawn import small_repositories

settings.register_profile("dermcurate", deadline=None)  # a first call pays for imports
settings.load_profile("dermcurate")

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    os.environ.pop("CURATE_WORKSPACE", None)


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree.shipped()


@pytest.fixture
def engine() -> LocalEngine:
    return LocalEngine(1)


@pytest.fixture
def catalogue(tmp_path: Path):
    with Catalogue.write(tmp_path / "workspace", "a test") as opened:
        yield opened


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small drawn repositories; tests that change files copy them first."""
    folder = tmp_path_factory.mktemp("repositories")
    small_repositories(folder)
    return folder


@pytest.fixture(scope="session")
def project(repositories: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of the drawn repositories, without CNN features and without training."""
    path = tmp_path_factory.mktemp("project") / "small.toml"
    path.write_text(project_text(repositories), encoding="utf-8")
    return load_project(path)


def project_text(repositories: Path, name: str = "small") -> str:
    sources = ",\n".join(
        f'{{ id = "{s}", folder = "{repositories / s}" }}' for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")
    )
    return f"""
name = "{name}"
sources = [{sources}]
[fingerprints]
features = "none"
[split]
folds = 3
[partition]
max_class_size = 12
"""


@pytest.fixture(scope="session")
def frozen(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small project's frozen manifest; tests that change it copy it first."""
    from curate.pipeline import run_project
    from curate.terminal import Terminal

    return Path(run_project(project, LocalEngine(1), Terminal(quiet=True))["manifest"])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real pictures beside the checkout, or DERMCURATE_SHARED."""
    folder = Path(os.environ.get("DERMCURATE_SHARED") or CHECKOUT.parent / "shared")
    if not (folder / "data" / "known_pairs.csv").is_file():
        pytest.skip(f"no real pictures at {folder} (DERMCURATE_SHARED names another folder)")
    return folder
