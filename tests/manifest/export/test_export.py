"""Exports read back by what they are for, and compared row by row with the manifest."""

import csv
import doctest
import hashlib
import io
import json
import os
import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import piexif
import pyarrow as pa
import pytest
from PIL import Image, PngImagePlugin

from curate.engines import LocalEngine
from curate.errors import BrokenInvariantError, InputError
from curate.fingerprints.picture import UnreadablePictureError
from curate.manifest.export import FORMATS, names
from curate.manifest.export import rows as rows_of_export
from curate.manifest.export.job import export_manifest
from curate.manifest.pictures import Pictures
from curate.manifest.read import load
from curate.pipeline import run_project
from curate.project import load_project
from curate.terminal import Terminal
from tests.conftest import project_text
from tests.drawn import small_repositories
from tests.manifest.tampering import change_json, change_rows, copy_of, repair_about

SECRET = "taken at home by Jane Doe"
WITH_PICTURES = [name for name, form in FORMATS.items() if form.has_pictures]
LINKING = [name for name, form in FORMATS.items() if form.may_link]
TURNED = "ham10000:ISIC_0000003"
BMP = "ham10000:ISIC_0000009"


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Path:
    """The drawn repositories as they come from the world: with GPS, turned, in other formats, in an archive."""
    folder = tmp_path_factory.mktemp("world")
    small_repositories(folder)
    ham = folder / "ham10000" / "HAM10000_images_part_1"
    gps = {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((48, 1), (12, 1), (30, 1))}
    exif = {"0th": {piexif.ImageIFD.Artist: SECRET.encode()}, "GPS": gps}
    piexif.insert(piexif.dump(exif), str(ham / "ISIC_0000001.jpg"))
    turned = {"0th": {piexif.ImageIFD.Artist: SECRET.encode(), piexif.ImageIFD.Orientation: 6}}
    piexif.insert(piexif.dump(turned), str(ham / "ISIC_0000003.jpg"))
    Image.open(ham / "ISIC_0000009.jpg").save(ham / "ISIC_0000009.jpg", "BMP")  # publishers do such things
    png = folder / "pad_ufes_20" / "images" / "imgs_part_1" / "PAT_2_42_42.png"
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET)
    Image.open(png).convert("RGBA").save(png, pnginfo=text)
    packed = folder / "isic_challenge_2017" / "ISIC-2017_Training_Data"
    with zipfile.ZipFile(packed.with_suffix(".zip"), "w") as archive:
        for file in sorted(packed.iterdir()):
            archive.write(file, file.name)
    shutil.rmtree(packed)
    return folder


@pytest.fixture(scope="module")
def manifest(folders, tmp_path_factory) -> Path:
    """Their manifest. One class has no image in the test set, one image is excluded."""
    place = tmp_path_factory.mktemp("project")
    (place / "world.toml").write_text(project_text(folders, "world"), encoding="utf-8")
    table = folders / "pad_ufes_20" / "metadata.csv"
    table.write_text(table.read_text().replace("NEV,PAT_4", ",PAT_4"))
    return Path(run_project(load_project(place / "world.toml"), LocalEngine(1), Terminal(quiet=True))["manifest"])


@pytest.fixture(scope="module")
def pictures(folders) -> Pictures:
    return Pictures({s: folders / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})


@pytest.fixture(scope="module")
def exports(manifest, pictures, tmp_path_factory) -> dict[str, Path]:
    """Every format, copied."""
    place = tmp_path_factory.mktemp("exports")
    return {name: Path(export_manifest(manifest, name, place / name, pictures)["folder"]) for name in FORMATS}


@pytest.fixture(scope="module")
def rows(manifest) -> dict[str, dict]:
    """The rows that go out."""
    return {r["image_id"]: r for r in load(manifest).images.to_pylist() if r["split"] != "excluded"}


@pytest.fixture(scope="module")
def class_ids(manifest) -> list[str]:
    return [c["id"] for c in load(manifest).classes["training_classes"]]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def named(image_id: str) -> str:
    return hashlib.sha256(image_id.encode()).hexdigest()[:32]


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def all_pictures(folder: Path) -> dict[str, bytes]:
    """Every picture of an export, members of archives too, by the place that images.csv names."""
    found = {}
    for name, content in files_of(folder).items():
        if name.endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                members = {f"{name}/{m.name}": archive.extractfile(m).read() for m in archive.getmembers()}
            found |= {n: c for n, c in members.items() if not n.endswith(".json")}
        elif name.endswith((".jpg", ".png")):
            found[name] = content
    return found


