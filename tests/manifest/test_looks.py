"""What `curate verify` can be asked for beside the whole: a quick look, a slice of the pictures; manifests moved, locked, newer."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import InputError
from curate.manifest.pictures import BATCH, Pictures, Slice
from curate.manifest.proof import prove
from curate.manifest.quick import SMALL, look
from curate.manifest.read import load, sources_of
from curate.manifest.verify import verify
from tests.conftest import CHECKOUT
from tests.manifest.tampering import change_json, change_rows, copy_of, repair_about

PROGRAM = [sys.executable, "-c", "from curate.cli import main; main()", "verify"]


def messages(proof) -> str:
    return "\n".join(v.message for v in proof.violations)


def program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=CHECKOUT)


@pytest.fixture
def pictures(frozen, repositories) -> Pictures:
    return Pictures.find(sources_of(frozen), [str(repositories)], None)


def test_a_quick_look_at_a_good_one_says_what_it_did_not_look_at(frozen, pictures):
    proof = look(frozen, pictures, expected_digest=load(frozen).digest)
    assert proof.ok, messages(proof)
    assert (proof.images, proof.edges) == (26, load(frozen).edges.num_rows)
    assert [number for number, *_ in proof.checks] == [9, 5, 9]
    assert proof.not_checked == ["the bytes of pictures", "every other invariant: leave --quick out"]
    without = look(frozen)
    assert [number for number, *_ in without.checks] == [9, 5]
    nowhere = look(frozen, Pictures({}))
    assert [number for number, *_ in nowhere.checks] == [9, 5]
    assert any("give --images ham10000=FOLDER" in reason for reason in nowhere.not_checked)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["images.parquet", "edges.parquet", "classes.json", "manifest.json"])
@pytest.mark.parametrize("harm", [cut, Path.unlink])
def test_a_quick_look_finds_what_is_missing_or_cut_off(frozen, tmp_path, name, harm):
    folder = copy_of(frozen, tmp_path)
    harm(folder / name)
    assert f"{name}: " in messages(look(folder))


def test_a_quick_look_does_not_read_large_files_and_says_so(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    table = pq.ParquetFile(folder / "images.parquet").read()
    noise = pa.array([random.Random(n).randbytes(SMALL // 20).hex() for n in range(len(table))])
    pq.write_table(table.append_column("noise", noise), folder / "images.parquet")
    assert (folder / "images.parquet").stat().st_size > SMALL
    proof = look(folder)
    assert proof.ok, "its bytes are other ones, and nobody looked"
    assert "the bytes of images.parquet: larger than 1 MiB" in proof.not_checked
    cut(folder / "images.parquet")
    assert [v.invariant for v in look(folder).violations] == [0]


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info["counts"].update(images=27),
        lambda info: info["counts"]["splits"].update(train=1),
        lambda info: info["sources"][0].update(images=1),
        lambda info: info["counts"]["edges"].update(hash=77),
    ],
)
def test_a_quick_look_counts(frozen, tmp_path, change):
    folder = copy_of(frozen, tmp_path)
    change_json(folder, "manifest.json", change)
    assert [v.invariant for v in look(folder).violations] == [5]


def test_a_quick_look_at_what_is_no_manifest_or_another_one(frozen, tmp_path):
    with pytest.raises(InputError, match="holds no manifest"):
        look(tmp_path)
    assert "not 00" in messages(look(frozen, expected_digest="00"))
    folder = copy_of(frozen, tmp_path)
    (folder / "SHA256SUMS").unlink()
    assert "images.parquet: not named in SHA256SUMS" in messages(look(folder))
    assert look(folder).digest is None
    folder = copy_of(frozen, tmp_path / "next")
    change_json(folder, "manifest.json", lambda info: info.update(schema_version="2.0"))
    with pytest.raises(InputError, match=r"schema dermcurate-manifest 2\.0"):
        look(folder)


def test_a_quick_look_finds_pictures_that_are_missing_or_of_another_size(frozen, repositories, tmp_path):
    copies = tmp_path / "pictures"
    shutil.copytree(repositories, copies)
    part = copies / "ham10000" / "HAM10000_images_part_1"
    cut(part / "ISIC_0000001.jpg")
    (part / "ISIC_0000007.jpg").unlink()
    told = look(frozen, Pictures.find(["ham10000"], [str(copies)], None))
    assert [v.message.rpartition("/")[2] for v in told.violations] == [
        f"ISIC_0000001.jpg has {(part / 'ISIC_0000001.jpg').stat().st_size} bytes, frozen "
        f"{(part / 'ISIC_0000001.jpg').stat().st_size + 1}",
        "ISIC_0000007.jpg is not there",
    ]
    assert {v.invariant for v in told.violations} == {9}
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: rows[0].update(path="../away.jpg"))
    assert "leads out of the source's folder" in messages(look(folder, Pictures.find(["ham10000"], [str(copies)], None)))


def test_slices_are_a_partition_of_the_pictures(frozen, pictures):
    whole = {row for (row,) in ((r["image_id"],) for r in load(frozen).images.to_pylist())}
    parts = [{image for image in whole if Slice(number, 5).holds(image)} for number in range(1, 6)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 26
    assert max(map(len, parts)) < 26
    for number, part in enumerate(parts, 1):
        proof = verify(frozen, pictures, subset=Slice(number, 5))
        assert proof.ok, messages(proof)
        assert proof.pictures_checked == len(part)
        assert f"{26 - len(part)} of 26 pictures: slice {number} of 5 alone was read" in proof.not_checked
        assert (9, f"pictures are those that were frozen, slice {number} of 5", 0) in proof.checks


def test_a_swapped_picture_is_found_by_the_slice_that_holds_it_and_by_no_other(frozen, repositories, tmp_path):
    copies = tmp_path / "pictures"
    shutil.copytree(repositories, copies)
    (copies / "ham10000" / "HAM10000_images_part_1" / "ISIC_0000001.jpg").write_bytes(b"another")
    there = Pictures.find(["ham10000"], [str(copies)], None)
    found = [len(verify(frozen, there, subset=Slice(number, 3)).violations) for number in (1, 2, 3)]
    assert sorted(found) == [0, 0, 1]
    assert found[[Slice(number, 3).holds("ham10000:ISIC_0000001") for number in (1, 2, 3)].index(True)] == 1


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.0/2", "١/٣", f"1/{10**10}"])
def test_what_is_no_slice(text):
    with pytest.raises(InputError, match="not a slice"):
        Slice.parse(text)


def test_slices_are_parsed():
    assert (Slice.parse("3/12"), Slice.parse("1/1")) == (Slice(3, 12), Slice(1, 1))


def test_pictures_are_read_by_several_threads_in_order_and_progress_ends_with_all(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    rows = []
    for n in range(BATCH * 20 + 3):
        (tmp_path / f"{n}.jpg").write_bytes(b"x")
        rows.append((f"s:{n}", "s", f"{n}.jpg", "0" * 64))
    seen, threads = [], set()
    pictures = Pictures({"s": tmp_path})
    hashed = pictures._sha256
    monkeypatch.setattr(Pictures, "_sha256", lambda _, *place: (threads.add(threading.get_ident()), hashed(*place))[1])
    told = list(pictures.differences(rows, lambda *both: seen.append(both)))
    assert [message.partition(": ")[0] for message in told] == [image for image, *_ in rows]
    assert seen[-1] == (len(rows), len(rows))
    assert seen == sorted(seen)
    assert len(seen) == 21
    assert 1 < len(threads) <= 3
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert len(list(pictures.differences(rows[:3]))) == 3


def test_the_commands_options(frozen, repositories):
    quick = program(frozen, "--quick", "--images", repositories)
    assert (quick.returncode, quick.stdout.splitlines()[-1]) == (0, f"{frozen}: nothing is wrong at a quick look")
    part = program(frozen, "--subset", "1/2", "--images", repositories, "--json")
    told = json.loads(part.stdout)
    assert told["ok"]
    assert 0 < told["pictures_checked"] < 26
    assert any("slice 1 of 2 alone was read" in reason for reason in told["not_checked"])
    both = program(frozen, "--quick", "--subset", "1/2")
    assert (both.returncode, both.stdout) == (2, "")
    assert "Leave one of the two out" in both.stderr


TELL = """
import os, sys
from pathlib import Path
from curate.manifest.proof import prove
from curate.manifest.quick import look
from curate.manifest.verify import verify

