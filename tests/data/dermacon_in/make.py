"""DermaCon-IN as Dataverse gives it: pictures packed, tables not; three styles of names, and crops of one photograph."""

import zipfile
from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "Skin_Metadata.csv": (
        "Age,Body_part,Descriptors,Confidence,Disease_label,Fitzpatrick,Gradability,Image_name,Main_class,Monk_skin_tone,Quality,Sex,"
        "Sub_class,Subject_ID"
    )
}
QUALITY = "Yes, the quality is sufficient for me or another colleague to make a diagnosis."
ACNE = ("Skin Appendages Disorders", "Sebacious Glands and Acneiform Disorders")
PIGMENT = ("Pigmentary Disorders", "Pigmentary Disorders")
PARASITE = ("Infectious Disorders", "Infectious skin conditions -Parasitic")
NONE = ("No Definite Diagnosis", "No Definite Diagnosis")
LICHEN = ("Inflammatory Disorders", "Inflammatory skin diseases (Psoriasis and Lichenoid disorders)")
# name, subject, age, parts, label, classes, skin type, sex
ROWS = [
    ("IMG_0002", 1, "10 - 20", "Groin (Inguinal Region),Lower Extremities Thighs (Femoral Region)", "Scabies", PARASITE, 3, "Male"),
    ("IMG_2950", 2, "40 - 60", "Head Cheeks,Head Nose, Head Lips", "Acne", ACNE, 4, "Female"),
    ("IMG_2950_1", 2, "40 - 60", "Head Cheeks", "Acne", ACNE, 4, "Female"),
    ("IMG_2950_2", 5, "20 - 40", "Lower Extremities Soles (Plantar Region)", "Vitiligo", PIGMENT, 5, "Male"),
    ("IMG_20230222_205229_1", 3, "20 - 40", "Back", "Truncal Acne", ACNE, 4, "Male"),
    ("IMG_20230222_205229_2", 3, "20 - 40", "Back,Trunk Back (Dorsum)", "Vitiligo", PIGMENT, 5, "Male"),
    ("IMG_20230213_123021_1_1", 3, "20 - 40", "", "Molluscum Contagiosum", PARASITE, "", "Male"),
    ("IMG_20230213_123021_2", 3, "20 - 40", "Palms", "Molluscum Contagiosum", PARASITE, 6, "Male"),
    (
        "IMG20240911160038_1",
        4,
        "0 - 10",
        "Mucous Membranes Oral Cavity",
        "GeographicTongue",
        ("Other skin disorders",) * 2,
        "",
        "Male",
    ),
    ("IMG_9054_1", 4, "80 - 100", "Groin (Inguinal Region)", "No Definite Diagnosis", NONE, 2, "Male"),
    ("IMG_0031", 1, "10 - 20", "Nails Toenails", "Lichen Planus", LICHEN, 3, "Male"),
]


def make(folder: Path) -> Expected:
    """Write eleven rows (one without a picture), eleven pictures (one without a row), both splits, texts and a program."""
    rows = []
    for name, subject, age, parts, label, (main, sub), skin, sex in ROWS:
        fst, mst = (f"FST {skin}", "MST 6") if skin else ("", "")
        rows.append([age, parts, "Papule", 5, label, fst, "Yes", f"{name}.jpg", main, mst, QUALITY, sex, sub, f"SUB{subject:05d}"])
    write_table(folder / "METADATA" / "Skin_Metadata.csv", HEADERS["Skin_Metadata.csv"], rows)
    for part, subjects in (("train", (1, 2, 5)), ("test", (3, 4))):
        chosen = [[f"{r[0]}.jpg", f"SUB{r[1]:05d}", 0, 1] for r in ROWS if r[1] in subjects]
        write_table(folder / "METADATA" / f"{part}_split.csv", "Image_name,Subject_ID,Body_part_Back,Descriptors_Papule", chosen)
    (folder / "METADATA" / "Metadata_schema.md").write_text("columns", encoding="utf-8")
    (folder / "train_cbm_mc.py").write_text("pass", encoding="utf-8")
    for n, name in enumerate([r[0] for r in ROWS if r[0] != "IMG_0031"] + ["IMG_9999"]):
        save(folder / f"{name}.jpg", n)
    with zipfile.ZipFile(folder / "DATASET.zip", "w") as archive:
        for picture in sorted(folder.glob("*.jpg")):
            archive.write(picture, f"DATASET/{picture.name}")
            picture.unlink()
    return Expected(
        images=11,
        tables=3,
        ignored=2,
        rows=11,
        without_picture=1,
        lesions=8,  # photographs: 0002, 2950 of two cameras, two time stamps, the third style, 9054, 0031
        patients=5,
        nodes={
            "IMG_2950_1": "acne",
            "IMG_20230222_205229_2": "vitiligo",
            "IMG_20230213_123021_2": "molluscum contagiosum",
            "IMG_9054_1": None,
            "IMG_9999": None,
        },
        facts={
            "IMG_0002": {"age": 15.0, "site": None, "sex": "male", "skin_type": "III", "official_split": "train"},
            "IMG_2950": {"age": 50.0, "site": "head_neck", "sex": "female", "confirmation": "clinical", "modality": "clinical"},
            "IMG_2950_2": {"site": "palms_soles", "lesion_keys": ["dermacon_in:SUB00005/IMG_2950"]},
            "IMG_20230222_205229_2": {"site": "posterior_torso", "official_split": "test", "acquisition_day": None},
            "IMG_20230213_123021_1_1": {"site": None, "skin_type": None},
            "IMG20240911160038_1": {"site": "oral_genital", "lesion_keys": ["dermacon_in:SUB00004/IMG20240911160038"]},
            "IMG_9054_1": {"age": 90.0, "site": None},
            "IMG_0031": {"image_id": None, "site": "nail", "patient_keys": ["dermacon_in:SUB00001"]},
            "IMG_9999": {"patient_keys": [], "lesion_keys": [], "official_split": None},
        },
        together=[
            ("IMG_2950", "IMG_2950_1"),
            ("IMG_20230222_205229_1", "IMG_20230222_205229_2"),
            ("IMG_20230213_123021_1_1", "IMG_20230213_123021_2"),
            ("IMG_0002", "IMG_0031"),
        ],
        apart=[("IMG_2950", "IMG_2950_2"), ("IMG_2950_1", "IMG_0002")],
    )
