"""A hospital's export: what is refused, that no message repeats it, and pseudonyms that can be made again only with the key."""

import csv
import hashlib
import hmac
import json
import re
import shutil

import jsonschema
import openpyxl
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from curate.cli import hospital as commands
from curate.errors import InputError
from curate.sources.hospital import MORPHOLOGY, check_rows, pseudonym, pseudonymise, read_key, refuse, write_template
from curate.sources.identifiers import is_identifier
from curate.sources.ingest import ingest
from curate.sources.registry import HERE, source
from tests.data.hospital_biopsy.make import COLUMNS, make

KEY = bytes(range(32))
OURS = HERE / "hospital_biopsy"
FINE = {
    "image_path": "images/a1.jpg",
    "patient_key": "5f0c2a9be41d7730c8a6",
    "lesion_key": "1",
    "biopsy_confirmed": "yes",
    "diagnosis_text": "superficial spreading melanoma, Breslow 0.85 mm, Clark III, pT1b, 2 of 3 margins free, 12 x 8 mm",
    "diagnosis_source": "histopathology",
    "icdo_morphology": "8743/3",
    "modality": "dermoscopic",
}


NAMED = (
    "name Surname MRN patient_name PatientName birth_date DOB date_of_birth address Street phone Telephone e-mail EMail ssn "
    "Nachname Geburtsdatum Straße Krankenaktennummer Fallnummer nom_de_famille prénom Téléphone apellidos fecha_nacimiento "
    "dirección cognome data_di_nascita codice_fiscale sobrenome endereço CPF voornaam geboortedatum nazwisko PESEL personnummer "
    "fødselsdato patient_id record_number medical_record_no insurance_number accession_no physician referring_doctor_name"
)


def problems(**changed):
    return [(p.column, p.what) for p in check_rows([(2, FINE | changed)])]


def table(path, rows):
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_fine_row_is_fine():
    assert problems() == []
    assert (
        problems(diagnosis_text="BCC, nodular; nevus of Ota; Bowen disease; Dr", snomed_ct="109355002", snomed_kind="disorder")
        == []
    )
    assert problems(image_path="a/550e8400-e29b-41d4-a716-446655440000.jpg", patient_key="k9Qz-7", device="iPhone 13") == []


@pytest.mark.parametrize(
    "column",
    re.findall(r"\S+", NAMED),
)
def test_columns_named_as_identifiers(column):
    assert is_identifier(column)
    assert (column, "a column of direct identifiers") in problems(**{column: ""})


@pytest.mark.parametrize(
    "column", [*COLUMNS.split(","), "image_name", "file_name", "device_name", "image_id", "lesion_no", "birthmark"]
)
def test_columns_of_the_contract_are_none(column):
    assert not is_identifier(column)


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("diagnosis_text", "nevus, see a.b@clinic.example.org", "an e-mail address"),
        ("diagnosis_text", "nevus; call +49 (0)30 1234-567", "a telephone number"),
        ("diagnosis_text", "nevus; call 030 1234567", "a telephone number"),
        ("diagnosis_text", "nevus; call (555) 123-4567", "a telephone number"),
        ("diagnosis_text", "melanoma, excised 2021-03-14", "a calendar date"),
        ("diagnosis_text", "melanoma, excised 14.03.2021", "a calendar date"),
        ("diagnosis_text", "melanoma, excised 3/14/21", "a calendar date"),
        ("diagnosis_text", "melanoma, excised 14 March 2021", "a calendar date"),
        ("diagnosis_text", "melanoma, excised March 14, 2021", "a calendar date"),
        ("diagnosis_text", "Melanom vom 14. März 2021", "a calendar date"),
        ("diagnosis_text", "melanoma de 14 de março de 2021", "a calendar date"),
        ("diagnosis_text", "mélanome du 14 février 2021", "a calendar date"),
        ("diagnosis_text", "melanoma, 20210314", "a calendar date"),
        ("diagnosis_text", "melanoma, 03/2021", "a calendar date"),
        ("diagnosis_text", "melanoma, record 4471234", "a long run of digits, like a record number"),
        ("diagnosis_text", "melanoma (S21-12345)", "an accession number of a specimen"),
        ("diagnosis_text", "nevus, 123-45-6789", "a social security number"),
        ("diagnosis_text", "melanoma, reported by Dr. Smith", "the name of a person"),
        ("diagnosis_text", "Melanom, Herr Müller", "the name of a person"),
        ("diagnosis_text", "melanoma, Mrs Jones", "the name of a person"),
        ("diagnosis_text", "Patient: Jones; melanoma", "the name of a person"),
        ("comment", "see www.clinic.example", "a web address"),
        ("device", "camera SN 88123456", "a long run of digits, like a record number"),
        ("image_path", "images/4471234_1.jpg", "a long run of digits, like a record number"),
        ("image_path", "images/CASE4471234.jpg", "a long run of digits, like a record number"),
        ("image_path", "2021-03-14/a.jpg", "a calendar date"),
        ("image_path", "IMG_20210314_101500.jpg", "a calendar date"),
        ("image_path", "a_2021_03_14.jpg", "a calendar date"),
        ("patient_key", "4471234", "digits alone, like a record number; a pseudonym is a keyed hash or random"),
        ("patient_key", "Jones, Mary", "a name"),
        ("encounter_key", "2021-03-14", "a calendar date"),
        ("capture_day", "2021-03-14", "a calendar date where days are asked for"),
        ("capture_day", "44269", "more days than fifty years have: a date as a number"),
        ("capture_day", "20210314", "more days than fifty years have: a date as a number"),
        ("capture_day", "-3", "a day before the patient's first picture"),
        ("biopsy_day", "soon", "no whole number of days"),
        ("age_band", "93", "an age above 89, or a year"),
        ("age_band", "1956", "an age above 89, or a year"),
    ],
)
def test_values_that_look_like_identifiers(column, value, what):
    assert (column, what) in problems(**{column: value})