def test_the_world_has_what_the_tests_are_about(manifest, rows):
    info = load(manifest).info
    assert info["counts"]["splits"]["excluded"] == 1
    assert {r["split"] for r in rows.values()} == {"train", "validation", "test"}
    assert len([r for r in rows.values() if ".zip/" in r["path"]]) == 10


@pytest.mark.parametrize("name", WITH_PICTURES)
def test_every_picture_goes_out_once_with_its_pixels_and_without_metadata(exports, rows, name):
    found = all_pictures(exports[name])
    listed = {r["image_id"]: r["file"] for r in table(exports[name] / "images.csv")}
    assert listed.keys() == rows.keys()
    assert sorted(listed.values()) == sorted(found)
    for image_id, place in listed.items():
        image = Image.open(io.BytesIO(found[place]))
        pixels = image.convert("RGB")
        digest = hashlib.sha256(f"RGB {pixels.width} {pixels.height}\n".encode() + np.asarray(pixels).tobytes()).hexdigest()
        assert digest == rows[image_id]["pixel_sha256"], image_id
        assert not image.getexif()
        assert SECRET.encode() not in found[place]
        assert Path(place).stem == named(image_id)
    assert all(SECRET.encode() not in content for content in files_of(exports[name]).values())
    assert {Path(listed[i]).suffix for i in (TURNED, BMP)} == {".png"}
    assert listed["ham10000:ISIC_0000001"].endswith(".jpg")


@pytest.mark.parametrize("name", FORMATS)
def test_rows_classes_and_digest_stand_in_every_export(exports, manifest, rows, class_ids, name):
    assert (exports[name] / "manifest.digest").read_text() == load(manifest).digest + "\n"
    assert load(manifest).digest in (exports[name] / "README.md").read_text()
    written = table(exports[name] / "images.csv")
    assert [r["image_id"] for r in written] == sorted(rows)
    for row in written:
        for column, value in rows[row["image_id"]].items():
            if value is None:
                assert row[column] == ""
            elif isinstance(value, str):
                assert row[column] == value
            else:
                assert json.loads(row[column]) == value
    classes = table(exports[name] / "classes.csv")
    assert [(c["label"], c["id"]) for c in classes] == [(str(n), i) for n, i in enumerate(class_ids)]
    assert sum(int(c["images"]) for c in classes) == len(rows)


@pytest.mark.parametrize("name", FORMATS)
def test_two_exports_are_the_same_to_the_byte(exports, manifest, pictures, tmp_path, name):
    os.utime(pictures.folders["ham10000"] / "HAM10000_images_part_1" / "ISIC_0000002.jpg", (1, 1))
    export_manifest(manifest, name, tmp_path / "again", pictures)
    assert files_of(tmp_path / "again") == files_of(exports[name])


@pytest.mark.parametrize("module", [names, rows_of_export])
def test_the_examples_of_names_and_cells_hold(module):
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted > 0


