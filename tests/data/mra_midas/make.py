"""MRA-MIDAS: one folder of pictures with a spreadsheet whose file names are not always those of the files."""

from pathlib import Path

import openpyxl

from tests.data.native import Expected, save

HEADERS = {"data.csv": "file_id,file_name,size,added_at,md5_hash"}
COLUMNS = [
    "",
    "midas_record_id",
    "midas_file_name",
    "midas_iscontrol",
    "midas_distance",
    "midas_location",
    "midas_path",
    "midas_pathreport",
    "midas_gender",
    "midas_age",
    "midas_fitzpatrick",
    "midas_melanoma",
    "midas_ethnicity",
    "midas_race",
    "clinical_impression_1",
    "clinical_impression_2",
    "clinical_impression_3",
    "length_(mm)",
    "width_(mm)",
]
CHEEK = {
    "midas_location": "left cheek",
    "midas_path": "benign-seborrheic keratosis",
    "midas_pathreport": "seb. keratosis",
    "midas_gender": "male",
    "midas_age": 61,
    "midas_fitzpatrick": "ii fair skin, blue eyes",
    "midas_melanoma": "no",
    "clinical_impression_1": "11-malignant-melanoma",
    "length_(mm)": 6,
    "width_(mm)": 4,
}
BACK = {
    "midas_location": "r back",
    "midas_gender": "female",
    "midas_age": 70,
    "midas_fitzpatrick": "iv light brown skin",
    "midas_melanoma": "no",
}
BCC = {"midas_path": "malignant- bcc", "midas_pathreport": "bcc", "clinical_impression_1": "1-benign-melanocytic nevus"}
SEVERE = {
    "midas_location": "l plantar foot",
    "midas_path": "other- melanocytic lesion, possible re-excision (severe, spitz, aimp)",
    "midas_fitzpatrick": "unknown",
    "clinical_impression_1": "11-malignant-melanoma",
    "length_(mm)": 3,
}
SCALP = {"midas_location": "scalp", "midas_path": "malignant- ak", "midas_pathreport": "ak", "midas_age": 80}
# record, file, control, distance, the rest
ROWS: list[tuple[int, str, str, str, dict[str, object]]] = [
    # one lesion at three distances; the second file is a .jpg, the third has its suffix in capitals
    (101, "s-prd-100000001.jpg", "no", "6in", CHEEK),
    (101, "s-prd-100000002.jpeg", "no", "1ft", CHEEK | {"length_(mm)": 6.0}),
    (101, "s-prd-100000003.jpg", "no", "dscope", CHEEK | {"midas_location": "Left  Cheek"}),
    # another lesion of this patient, alike but for its size
    (101, "s-prd-100000004.jpg", "no", "6in", CHEEK | {"length_(mm)": 9}),
    (102, "s-prd-100000005.jpg", "no", "dscope", BACK | BCC),
    (102, "s-prd-100000006.jpg", "yes", "6in", BACK),
    # 0 stands for no pathology, and words of two sites for none
    (103, "s-prd-100000007.jpg", "no", "n/a - virtual", {"midas_location": "hand and back", "midas_path": 0}),
    (103, "s-prd-100000008.jpg", "no", "6in", SEVERE),
    # no picture; and a file whose name has more letters than the table's
    (104, "s-prd-100000009.jpg", "no", "6in", SCALP),
    (104, "s-prd-10000001.jpg", "no", "1ft", SCALP),
    # a control of which nothing is told
    (105, "s-prd-100000011.jpg", "yes", "6in", {}),
]
FILES = [
    "100000001.jpg",
    "100000002.jpg",
    "100000003.JPG",
    "100000004.jpg",
    "100000005.jpg",
    "100000006.jpg",
    "100000007.jpg",
    "100000008.jpg",
    "10000001-a.jpg",
    "100000011.png",
]


def make(folder: Path) -> Expected:
    """Write eleven rows of seven lesions of five patients, two of them without a picture, and ten pictures, one without a row."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([column or None for column in COLUMNS])
    for number, (record, name, control, distance, rest) in enumerate(ROWS):
        said = {"midas_record_id": record, "midas_file_name": name, "midas_iscontrol": control, "midas_distance": distance, **rest}
        sheet.append([number, *(said.get(column) for column in COLUMNS[1:])])
    book.save(folder / "release_midas.xlsx")
    (folder / "data.csv").write_text(f"{HEADERS['data.csv']}\n1,s-prd-100000001.jpg,9,2024,AAAA\n", encoding="utf-8")
    for n, name in enumerate(FILES):
        save(folder / f"s-prd-{name}", n)
    return Expected(
        images=10,
        tables=1,
        ignored=1,
        rows=11,
        without_picture=2,
        lesions=7,
        patients=5,
        nodes={
            "s-prd-100000001": "seborrheic keratosis",
            "s-prd-100000002": "seborrheic keratosis",
            "s-prd-100000005": "basal cell carcinoma",
            "s-prd-100000006": None,
            "s-prd-100000007": None,
            "s-prd-100000008": None,
            "s-prd-10000001-a": None,
        },
        facts={
            "s-prd-100000001": {
                "confirmation": "histopathology",
                "modality": "clinical",
                "shot_type": "close_up",
                "site": "head_neck",
                "sex": "male",
                "age": 61.0,
                "skin_type": "II",
            },
            "s-prd-100000002": {"shot_type": "overview", "modality": "clinical"},
            "s-prd-100000003": {"shot_type": None, "modality": "dermoscopic"},
            "s-prd-100000005": {"site": "posterior_torso", "skin_type": "IV", "sex": "female"},
            "s-prd-100000006": {"confirmation": None},
            "s-prd-100000007": {"shot_type": None, "modality": "clinical", "site": None, "sex": None, "age": None},
            "s-prd-100000008": {"site": "palms_soles", "skin_type": None, "age": None},
            "s-prd-100000009": {"image_id": None},
            "s-prd-100000011": {"lesion_keys": [], "patient_keys": ["mra_midas:105"]},
            "s-prd-10000001-a": {"patient_keys": []},
        },
        together=[
            ("s-prd-100000001", "s-prd-100000002"),
            ("s-prd-100000001", "s-prd-100000003"),
            ("s-prd-100000001", "s-prd-100000004"),
            ("s-prd-100000007", "s-prd-100000008"),
        ],
        apart=[("s-prd-100000001", "s-prd-100000005"), ("s-prd-100000008", "s-prd-10000001-a")],
    )
