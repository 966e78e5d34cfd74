"""Any single bit of a frozen manifest that flips is caught, and its file named."""

import random
from pathlib import Path

import pytest

from curate.manifest.proof import prove
from curate.manifest.verify import files_differ, verify
from tests.manifest.tampering import copy_of


def places(folder: Path, number: int) -> list[tuple[Path, int, int]]:
    """Return (file, byte, bit), spread evenly over the files, among them the first and the last bit of each."""
    draw = random.Random("flips")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    edges = [place for file in files for place in ((file, 0, 0), (file, file.stat().st_size - 1, 7))]
    drawn = ((file, draw.randrange(file.stat().st_size), draw.randrange(8)) for _ in range(number) for file in files)
    return [*edges, *drawn][:number]


def flipped(file: Path, byte: int, bit: int) -> bytes:
    content = bytearray(file.read_bytes())
    content[byte] ^= 1 << bit
    return bytes(content)


def test_a_thousand_flips_are_caught_and_named(good, tmp_path):
    folder = copy_of(good, tmp_path)
    assert list(files_differ(folder)) == []
    for file, byte, bit in places(folder, 1000):
        whole = file.read_bytes()
        file.write_bytes(flipped(file, byte, bit))
        told = list(files_differ(folder))
        assert any(file.name in message for message in told), (file.name, byte, bit, told)
        file.write_bytes(whole)
    assert list(files_differ(folder)) == []


@pytest.mark.parametrize("part", range(4))
def test_both_proofs_name_the_flipped_file_whatever_else_they_make_of_it(good, tmp_path, part):
    folder = copy_of(good, tmp_path)
    for file, byte, bit in places(folder, 60)[part::4]:
        whole = file.read_bytes()
        file.write_bytes(flipped(file, byte, bit))
        by_verify = [v.message for v in verify(folder).violations if v.invariant == 9]
        by_proof = [v["message"] for v in prove(folder)["violations"] if v["invariant"] == 9]
        assert any(file.name in message for message in by_verify), (file.name, byte, bit)
        assert any(file.name in message for message in by_proof), (file.name, byte, bit)
        file.write_bytes(whole)
