"""Archives read without unpacking: in any order, in forked processes, and damaged."""

import io
import multiprocessing
import tarfile
import zipfile

import pytest

from curate.files import is_there, listing, read_bytes

CONTENT = {f"images/{n:03d}.jpg": bytes([n]) * (5000 + n) for n in range(40)}


def packed(folder, name):
    path = folder / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in CONTENT.items():
                archive.writestr(member, content)
        return path
    kind = {".tar": "w", ".tgz": "w:gz"}.get(path.suffix, f"w:{path.suffix[1:]}")
    with tarfile.open(path, kind) as archive:
        for member, content in CONTENT.items():
            info = tarfile.TarInfo(f"./{member}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_members_are_read_in_any_order(tmp_path, name):
    packed(tmp_path, name)
    assert [(f.path, f.bytes, f.trouble) for f in listing(tmp_path)] == [(f"{name}/{m}", len(c), "") for m, c in CONTENT.items()]
    for member in reversed(CONTENT):
        assert read_bytes(tmp_path, f"{name}/{member}") == CONTENT[member]
    with pytest.raises(OSError, match="absent"):
        read_bytes(tmp_path, f"{name}/absent.jpg")
    assert [is_there(tmp_path, f"{name}/{m}") for m in (*CONTENT, "absent.jpg", "images")] == [True] * len(CONTENT) + [False] * 2


def test_what_is_not_there_is_not_there(tmp_path):
    (tmp_path / "b.zip").write_bytes(b"PK cut off")
    (tmp_path / "c").write_bytes(b"")
    assert [is_there(tmp_path, p) for p in ("c", "b.zip", "b.zip/c", "a.zip/c", "d/c", "c/c")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def differing(folder, name, members):
    """Return how many of the members are read wrong, over several rounds."""
    return sum(read_bytes(folder, f"{name}/{m}") != CONTENT[m] for _ in range(30) for m in members)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_forked_processes_do_not_disturb_each_other(tmp_path, name):
    """A trainer checks its pictures, which opens the archive, and then its loaders are forked."""
    packed(tmp_path, name)
    assert differing(tmp_path, name, CONTENT) == 0
    with multiprocessing.get_context("fork").Pool(4) as pool:
        orders = [list(CONTENT), list(reversed(CONTENT)), sorted(CONTENT, key=hash), list(CONTENT)[::3]]
        assert pool.starmap(differing, [(tmp_path, name, order) for order in orders], chunksize=1) == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_a_damaged_archive_is_named_or_its_member_is(tmp_path, name):
    path = packed(tmp_path, name)
    content = bytearray(path.read_bytes())
    content[200:240] = b"\xff" * 40
    path.write_bytes(bytes(content))
    found = list(listing(tmp_path))
    if name.endswith(".zip"):
        with pytest.raises(OSError, match="cannot be read"):
            for member in CONTENT:
                read_bytes(tmp_path, f"{name}/{member}")
    else:
        assert [f.path for f in found] == [name]
        assert "cannot be read" in found[0].trouble
