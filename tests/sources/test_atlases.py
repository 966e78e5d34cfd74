"""What the declarations and adapters of hospitals and atlases refuse, keep out or decide."""

import shutil
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.sources.ddi.adapter import amend as amend_ddi
from curate.sources.dermofit.adapter import amend as amend_dermofit
from curate.sources.fitzpatrick17k.adapter import amend as amend_fitzpatrick17k
from curate.sources.ingest import ingest
from curate.sources.ph2.adapter import amend as amend_ph2
from curate.sources.registry import source
from tests.data.bcn20000.make import make as make_bcn20000
from tests.data.derm7pt.make import make as make_derm7pt
from tests.data.dermofit.make import make as make_dermofit
from tests.data.fitzpatrick17k.make import make as make_fitzpatrick17k
from tests.data.native import write_table
from tests.data.ph2.make import make as make_ph2

SIGNS = "pigment_network,streaks,pigmentation,regression_structures,dots_and_globules,blue_whitish_veil,vascular_structures"
REDUCED = f"diagnosis,{SIGNS},derm"


@pytest.fixture
def native(tmp_path: Path) -> Path:
    folder = tmp_path / "native"
    folder.mkdir()
    return folder


def test_the_reduced_table_of_derm7pt_is_refused_since_it_ties_no_pictures(native, catalogue, tree):
    make_derm7pt(native)
    write_table(native / "release_v0" / "meta" / "meta.csv", REDUCED, [["clark nevus", *["absent"] * 7, "NEL/Nel026.jpg"]])
    with pytest.raises(InputError, match=r"meta\.csv has no column 'case_num'; it has diagnosis") as caught:
        ingest(catalogue, source("derm7pt", tree), native, tree)
    assert "publisher's table" in caught.value.hint
    assert catalogue.value("SELECT count(*) FROM records") == 0


@pytest.mark.parametrize(
    ("indexes", "said"), [(["0", "1"], "row 0 is in train_indexes.csv too"), (["two"], "'two' is no row number")]
)
def test_indexes_of_derm7pt_that_cannot_be_right_are_refused(native, catalogue, tree, indexes, said):
    make_derm7pt(native)
    write_table(native / "release_v0" / "meta" / "valid_indexes.csv", "indexes", [[i] for i in indexes])
    with pytest.raises(InputError, match=said):
        ingest(catalogue, source("derm7pt", tree), native, tree)


def test_derm7pt_without_index_files_has_no_official_split(native, catalogue, tree):
    make_derm7pt(native)
    for path in native.rglob("*_indexes.csv"):
        path.unlink()
    assert ingest(catalogue, source("derm7pt", tree), native, tree)["rows"] == 7
    assert catalogue.value("SELECT count(official_split) FROM records") == 0


def test_an_index_past_the_table_names_nothing(native, catalogue, tree):
    make_derm7pt(native)
    write_table(native / "release_v0" / "meta" / "test_indexes.csv", "indexes", [[2], [3], [999]])
    assert ingest(catalogue, source("derm7pt", tree), native, tree)["rows"] == 7


def test_no_calendar_date_of_bcn20000_comes_into_the_catalogue(native, catalogue, tree):
    make_bcn20000(native)
    ingest(catalogue, source("bcn20000", tree), native, tree)
    text = str(catalogue.rows("SELECT * FROM records"))
    assert "BCN_0003884" in text
    assert not any(year in text for year in ("2012-", "2013-", "2014-", "2015-", "2016-"))


def test_bcn20000_without_the_table_of_training_is_refused(native, catalogue, tree):
    make_bcn20000(native)
    (native / "BCN_20k_train.csv").unlink()
    with pytest.raises(InputError, match="BCN20000"):
        ingest(catalogue, source("bcn20000", tree), native, tree)