@pytest.mark.parametrize("name", FORMATS)
def test_names_are_portable_and_say_nothing(exports, rows, name):
    written = [p.relative_to(exports[name]).as_posix() for p in exports[name].rglob("*")]
    assert len({n.lower() for n in written}) == len(written)
    assert all(set(n) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") for n in written)
    assert not [n for n in written if "ISIC" in n or "PAT" in n or "nevus" in n]


def test_torchvision_reads_the_tree_with_one_number_for_each_class(exports, rows, class_ids):
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from train.model.torchvision_import import torchvision

    torchvision()
    from torchvision.datasets import ImageFolder

    seen = {}
    files = {r["file"]: r["image_id"] for r in table(exports["imagefolder"] / "images.csv")}
    for split in ("train", "validation", "test"):
        root = exports["imagefolder"] / split
        data = ImageFolder(str(root), allow_empty=True)
        assert data.classes == [c.replace(":", "_") for c in class_ids]
        for path, label in data.samples:
            image_id = files[Path(path).relative_to(exports["imagefolder"]).as_posix()]
            seen[image_id] = (split, class_ids[label])
        assert data[0][0].mode == "RGB"
    assert seen == {i: (r["split"], r["training_class"]) for i, r in rows.items()}
    with pytest.raises(FileNotFoundError):  # better than other numbers in silence
        ImageFolder(str(exports["imagefolder"] / "test"))


def test_hugging_face_finds_the_same_columns_of_the_same_types_in_every_split(exports, rows, class_ids):
    """The reader takes the types of each metadata.csv from pandas, and refuses where they differ."""
    folder = exports["huggingface"]
    schemas, seen = [], {}
    for split in ("train", "validation", "test"):
        frame = pd.read_csv(folder / split / "metadata.csv")
        schemas.append([(f.name, f.type) for f in pa.Table.from_pandas(frame).schema])
        for row in frame.to_dict("records"):
            assert (folder / split / row["file_name"]).is_file()
            seen[row["image_id"]] = (split, class_ids[row["label"]], row["component"], row["fold"])
    assert schemas[0] == schemas[1] == schemas[2]
    assert {"file_name", "label", "component", "fold", "age", "licence"} <= {name for name, _ in schemas[0]}
    fold = {i: -1 if r["fold"] is None else r["fold"] for i, r in rows.items()}
    assert seen == {i: (r["split"], r["training_class"], r["component"], fold[i]) for i, r in rows.items()}


def test_the_card_says_licences_and_which_files_are_which_split(exports):
    card = (exports["huggingface"] / "README.md").read_text()
    head = card.split("---\n")[1]
    assert card.startswith("---\n")
    assert "license:\n- cc-by-4.0\n- cc-by-nc-4.0\n- cc0-1.0\n" in head
    assert '  - split: test\n    path: "test/**"\n' in head
    assert "n<1K" in head


def test_a_licence_that_a_card_cannot_name_is_other(manifest, pictures, tmp_path):
    folder = copy_of(manifest, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: [r.update(licence="LicenseRef-private") for r in rows])
    repair_about(folder)
    export_manifest(folder, "huggingface", tmp_path / "out", pictures)
    assert "license:\n- other\ntask" in (tmp_path / "out" / "README.md").read_text()


def test_shards_hold_one_split_each_and_no_owner_or_time(exports, manifest, rows):
    seen = {}
    for shard in sorted(exports["webdataset"].glob("*.tar")):
        with tarfile.open(shard) as archive:
            members = archive.getmembers()
            contents = {m.name: archive.extractfile(m).read() for m in members}
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
        pairs = list(zip(members[::2], members[1::2], strict=True))  # webdataset wants a sample's members side by side
        assert all(a.name.rsplit(".", 1)[0] == b.name.rsplit(".", 1)[0] and b.name.endswith(".json") for a, b in pairs)
        for _, text in pairs:
            row = json.loads(contents[text.name])
            assert row["manifest"] == load(manifest).digest
            assert shard.name.startswith(f"{row['split']}-")
            seen[row["image_id"]] = (row["split"], row["training_class"], row["component"], row["label"])
    labels = {c["id"]: n for n, c in enumerate(load(manifest).classes["training_classes"])}
    assert seen == {i: (r["split"], r["training_class"], r["component"], labels[r["training_class"]]) for i, r in rows.items()}


@pytest.mark.parametrize(("limit", "value"), [("SHARD_IMAGES", 4), ("SHARD_BYTES", 20_000)])
def test_a_full_shard_is_followed_by_another(manifest, pictures, rows, tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(f"curate.manifest.export.webdataset.{limit}", value)
    export_manifest(manifest, "webdataset", tmp_path / "out", pictures)
    sizes = {}
    for shard in (tmp_path / "out").glob("*.tar"):
        with tarfile.open(shard) as archive:
            sizes[shard.name] = ([m.size for m in archive.getmembers()], archive.getnames())
    assert sum(len(names) for _, names in sizes.values()) == 2 * len(rows)
    assert sorted(n for n in sizes if n.startswith("train")) == [
        f"train-{n:06d}.tar" for n in range(sum(1 for s in sizes if s.startswith("train")))
    ]
    for lengths, members in sizes.values():
        assert len(members) <= 8 if limit == "SHARD_IMAGES" else len(members) == 2 or sum(lengths) <= value
    assert len(sizes) > 3


def test_fiftyone_finds_pictures_and_labels_by_their_keys(exports, rows, class_ids):
    seen = {}
    for split in ("train", "validation", "test"):
        labels = json.loads((exports["fiftyone"] / split / "labels.json").read_text())
        data = {p.stem for p in (exports["fiftyone"] / split / "data").iterdir()}
        assert data == labels["labels"].keys()
        assert [name.split()[0] for name in labels["classes"]] == class_ids
        seen |= {key: (split, class_ids[label]) for key, label in labels["labels"].items()}
    assert seen == {named(i): (r["split"], r["training_class"]) for i, r in rows.items()}


def test_the_arrays_carry_no_time(exports):
    with zipfile.ZipFile(exports["groups"] / "groups.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_scikit_learn_gets_the_folds_and_the_groups(exports, manifest, rows, class_ids):
    selection = pytest.importorskip("sklearn.model_selection")
    data = np.load(exports["groups"] / "groups.npz", allow_pickle=False)
    ids = data["image_id"].tolist()
    assert ids == sorted(rows)
    assert [class_ids[y] for y in data["y"]] == [rows[i]["training_class"] for i in ids]
    assert data["split"].tolist() == [rows[i]["split"] for i in ids]
    assert data["component"].tolist() == [rows[i]["component"] for i in ids]
    assert len(set(zip(data["component"].tolist(), data["groups"].tolist(), strict=True))) == len(set(data["groups"].tolist()))
    assert str(data["manifest"]) == load(manifest).digest
    learn = np.flatnonzero(data["split"] != "test")
    folds = list(selection.PredefinedSplit(data["fold"][learn]).split())
    assert len(folds) == 3
    for number, (_, held) in enumerate(folds):
        assert {ids[learn[n]] for n in held} == {i for i, r in rows.items() if r["fold"] == number}
    for train, held in selection.GroupKFold(3).split(learn, data["y"][learn], data["groups"][learn]):
        assert not {rows[ids[learn[n]]]["component"] for n in train} & {rows[ids[learn[n]]]["component"] for n in held}


@pytest.mark.parametrize("name", LINKING)
def test_only_files_without_metadata_are_links(exports, manifest, pictures, rows, tmp_path, name):
    told = export_manifest(manifest, name, tmp_path / "linked", pictures, link=True)
    assert files_of(tmp_path / "linked") == files_of(exports[name])
    linked = set()
    for row in table(tmp_path / "linked" / "images.csv"):
        file = pictures.folders[row["source"]] / row["path"]
        if file.is_file() and (tmp_path / "linked" / row["file"]).samefile(file):
            linked.add(row["image_id"])
    clean = {i for i, r in rows.items() if ".zip/" not in r["path"] and not i.endswith(("0001", "0003", "0009", "PAT_2_42_42"))}
    assert linked == clean
    assert told["pictures"] == {"as_is": len(clean) + 10, "stripped": 1, "decoded": 3, "linked": len(clean)}


def test_where_no_hard_link_can_be_made_a_symbolic_one_is(manifest, pictures, tmp_path, monkeypatch):
    def refuse(*_args):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    told = export_manifest(manifest, "imagefolder", tmp_path / "linked", pictures, link=True)
    links = [p for p in (tmp_path / "linked").rglob("*") if p.is_symlink()]
    assert len(links) == told["pictures"]["linked"] > 0
    assert all(p.is_file() and p.readlink().is_absolute() for p in links)


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_splits_that_are_asked_for_go_out(manifest, pictures, rows, tmp_path, name):
    told = export_manifest(manifest, name, tmp_path / "out", pictures, splits=("test",))
    assert told["images"] == {"test": sum(1 for r in rows.values() if r["split"] == "test")}
    assert {r["split"] for r in table(tmp_path / "out" / "images.csv")} == {"test"}
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(("train", "validation"))]


@pytest.mark.parametrize("path", ["", "ISIC-2017_Training_Data.zip"])
def test_another_picture_under_a_frozen_name_stops_the_export(folders, manifest, tmp_path, path):
    shutil.copytree(folders, tmp_path / "changed")
    if path:
        with zipfile.ZipFile(tmp_path / "changed" / "isic_challenge_2017" / path, "a") as archive:
            names = archive.namelist()
            contents = {n: archive.read(n) for n in names}
        contents[names[4]] += b"\x00"
        with zipfile.ZipFile(tmp_path / "changed" / "isic_challenge_2017" / path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        file = tmp_path / "changed" / "ham10000" / "HAM10000_images_part_1" / "ISIC_0000005.jpg"
        file.write_bytes(file.read_bytes() + b"\x00")
    changed = Pictures({s: tmp_path / "changed" / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})
    with pytest.raises(BrokenInvariantError, match=r"ISIC_0000.* is not the picture that was frozen") as raised:
        export_manifest(manifest, "imagefolder", tmp_path / "out", changed)
    assert raised.value.exit_code == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["changed"]  # nothing half done


def test_missing_pictures_are_counted_and_named_before_anything_is_written(folders, manifest, tmp_path):
    shutil.copytree(folders, tmp_path / "less")
    ham = tmp_path / "less" / "ham10000" / "HAM10000_images_part_1"
    (ham / "ISIC_0000005.jpg").unlink()
    (ham / "ISIC_0000010.jpg").unlink()
    (tmp_path / "less" / "isic_challenge_2017" / "ISIC-2017_Training_Data.zip").write_bytes(b"PK no archive")
    file = ham / "ISIC_0000001.jpg"
    file.write_bytes(file.read_bytes() + b"\x00")  # what is missing is told first
    less = Pictures({s: tmp_path / "less" / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})
    with pytest.raises(
        InputError, match=r"12 of 25 pictures are missing: ham10000:ISIC_0000005, ham10000:ISIC_0000010, "
    ) as raised:
        export_manifest(manifest, "webdataset", tmp_path / "out", less)
    assert raised.value.exit_code == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["less"]


def test_rows_alone_need_no_pictures(manifest, tmp_path):
    for name in ("csv", "groups"):
        export_manifest(manifest, name, tmp_path / name, Pictures({}))
    with pytest.raises(InputError, match="ham10000, isic_challenge_2017, pad_ufes_20 lie is not known"):
        export_manifest(manifest, "imagefolder", tmp_path / "out", Pictures({}))


def test_what_cannot_be_done_is_said(manifest, pictures, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    (tmp_path / "file").touch()
    out = tmp_path / "out"
    before = sorted(manifest.rglob("*"))
    for words, arguments, options in (
        ("no format 'zip'", ("zip", out), {}),
        ("not empty", ("csv", tmp_path / "full"), {}),
        ("not empty", ("csv", tmp_path / "file"), {}),
        ("folder of the manifest", ("csv", manifest / "sub"), {}),
        ("the pictures of ham10000", ("csv", pictures.folders["ham10000"] / "out"), {}),
        ("excluded never goes out", ("csv", out), {"splits": ("train", "excluded")}),
        ("no split 'tests'", ("csv", out), {"splits": ("tests",)}),
        ("no picture files that could be links", ("webdataset", out), {"link": True}),
    ):
        with pytest.raises(InputError, match=words):
            export_manifest(manifest, *arguments, pictures, **options)
    assert not out.exists()
    assert sorted(manifest.rglob("*")) == before


def without_validation(folder):
    whole = load(folder)
    return replace(whole, images=whole.images.filter([split != "validation" for split in whole.images["split"].to_pylist()]))


def test_a_split_without_images_has_no_files_and_cannot_be_asked_for_alone(manifest, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("curate.manifest.export.job.trusted", without_validation)
    with pytest.raises(InputError, match="has no image in validation"):
        export_manifest(manifest, "csv", tmp_path / "none", pictures, splits=("validation",))
    export_manifest(manifest, "webdataset", tmp_path / "shards", pictures, splits=("train", "validation", "test"))
    assert {path.name[:5] for path in (tmp_path / "shards").glob("*.tar")} == {"train", "test-"}


def test_two_images_never_get_one_name(manifest, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("curate.manifest.export.job.picture_name", lambda image_id: "one")
    with pytest.raises(BrokenInvariantError, match="would have one file name"):
        export_manifest(manifest, "csv", tmp_path / "out", pictures)


def refused(*_):
    raise PermissionError(13, "Permission denied")


def undecodable(_):
    raise UnreadablePictureError("a new kind of JPEG")


@pytest.mark.parametrize(
    ("where", "by", "words"),
    [
        ("curate.manifest.pictures.Pictures.read", refused, r"ham10000:.*cannot be read \(Permission denied\)"),
        ("curate.manifest.export.shelf.bare", undecodable, r"ham10000:.*cannot be decoded here \(a new kind of JPEG\)"),
    ],
)
def test_a_picture_that_cannot_be_had_stops_the_export(manifest, pictures, tmp_path, monkeypatch, where, by, words):
    monkeypatch.setattr(where, by)
    with pytest.raises(InputError, match=words):
        export_manifest(manifest, "imagefolder", tmp_path / "out", pictures)
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_filled(manifest, tmp_path):
    (tmp_path / "out").mkdir()
    export_manifest(manifest, "csv", tmp_path / "out", Pictures({}))
    assert (tmp_path / "out" / "images.csv").is_file()


def test_a_manifest_that_does_not_verify_is_not_exported(manifest, pictures, tmp_path):
    folder = copy_of(manifest, tmp_path)
    change_json(folder, "manifest.json", lambda info: info["counts"].update(images=7))
    with pytest.raises(BrokenInvariantError, match="is not exported"):
        export_manifest(folder, "csv", tmp_path / "out", pictures)
    assert not (tmp_path / "out").exists()


def test_a_broken_run_leaves_nothing_and_the_next_one_works(manifest, pictures, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            export_manifest(manifest, "imagefolder", tmp_path / "out", pictures)
    assert not list(tmp_path.iterdir())
    (tmp_path / ".out.partial" / "train").mkdir(parents=True)  # of a run that was killed
    export_manifest(manifest, "imagefolder", tmp_path / "out", pictures)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