@pytest.mark.parametrize("name", ["images/000123.jpg", "DSC_0042.JPG", "PAT_9_17_80.png", "p1_2_3_10.jpg", "a0b1c2d3e4f5a6b7.png"])
def test_counters_and_hashes_are_no_identifiers(name):
    assert problems(image_path=name) == []


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"patient_key": ""}, "patient_key"),
        ({"diagnosis_text": "unknown"}, "diagnosis_text"),
        ({"image_path": "../a.jpg"}, "image_path"),
        ({"image_path": "/home/a.jpg"}, "image_path"),
        ({"image_path": "C:\\a.jpg"}, "image_path"),
        ({"diagnosis_source": "clinical"}, "biopsy_confirmed"),
        ({"biopsy_confirmed": "no", "icdo_morphology": ""}, "biopsy_confirmed"),
        ({"biopsy_confirmed": "maybe"}, "biopsy_confirmed"),
        ({"biopsy_confirmed": "no", "diagnosis_source": "clinical"}, "icdo_morphology"),
        ({"icdo_morphology": "8743"}, "icdo_morphology"),
        ({"icdo_morphology": "C43.5"}, "icdo_morphology"),
        ({"snomed_ct": "109355002"}, "snomed_kind"),
    ],
)
def test_contradictions(changed, column):
    assert [p[0] for p in problems(**changed)] == [column]


def test_a_benign_code_without_a_biopsy_is_none():
    assert problems(biopsy_confirmed="no", diagnosis_source="clinical", icdo_morphology="8720/0") == []


def test_a_lesion_of_two_patients_and_a_picture_twice():
    other = FINE | {"patient_key": "c3d911ab07e2f45568b0", "image_path": "images/b.jpg"}
    assert check_rows([(2, FINE), (3, other)]) == []  # both number their lesions from one
    unique = {"lesion_key": "b7e2f455"}
    assert [(p.line, p.column) for p in check_rows([(2, FINE | unique), (3, other | unique)])] == [(3, "lesion_key")]
    again = [(2, FINE), (3, FINE), (4, FINE | {"image_path": "./images/A1.png"})]
    assert [(p.line, p.column) for p in check_rows(again)] == [(3, "image_path"), (4, "image_path")]