def test_where_histology_and_clinical_class_of_ph2_exclude_each_other_it_is_told(native, catalogue, tree):
    make_ph2(native)
    ingest(catalogue, source("ph2", tree), native, tree)
    told = catalogue.rows("SELECT message, images FROM findings WHERE id = 'label.fields-disagree' ORDER BY 1")
    assert [images for _, images in told] == [["ph2:IMD200"]]
    assert "'Blue Nevus'" in told[0][0]
    assert "'Common Nevus'" in told[0][0]


def test_a_folder_of_fitzpatrick17k_that_contradicts_its_label_is_told(native, catalogue, tree):
    make_fitzpatrick17k(native)
    ingest(catalogue, source("fitzpatrick17k", tree), native, tree)
    told = catalogue.rows("SELECT message, images FROM findings WHERE id = 'label.fields-disagree'")
    assert [images for _, images in told] == [[f"fitzpatrick17k:{'b' * 32}"]]
    assert "'miliaria'" in told[0][0]


def test_the_word_wrongly_labelled_is_kept(native, catalogue, tree):
    make_fitzpatrick17k(native)
    ingest(catalogue, source("fitzpatrick17k", tree), native, tree)
    kept = catalogue.rows("SELECT image_id FROM records WHERE native->>'confirmation' = '3 Wrongly labelled'")
    assert kept == [(f"fitzpatrick17k:{'e' * 32}",)]


def test_a_broken_line_of_dermofit_s_list_is_told_and_no_mask_is_a_picture(native, catalogue, tree):
    make_dermofit(native)
    ingest(catalogue, source("dermofit", tree), native, tree)
    assert "line" in catalogue.value("SELECT message FROM findings WHERE id = 'table.line'")
    assert catalogue.value("SELECT count(*) FROM images WHERE path LIKE '%mask%' OR native_id LIKE '%mask%'") == 0
    assert catalogue.value("SELECT count(*) FROM rejections WHERE reason = 'mask of the lesion'") == 5
    shutil.rmtree(native / "ml")  # a row keeps its person when its picture is gone
    ingest(catalogue, source("dermofit", tree), native, tree)
    assert catalogue.value("SELECT patient_keys FROM records WHERE record_id = 'dermofit:A102a'") == ["dermofit:A102"]


@pytest.mark.parametrize(
    ("url", "atlas", "folder"),
    [
        ("https://www.dermaamin.com/site/images/clinical-pic/s/stork_bite/stork_bite2.jpg", "dermaamin.com", "stork_bite"),
        ("http://dermaamin.com/only.jpg", "dermaamin.com", ""),
        ("http://atlasdermatologico.com.br/img?imageId=4029", "atlasdermatologico.com.br", ""),
        ("", "", ""),
    ],
)
def test_the_url_tells_atlas_and_folder(url, atlas, folder):
    amended = amend_fitzpatrick17k({"native_id": "0", "url": url})
    assert (amended["atlas"], amended["url_folder"]) == (atlas, folder)


@pytest.mark.parametrize(
    ("row", "person", "code"),
    [
        ({"native_id": "P273d", "class": "ML", "folder": "ml"}, "P273", "ML"),
        ({"native_id": "B12", "folder": "mel"}, "B12", "MEL"),
        ({"native_id": "odd-name"}, "odd-name", ""),
    ],
)
def test_the_person_of_dermofit_is_the_stem_without_its_letter(row, person, code):
    amended = amend_dermofit(row)
    assert (amended["person"], amended["class"]) == (person, code)


def test_spellings():
    assert [amend_ddi({"malignant": word})["malignant"] for word in ("TRUE", "True", "false", "")] == ["True", "True", "False", ""]
    assert amend_ph2({"Histological Diagnosis": "Melanoma", "Melanoma": "X"})["diagnosed_by"] == "Histological Diagnosis"
    assert amend_ph2({"Melanoma": "X"})["diagnosed_by"] == "Clinical Diagnosis"
    assert amend_ph2({})["diagnosed_by"] == ""
