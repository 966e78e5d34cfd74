"""Ingest: every file and row is accounted for, and what is wrong is named."""

import json
import shutil

import pytest

from curate.errors import InputError
from curate.sources.declaration import load_declaration
from curate.sources.ingest import ingest
from curate.sources.registry import SOURCES, source
from tests.drawn import picture, write_csv


@pytest.mark.parametrize("source_id", SOURCES)
def test_every_source_loads_and_says_what_it_is(source_id, tree):
    declaration = source(source_id, tree).declaration
    assert declaration.id == source_id
    assert declaration.citation
    assert declaration.download


def test_an_unknown_source_names_the_nearest(tree):
    with pytest.raises(InputError) as caught:
        source("ham1000", tree)
    assert "ham10000" in caught.value.hint


def roles(catalogue, source_id):
    return dict(catalogue.rows("SELECT role, count(*) FROM files WHERE source_id = ? GROUP BY 1", [source_id]))


def test_every_file_has_one_role(catalogue, repositories, tree):
    summary = ingest(catalogue, source("ham10000", tree), repositories / "ham10000", tree)
    on_disk = sum(1 for p in (repositories / "ham10000").rglob("*") if p.is_file())
    assert summary["files"] == on_disk == 14
    assert roles(catalogue, "ham10000") == {"image": 12, "table": 1, "ignored": 1}  # the broken one is known when it is decoded
    assert (summary["rows"], summary["rows_without_picture"]) == (12, 1)


def test_ingesting_again_does_nothing_and_a_change_is_seen(catalogue, repositories, tree, tmp_path):
    folder = tmp_path / "ham10000"
    shutil.copytree(repositories / "ham10000", folder)
    ham = source("ham10000", tree)
    assert not ingest(catalogue, ham, folder, tree)["skipped"]
    assert ingest(catalogue, ham, folder, tree)["skipped"]
    (folder / "HAM10000_images_part_1" / "ISIC_0000001.jpg").unlink()
    again = ingest(catalogue, ham, folder, tree)
    assert (again["skipped"], again["images"], again["rows_without_picture"]) == (False, 11, 2)


def test_a_folder_of_something_else_is_refused(catalogue, repositories, tree, tmp_path):
    with pytest.raises(InputError, match="HAM10000"):
        ingest(catalogue, source("ham10000", tree), repositories / "pad_ufes_20", tree)
    with pytest.raises(InputError, match="no folder"):
        ingest(catalogue, source("ham10000", tree), tmp_path / "absent", tree)


HEADER = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (HEADER[:2] + HEADER[3:], [], "no column 'dx'"),
    ],
)
def test_a_broken_table_is_named_with_its_line(catalogue, tree, tmp_path, header, rows, message):
    (tmp_path / "HAM10000_images_part_1").mkdir()
    picture(1, "nevus").save(tmp_path / "HAM10000_images_part_1" / "ISIC_0000001.jpg")
    write_csv(tmp_path / "HAM10000_metadata.csv", header, rows)
    with pytest.raises(InputError, match=message):
        ingest(catalogue, source("ham10000", tree), tmp_path, tree)
    assert catalogue.value("SELECT count(*) FROM images") == 0


def test_labels_without_a_row_in_the_map_are_findings_with_examples(catalogue, tree, tmp_path):
    (tmp_path / "HAM10000_images_part_1").mkdir()
    for n in range(3):
        picture(n, "nevus").save(tmp_path / "HAM10000_images_part_1" / f"ISIC_000000{n}.jpg")
    rows = [[f"HAM_{n}", f"ISIC_000000{n}", dx, "histo", "50", "male", "back"] for n, dx in enumerate(("nv", "xyz", "xyz"))]
    write_csv(tmp_path / "HAM10000_metadata.csv", HEADER, rows)
    ingest(catalogue, source("ham10000", tree), tmp_path, tree)
    found = catalogue.rows("SELECT message, images FROM findings WHERE id = 'label.unmapped'")
    assert len(found) == 1
    assert "'xyz'" in found[0][0]
    assert found[0][1] == ["ham10000:ISIC_0000001", "ham10000:ISIC_0000002"]


