"""Both proofs find every bad manifest, under the invariant that it breaks, and nothing in the good one."""

import pytest

import tests.manifest.bad_from_mutants
import tests.manifest.bad_growth  # noqa: F401 - both name some more
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.verify import verify
from tests.manifest.bad import BAD, FINE, Copy, make_bad, make_fine


def told(folder, digest=None) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Return what `curate verify` and the stand-alone proof say of a manifest, by invariant."""
    by_verify: dict[int, list[str]] = {}
    for violation in verify(folder, expected_digest=digest).violations:
        by_verify.setdefault(violation.invariant, []).append(violation.message)
    by_proof: dict[int, list[str]] = {}
    for violation in prove(folder, digest)["violations"]:
        by_proof.setdefault(violation["invariant"], []).append(violation["message"])
    return by_verify, by_proof


def test_there_is_nothing_to_say_of_the_good_one(good, tmp_path):
    assert told(good, load(good).digest) == ({}, {})
    copy = Copy(good, tmp_path / good.name)
    copy.recount()
    copy.write()
    assert told(copy.folder) == ({}, {}), "making a bad one breaks something of its own"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_manifest_breaks_what_it_breaks_and_nothing_else(good, tmp_path, name):
    cheat = BAD[name]
    by_verify, by_proof = told(make_bad(name, good, tmp_path), load(good).digest if cheat.published else None)
    assert by_verify.keys() == cheat.broken, by_verify
    assert by_proof.keys() == cheat.by_proof, by_proof


@pytest.mark.parametrize("name", FINE)
def test_there_is_nothing_to_say_of_what_is_not_bad(good, tmp_path, name):
    assert told(make_fine(name, good, tmp_path)) == ({}, {})


def test_there_are_enough_of_them():
    assert len(BAD) >= 25
    assert {n for cheat in BAD.values() for n in cheat.broken} == set(range(11))
