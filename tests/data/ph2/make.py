"""PH2: a spreadsheet whose names stand in row 13 under a legend, and pictures among masks of the same form."""

from pathlib import Path

import openpyxl

from tests.data.native import Expected, save

HEADERS = {
    "PH2_dataset.xlsx": r"Image Name,Histological Diagnosis,Common Nevus,Atypical Nevus,Melanoma,Asymmetry\r\n(0/1/2),"
    r"Pigment Network\r\n(AT/T),Dots/Globules\r\n(A/AT/T),Streaks\r\n(A/P),Regression Areas\r\n(A/P),Blue-Whitish Veil\r\n(A/P),"
    "White,Red,Light-Brown,Dark-Brown,Blue-Gray,Black"
}
ROWS = [
    ["IMD002", None, None, "X", None, 1, "AT", "A"],
    ["IMD003", None, "X", None, None, 0, "T", "A"],
    ["IMD437", "Dysplastic Nevus", None, "X", None, 2, "AT", "AT"],
    ["IMD058 ", "Lentigo Maligna", None, None, "x", 2, "AT", "A"],
    ["IMD200", "Blue Nevus", "X ", None, None, 0, "T", "A"],
    ["IMD999", "Melanoma", None, None, "X", 2, "AT", "A"],
]


def make(folder: Path) -> Expected:
    """Write six pictures (one without a row) with masks, and six rows (one without a picture)."""
    root = folder / "PH2Dataset"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "Legend"
    sheet["A2"], sheet["B2"] = "Asymmetry", "0 - Fully Simmetric"
    sheet["A5"], sheet["B5"] = "Clinical Diagnosis", "X marks the class: Common Nevus, Atypical Nevus or Melanoma"
    sheet["C12"], sheet["L12"] = "Clinical Diagnosis", "Colors"
    for column, name in enumerate(HEADERS["PH2_dataset.xlsx"].replace(r"\r\n", "\r\n").split(","), start=1):
        sheet.cell(13, column, name)
    for line, row in enumerate(ROWS, start=14):
        for column, value in enumerate(row, start=1):
            sheet.cell(line, column, value)
    root.mkdir()
    book.save(root / "PH2_dataset.xlsx")
    (root / "PH2_dataset.txt").write_text("|| Name || Histological Diagnosis || Clinical Diagnosis ||\n", encoding="utf-8")
    for n, name in enumerate(("IMD002", "IMD003", "IMD437", "IMD058", "IMD200", "IMD500")):
        one = root / "PH2 Dataset images" / name
        save(one / f"{name}_Dermoscopic_Image" / f"{name}.bmp", n)
        save(one / f"{name}_lesion" / f"{name}_lesion.bmp", 20 + n)
        save(one / f"{name}_roi" / f"{name}_R1_Label4.bmp", 40 + n)
    return Expected(
        images=6,
        tables=1,
        ignored=13,
        rows=6,
        without_picture=1,
        nodes={
            "IMD002": "dysplastic nevus",
            "IMD003": "common acquired nevus",
            "IMD437": "dysplastic nevus",
            "IMD058": "lentigo maligna",
            "IMD200": "blue nevus",  # histology leads
            "IMD500": None,
        },
        facts={
            "IMD002": {"confirmation": "clinical", "modality": "dermoscopic"},
            "IMD058": {"confirmation": "histopathology"},
            "IMD999": {"image_id": None, "confirmation": "histopathology"},
            "IMD500": {"confirmation": None},
        },
        apart=[("IMD002", "IMD003")],
    )
