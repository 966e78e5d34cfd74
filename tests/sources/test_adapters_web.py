"""Adapters of the sources that came from the web and from telephones, on what the fakes do not show."""

import pytest

from curate.errors import InputError
from curate.sources.dermnet import adapter as dermnet
from curate.sources.ingest import ingest
from curate.sources.mra_midas import adapter as midas
from curate.sources.registry import source
from curate.sources.scin import adapter as scin
from tests.data.native import save, write_table


def case(number, *pictures):
    row = {"case_id": number}
    for n in (1, 2, 3):
        row[f"image_{n}_path"] = f"dataset/images/{pictures[n - 1]}.png" if n <= len(pictures) else ""
        row[f"image_{n}_shot_type"] = "CLOSE_UP" if n <= len(pictures) else ""
    return row


def read(*cases):
    return dict(scin.extend({"cases": list(enumerate(cases, start=2))}, {}))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_cases_that_share_pictures_in_a_chain_are_one_group_in_any_order(order):
    cases = [case("7", "1", "2"), case("-5", "2", "3"), case("9", "3", "4"), case("8", "5")]
    rows = read(*(cases[n] for n in order))
    assert {rows[p]["case_group"] for p in "1234"} == {"-5"}
    assert rows["5"]["case_group"] == "8"


def test_a_picture_that_one_case_names_twice_has_one_row():
    rows = read(case("7", "1", "1"))
    assert rows == {"1": rows["1"]}
    assert rows["1"]["case_id"] == "7"


@pytest.mark.parametrize("damaged", ["-5.156441036700828E+18", "-5156441036700827606.0", ""])
def test_an_id_that_went_through_a_spreadsheet_is_refused(damaged):
    with pytest.raises(InputError, match="line 3"):
        read(case("7", "1"), case(damaged, "2"))
    with pytest.raises(InputError, match="line 2"):
        read(case("7", damaged or "1.5"))


def test_lesions_of_midas_are_the_same_by_spreadsheet_and_by_its_rendering():
    sheet = {
        "midas_record_id": "1",
        "midas_location": "left cheek",
        "midas_path": "malignant- bcc",
        "length_(mm)": "5",
        "width_(mm)": "4",
    }
    csv = {
        "midas_record_id": "1",
        "midas_location": "Left  cheek",
        "midas_path": "malignant- bcc",
        "length__mm_": "5.0",
        "width__mm_": "4.0",
    }
    assert midas.amend(sheet)["lesion_profile"] == midas.amend(csv)["lesion_profile"]
    assert midas.amend(sheet | {"width_(mm)": "3"})["lesion_profile"] != midas.amend(sheet)["lesion_profile"]
    assert "lesion_profile" not in midas.amend({"midas_record_id": "1", "midas_iscontrol": "yes", "midas_path": "0"})


@pytest.mark.parametrize(
    ("location", "word"),
    [
        ("R forearm", "forearm"),
        ("left upper back", "back"),
        ("dorsum of the hand", "hand"),
        ("back of left hand", ""),
        ("plantar foot", "plantar"),
        ("nasal tip, nose", "nasal"),
        ("lesion A", ""),
        ("", ""),
        ("heart-shaped", ""),
    ],
)
def test_the_site_is_found_in_free_text_or_left_out(location, word):
    assert midas.location_word(location) == word


@pytest.mark.parametrize(
    ("stem", "kind"),
    [
        ("Hemangioma-Dermoscopy", "dermoscopic"),
        ("acne-histology", "histology"),
        ("histology-of-acne", "clinical"),
        ("dermoscopy", "dermoscopic"),
        ("", "clinical"),
    ],
)
def test_the_last_word_of_a_stem_tells_what_is_no_photograph(stem, kind):
    assert dermnet.amend({"stem": stem})["kind"] == kind


def test_hiba_as_the_archive_writes_it_since_2025(tmp_path, catalogue, tree):
    header = "isic_id,attribution,copyright_license,anatom_site_1,diagnosis_1,diagnosis_2,diagnosis_3,lesion_id,patient_id"
    write_table(
        tmp_path / "metadata.csv",
        header,
        [
            ["ISIC_9000001", "H", "CC-BY", "Head and neck", "Benign", "Benign melanocytic proliferations", "Nevus", "IL_1", "IP_1"],
            ["ISIC_9000002", "H", "CC-BY", "", "Benign", "Benign soft tissue proliferations - Vascular", "", "IL_2", "IP_1"],
        ],
    )
    for n, name in enumerate(("ISIC_9000001", "ISIC_9000002")):
        save(tmp_path / f"{name}.jpg", n)
    ingest(catalogue, source("hiba", tree), tmp_path, tree)
    nodes = dict(catalogue.rows("SELECT image_id, name FROM image_nodes JOIN taxonomy_nodes USING (node_id)"))
    assert nodes == {
        "hiba:ISIC_9000001": "benign melanocytic lesions",
        "hiba:ISIC_9000002": "benign vascular tumor and malformation",
    }
    assert catalogue.rows("SELECT site FROM records ORDER BY record_id") == [("head_neck",), (None,)]
    assert catalogue.rows("SELECT message FROM findings WHERE id LIKE '%unmapped%' OR id LIKE '%word%'") == []
