"""The small catalogue, written once; tests that change its edges, verdicts or pictures put them back or copy them."""

import pytest

from curate.catalogue import Catalogue
from curate.manifest.pictures import Pictures
from tests.review.small import CANDIDATES, MUST, put_edges, write_small


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session")
def small_catalogue(small_folder, tmp_path_factory):
    with Catalogue.write(tmp_path_factory.mktemp("workspace"), "a test") as catalogue:
        write_small(catalogue, small_folder)
        yield catalogue


@pytest.fixture
def small(small_catalogue):
    put_edges(small_catalogue, [*MUST, *CANDIDATES])
    small_catalogue.execute("DELETE FROM verdicts")
    small_catalogue.execute("DELETE FROM findings")
    return small_catalogue


@pytest.fixture
def pictures(small_folder):
    return Pictures.find(["archive", "hospital", "web"], [str(small_folder)], None)
