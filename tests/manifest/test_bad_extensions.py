"""`curate verify --extends OLD` finds every bad extension; without OLD they are as good as any manifest."""

import pytest

from curate.manifest.extends import extension_differences
from curate.manifest.verify import verify
from tests.manifest.bad_extensions import EXTENSIONS, make_extension


def test_there_is_nothing_to_say_of_the_good_one(good, tmp_path):
    new, old = make_extension(None, good, tmp_path)
    assert (verify(new).violations, verify(old).violations) == ([], [])
    assert list(extension_differences(new, old)) == []


@pytest.mark.parametrize("name", EXTENSIONS)
def test_a_bad_extension_is_found_and_would_not_be_without_the_old_one(good, tmp_path, name):
    new, old = make_extension(name, good, tmp_path)
    assert verify(new).violations == []
    assert list(extension_differences(new, old))