def tell(folder):
    print(verify(folder).ok, look(folder).ok, prove(folder)["ok"], os.access(folder, os.W_OK))

tell(Path(sys.argv[1]))
if os.getuid() == 0:  # who may write anything; nobody may not
    os.setgid(65534), os.setuid(65534)
tell(Path(sys.argv[1]))
"""


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in [folder, *folder.rglob("*")]}


def test_one_that_was_moved_and_may_not_be_written_still_verifies(good, repositories):
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "an other name"
        shutil.copytree(good, folder)
        for path in [*folder.rglob("*"), folder]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = state(folder)
        told = subprocess.run([sys.executable, "-c", TELL, folder], capture_output=True, text=True, check=True, cwd=CHECKOUT)
        assert told.stdout.splitlines()[-1] == "True True True False", told.stdout
        assert state(folder) == before
        assert verify(folder).digest == load(good).digest
        folder.chmod(0o755)


def newer(good: Path, out: Path, version: str) -> Path:
    """A manifest as a later minor version might write it: more columns in the middle and at the end, more keys."""
    folder = copy_of(good, out)
    table = pq.ParquetFile(folder / "images.parquet").read()
    table = table.add_column(5, "thickness", pa.array([0.5] * len(table))).append_column("later", pa.array(["x"] * len(table)))
    pq.write_table(table, folder / "images.parquet")
    for path in folder.glob("*.csv"):
        path.unlink()
    change_json(folder, "manifest.json", lambda info: info.update(schema_version=version, later={"a": 1}))
    repair_about(folder)
    return folder


def test_a_later_minor_version_is_verified_and_what_it_adds_is_named_as_unchecked(good, tmp_path):
    folder = newer(good, tmp_path, "1.97")
    for told in (verify(folder), look(folder)):
        assert told.ok, messages(told)
        assert any("what schema 1.97 added to 1." in reason for reason in told.not_checked)
    assert load(folder).images.num_rows == 26
    change_rows(folder, "images.parquet", lambda rows: rows[0].update(split="training"))
    assert 5 in {v.invariant for v in verify(folder).violations}


def test_its_text_form_has_its_columns_too(good, tmp_path):
    from curate.manifest.text import text_lines

    folder = newer(good, tmp_path, "1.97")
    for stem in ("images", "edges"):
        table = pq.ParquetFile(folder / f"{stem}.parquet").read()
        (folder / f"{stem}.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
    repair_about(folder)
    assert verify(folder).ok, messages(verify(folder))
    assert "is of schema 1.97, not 1." in prove(folder)["error"]


def test_a_later_minor_version_is_proven_from_its_text_where_it_added_no_column(good, tmp_path):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info.update(schema_version="1.97", later={"a": 1}))
    assert prove(folder)["ok"]
    older = copy_of(good, tmp_path / "older")
    change_json(older, "manifest.json", lambda info: (info.update(schema_version="1.0"), info.pop("counts")))
    assert "error" not in prove(older)


def test_another_schema_is_refused(good, tmp_path):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info.update(schema="another"))
    for check in (verify, look, load):
        with pytest.raises(InputError, match=r"of schema another 1\."):
            check(folder)


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.1", "", "one", "1.x", "1.-1", None, 2, [1]])
def test_another_major_version_is_refused_with_what_to_do(good, tmp_path, version):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda info: info.update(schema_version=version))
    for check in (verify, look):
        with pytest.raises(InputError, match="Install the dermcurate that made it"):
            check(folder)


def test_the_own_version_needs_no_note(good):
    assert not any("schema" in reason for reason in verify(good).not_checked)