def test_one_lesion_of_two_patients_is_an_error_of_the_source(catalogue, tree, tmp_path):
    side_cars = tmp_path / "Data" / "Descriptions"
    images = tmp_path / "Data" / "Images"
    side_cars.mkdir(parents=True)
    images.mkdir()
    for n in range(2):
        name = f"ISIC_000000{n}"
        picture(n, "nevus").save(images / f"{name}.jpg")
        meta = {"clinical": {"diagnosis": "nevus"}, "unstructured": {"patient": f"P{n}", "lesion id": "L"}}
        (side_cars / name).write_text(json.dumps({"name": name, "dataset": {"name": "MSK-1"}, "meta": meta}))
    ingest(catalogue, source("isic_archive", tree), tmp_path, tree)
    assert catalogue.rows("SELECT severity, message FROM findings WHERE id = 'source.lesion-of-two-patients'") == [
        ("error", "isic_archive: lesion isic.msk1:L is given to isic.msk1:P0, isic.msk1:P1.")
    ]


def test_the_archive_s_collections_hide_their_ids_under_different_names(catalogue, tree, tmp_path):
    side_cars = tmp_path / "Data" / "Descriptions"
    images = tmp_path / "Data" / "Images"
    side_cars.mkdir(parents=True)
    images.mkdir()
    told = {
        "ISIC_0000001": ("HAM10000", {"lesion_id": "HAM_0000007"}),
        "ISIC_0000002": ("MSK-1", {"patient": "P1", "lesion id": "L1"}),
        "ISIC_0000003": ("MSK-4", {"lesion_id": "L1"}),
        "ISIC_0000004": ("UDA-1", {"id1": "L1"}),
    }
    for name, (dataset, unstructured) in told.items():
        picture(1, "nevus").save(images / f"{name}.jpg")
        content = {
            "name": name,
            "dataset": {"name": dataset},
            "meta": {"clinical": {"diagnosis": "nevus"}, "unstructured": unstructured},
        }
        (side_cars / name).write_text(json.dumps(content))
    ingest(catalogue, source("isic_archive", tree), tmp_path, tree)
    rows = catalogue.rows("SELECT image_id, lesion_keys, patient_keys FROM records ORDER BY 1")
    assert [(lesions, patients) for _, lesions, patients in rows] == [
        (["ham10000:HAM_0000007"], []),
        (["isic.msk1:L1"], ["isic.msk1:P1"]),
        (["isic.msk4:L1"], []),
        ([], []),
    ]


def test_paths_that_differ_by_letter_case_only_cannot_both_be_images(catalogue, tree, tmp_path):
    folder = tmp_path / "Train"
    for name in ("nevus", "Nevus"):
        (folder / name).mkdir(parents=True)
        picture(1, "nevus").save(folder / name / "ISIC_0000001.jpg")
    summary = ingest(catalogue, source("isic_class_folders", tree), tmp_path, tree)
    assert (summary["images"], summary["rejected"]) == (1, 1)
    assert "letter case" in catalogue.value("SELECT reason FROM rejections WHERE role = 'rejected'")


def test_a_declaration_that_says_something_unknown_names_the_key(tmp_path):
    path = tmp_path / "source.toml"
    path.write_text('id = "x"\nlicense = "MIT"\n')
    with pytest.raises(InputError, match=r"source\.toml: `"):
        load_declaration(path)


def test_records_of_many_pictures_in_one_file_give_their_keys_without_a_picture(catalogue, tree, tmp_path):
    """The archive's whole list of records, packed, beside the pictures of some."""
    import gzip

    images = tmp_path / "Data" / "Images"
    images.mkdir(parents=True)
    picture(1, "nevus").save(images / "ISIC_0000001.jpg")
    records = {
        str(n): {
            "name": f"ISIC_000000{n}",
            "dataset": {"name": "MSK-1"},
            "meta": {"clinical": {"diagnosis": "nevus"}, "unstructured": {"patient": "P1", "lesion id": "L"}},
        }
        for n in (1, 2)
    }
    path = tmp_path / "archive_2019-08_all_records.json.gz"
    path.write_bytes(gzip.compress(json.dumps(records).encode()))
    summary = ingest(catalogue, source("isic_archive", tree), tmp_path, tree)
    assert (summary["images"], summary["side_cars"], summary["rows"], summary["rows_without_picture"]) == (1, 1, 2, 1)
    assert catalogue.rows("SELECT record_id, lesion_keys FROM records ORDER BY 1") == [
        ("isic_archive:ISIC_0000001", ["isic.msk1:L"]),
        ("isic_archive:ISIC_0000002", ["isic.msk1:L"]),
    ]
    for broken in (b"not packed", gzip.compress(b"[1, 2]"), gzip.compress(b'[{"name": ""}]'), gzip.compress(b"{")):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="archive_2019-08"):
            ingest(catalogue, source("isic_archive", tree), tmp_path, tree)