SECRETS = ("Smith", "4471234", "2021-03-14", "a.b@clinic.example.org")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_ingest_refuses_names_line_and_column_and_repeats_no_value(form, tmp_path, catalogue, tree):
    folder = tmp_path / "export"
    make(folder)
    rows = read(folder / "manifest.csv")
    rows[2] |= {
        "diagnosis_text": "nevus, Dr. Smith, a.b@clinic.example.org",
        "capture_day": "2021-03-14",
        "image_path": "4471234.png",
    }
    (folder / "manifest.csv").unlink()
    if form == "csv":
        table(folder / "manifest.csv", rows)
    else:
        (folder / "manifest.jsonl").write_text("\n".join(json.dumps(r) for r in rows), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        ingest(catalogue, source("hospital_biopsy", tree), folder, tree)
    said = str(raised.value)
    line = 4 if form == "csv" else 3
    assert f"manifest.{form} is refused: line {line}, column 'capture_day': a calendar date" in said
    assert f"line {line}, column 'diagnosis_text'" in said
    assert not [secret for secret in SECRETS if secret in said]
    assert catalogue.value("SELECT count(*) FROM records") == 0


def test_ingest_without_a_manifest_says_how_to_get_one(tmp_path, catalogue, tree):
    make(tmp_path / "export")
    (tmp_path / "export" / "manifest.csv").unlink()
    with pytest.raises(InputError, match="curate sources template"):
        ingest(catalogue, source("hospital_biopsy", tree), tmp_path / "export", tree)


def test_a_second_hospital_has_an_id_of_its_own_and_the_same_gate(tmp_path, catalogue, tree):
    make(tmp_path / "export")
    own = tmp_path / "second.toml"
    text = (OURS / "source.toml").read_text(encoding="utf-8").replace("hospital_biopsy", "second_hospital")
    own.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no adapter reads it"):
        source(str(own), tree)
    own.write_text(f'adapter = "hospital_biopsy"\n{text}', encoding="utf-8")
    assert ingest(catalogue, source(str(own), tree), tmp_path / "export", tree)["rows"] == 6
    manifest = tmp_path / "export" / "manifest.csv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("dermatofibroma", "Dr. Smith"), encoding="utf-8")
    with pytest.raises(InputError, match="the name of a person"):
        ingest(catalogue, source(str(own), tree), tmp_path / "export", tree)


def test_many_problems_are_counted():
    with pytest.raises(InputError, match="and 15 more"):
        refuse("t", check_rows([(n, FINE | {"image_path": f"{n}.jpg", "capture_day": "x"}) for n in range(20)]))


def test_schema_template_and_check_agree():
    schema = json.loads((OURS / "manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    rows = read(OURS / "template.csv")
    assert list(rows[0]) == list(schema["properties"]) == COLUMNS.split(",")
    jsonschema.validate(rows[0], schema)
    assert check_rows([(2, rows[0])]) == []
    for changed in (
        {"biopsy_confirmed": "no"},
        {"capture_day": "2021-03-14"},
        {"patient_key": "4471234"},
        {"image_path": "../a.jpg"},
    ):
        assert check_rows([(2, rows[0] | changed)])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(rows[0] | changed, schema)


def test_codes_of_the_label_map_are_codes_and_malignant_where_they_say_so(tree):
    codes = [r for r in source("hospital_biopsy", tree).label_map if r.field == "icdo_morphology"]
    assert len(codes) == len({r.native_label for r in codes}) >= 30
    for row in codes:
        found = MORPHOLOGY.fullmatch(row.native_label)
        malignant = found is not None and found[1] in "23"
        assert (tree.three_class(row.node_id) == "malignant") == malignant, row


RAW = [
    {
        "MRN": "0447-1",
        "name": "Jones",
        "birth_date": "1960-01-02",
        "visit": "V1",
        "photo_date": "2021-03-14",
        "biopsy_date": "",
        "n": "1",
    },
    {
        "MRN": "0447-1",
        "name": "Jones",
        "birth_date": "1960-01-02",
        "visit": "V2",
        "photo_date": "2021-04-14",
        "biopsy_date": "20.03.2021",
        "n": "2",
    },
    {
        "MRN": "0012",
        "name": "Müller",
        "birth_date": "1970-01-02",
        "visit": "V1",
        "photo_date": "2020-02-28 10:15",
        "biopsy_date": "1 Mar 2020",
        "n": "",
    },
]


def test_pseudonyms_days_and_dropped_columns(tmp_path):
    raw = table(tmp_path / "raw.csv", RAW)
    done = pseudonymise(raw, tmp_path / "new.csv", patient="mrn", dates=["photo_date", "biopsy_date"], key=KEY, also=["visit"])
    rows = read(tmp_path / "new.csv")
    assert list(rows[0]) == ["patient_key", "visit", "photo_day", "biopsy_day", "n"]
    assert [r["photo_day"] for r in rows] == ["0", "31", "0"]
    assert [r["biopsy_day"] for r in rows] == ["", "6", "2"]
    expected = hmac.new(KEY, b"patient\x000447-1", hashlib.sha256).hexdigest()[:20]
    assert [r["patient_key"] == expected for r in rows] == [True, True, False]
    assert rows[0]["visit"] == rows[2]["visit"] != rows[1]["visit"]
    assert re.fullmatch(r"[0-9a-f]{20}", rows[2]["patient_key"])
    assert (done["rows"], done["patients"], done["dropped"], done["left"]) == (3, 2, ["name", "birth_date"], [])
    assert done["renamed"] == {"MRN": "patient_key", "photo_date": "photo_day", "biopsy_date": "biopsy_day"}
    text = (tmp_path / "new.csv").read_text(encoding="utf-8") + json.dumps(done)
    for secret in ("0447", "0012", "Jones", "Müller", "1960", "2021", "V1", KEY.hex(), KEY.decode("latin-1")):
        assert secret not in text
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_one_key_gives_one_patient_one_pseudonym_in_every_export_and_another_key_another(tmp_path):
    for n, key in enumerate((KEY, KEY, KEY[::-1])):
        rows = [r | {"MRN": f" {r['MRN']} "} for r in RAW] if n else RAW
        pseudonymise(table(tmp_path / f"{n}.csv", rows), tmp_path / f"o{n}.csv", patient="MRN", dates=[], key=key)
    first, again, other = ([r["patient_key"] for r in read(tmp_path / f"o{n}.csv")] for n in range(3))
    assert first == again
    assert not set(first) & set(other)


def test_a_spreadsheet_with_real_dates(tmp_path):
    from datetime import datetime

    book = openpyxl.Workbook()
    for line in (["MRN", "photo_date"], ["17", datetime(2021, 3, 14, 9, 5)], ["17", datetime(2021, 3, 1)]):
        book.active.append(line)
    book.save(tmp_path / "t.xlsx")
    pseudonymise(tmp_path / "t.xlsx", tmp_path / "o.csv", patient="MRN", dates=["photo_date"], key=KEY)
    assert [r["photo_day"] for r in read(tmp_path / "o.csv")] == ["13", "0"]


def test_a_date_that_may_be_read_in_two_ways_is_refused_until_the_order_is_said(tmp_path):
    raw = table(tmp_path / "raw.csv", [{"id": "a", "day": "03/04/2021"}, {"id": "a", "day": "01/04/2021"}])
    with pytest.raises(InputError, match=r"line 2, column 'day': a date whose month may be"):
        pseudonymise(raw, tmp_path / "o.csv", patient="id", dates=["day"], key=KEY)
    for month_first, days in ((True, ["59", "0"]), (False, ["2", "0"])):
        out = tmp_path / f"{month_first}.csv"
        pseudonymise(raw, out, patient="id", dates=["day"], key=KEY, month_first=month_first)
        assert [r["day"] for r in read(out)] == days


@pytest.mark.parametrize(
    ("changed", "options", "what"),
    [
        ({}, {"key": b"short"}, "The key has 5 bytes"),
        ({}, {"patient": "absent"}, "has no column 'absent'"),
        ({}, {"dates": ["birth_date"]}, "is a date of birth"),
        ({}, {"dates": ["photo_date", "photo_date"]}, "named twice"),
        ({"MRN": ""}, {}, "no patient"),
        ({"photo_date": "14.03.21"}, {}, "no calendar date of a known form"),
        ({"photo_date": "2021-02-30"}, {}, "a date that no calendar has"),
        ({"photo_date": "sometime in Lyon"}, {}, "no calendar date of a known form"),
        ({"photo_day": "3"}, {}, "'photo_day' is there already"),
    ],
)
def test_what_is_refused_writes_nothing_and_repeats_nothing(changed, options, what, tmp_path):
    raw = table(tmp_path / "raw.csv", [RAW[0] | changed, RAW[1] | changed])
    said = {"patient": "MRN", "dates": ["photo_date"], "key": KEY} | options
    with pytest.raises(InputError, match=re.escape(what)) as raised:
        pseudonymise(raw, tmp_path / "o.csv", **said)
    assert not (tmp_path / "o.csv").exists()
    assert not any(word in str(raised.value) for word in ("Lyon", "0447", "14.03.21", "2021-02-30", "Jones"))


def test_nothing_is_overwritten_and_only_csv_is_written(tmp_path):
    raw = table(tmp_path / "raw.csv", RAW)
    with pytest.raises(InputError, match="exists already"):
        pseudonymise(raw, raw, patient="MRN", dates=[], key=KEY)
    with pytest.raises(InputError, match=r"no \.csv file"):
        pseudonymise(raw, tmp_path / "o.xlsx", patient="MRN", dates=[], key=KEY)
    with pytest.raises(InputError, match="cannot be read"):
        read_key(tmp_path / "absent")


def test_what_is_left_in_texts_is_told_by_the_new_table_s_line(tmp_path):
    rows = [{"MRN": "1", "text": "nevus"}, {"MRN": "2", "text": "nevus, Dr. Smith"}]
    done = pseudonymise(table(tmp_path / "raw.csv", rows), tmp_path / "o.csv", patient="MRN", dates=[], key=KEY)
    assert done["left"] == [{"line": 3, "column": "text", "what": "the name of a person"}]


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_pseudonym_tells_nothing_and_differs(one, other):
    made = pseudonym(KEY, "patient", one)
    assert re.fullmatch(r"[0-9a-f]{20}", made)
    assert pseudonym(KEY, "also", one) != made
    assert (pseudonym(KEY, "patient", other) == made) or one.strip() != other.strip()


def test_a_pseudonym_is_never_taken_for_a_record_number():
    made = [pseudonym(KEY, "patient", str(n)) for n in range(5000)]
    rows = [(n, FINE | {"patient_key": key, "image_path": f"{key}/{n}.jpg"}) for n, key in enumerate(made)]
    assert check_rows(rows) == []


def app():
    program = typer.Typer()
    program.command()(commands.template)
    program.command()(commands.pseudonymise)
    return program


def test_from_a_raw_table_to_an_export_that_is_read(tmp_path, catalogue, tree):
    """The two commands, and an ingest of what they wrote."""
    run = CliRunner()
    said = run.invoke(app(), ["template", "hospital_biopsy", "--out", str(tmp_path / "empty"), "--json"], catch_exceptions=False)
    assert [p.rsplit("/", 1)[-1] for p in json.loads(said.output)["files"]] == ["manifest.csv", "manifest.schema.json"]
    assert read(tmp_path / "empty" / "manifest.csv") == read(OURS / "template.csv")
    export = tmp_path / "export"
    make(export)
    rows = read(export / "manifest.csv")
    for row in rows:
        row["MRN"], row["capture_date"] = f"00{row.pop('patient_key')[:2]}", f"2021-03-0{1 + int(row.pop('capture_day') or 0) % 7}"
        row["surname"] = "Jones"
    (export / "manifest.csv").unlink()
    raw = table(tmp_path / "raw.csv", rows)
    (tmp_path / "key").write_text(KEY.hex() + "\n", encoding="utf-8")
    arguments = ["pseudonymise", str(raw), "--out", str(export / "manifest.csv"), "--patient", "MRN", "--date", "capture_date"]
    said = run.invoke(app(), [*arguments, "--key-file", str(tmp_path / "key"), "--json"], catch_exceptions=False)
    done = json.loads(said.output)
    assert (done["rows"], done["patients"], done["dropped"], done["left"]) == (6, 2, ["surname"], [])
    assert KEY.hex() not in said.output + (export / "manifest.csv").read_text(encoding="utf-8")
    summary = ingest(catalogue, source("hospital_biopsy", tree), export, tree)
    assert (summary["images"], summary["rows"]) == (6, 6)
    assert catalogue.value("SELECT count(DISTINCT patient_keys) FROM records WHERE len(patient_keys) > 0") == 2
    lines = run.invoke(app(), [*arguments[:3], str(tmp_path / "two.csv"), *arguments[4:], "--key-file", str(tmp_path / "key")])
    assert "6 rows of 2 patients" in lines.output


def test_a_template_is_written_once_and_only_where_there_is_one(tmp_path):
    write_template("hospital_biopsy", tmp_path / "new" / "folder")
    with pytest.raises(InputError, match="exists already"):
        write_template("hospital_biopsy", tmp_path / "new" / "folder")
    with pytest.raises(InputError, match="has no template"):
        write_template("ham10000", tmp_path)
    shutil.rmtree(tmp_path / "new")
