"""HIBA as the ISIC Archive's client writes collection 251: flat pictures, a table, legal texts; the authors' skin types beside."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "metadata.csv": (
        "isic_id,attribution,copyright_license,age_approx,anatom_site_general,benign_malignant,dermoscopic_type,diagnosis,"
        "diagnosis_confirm_type,family_hx_mm,image_type,lesion_id,patient_id,personal_hx_mm,pixels_x,pixels_y,sex"
    ),
    "SupplementaryData.csv": "isic_id,skin_type",
}
HOSPITAL = "Hospital Italiano de Buenos Aires"


def make(folder: Path) -> Expected:
    """Write five pictures (one without a row), five rows (one without a picture), of four lesions of three patients."""

    def row(number: int, licence: str, facts: list[str], lesion: str, patient: str, sex: str) -> list[object]:
        age, site, diagnosis, proof, kind = facts
        return [
            f"ISIC_900000{number}",
            HOSPITAL,
            licence,
            age,
            site,
            "",
            "",
            diagnosis,
            proof,
            "",
            kind,
            lesion,
            patient,
            "",
            640,
            480,
            sex,
        ]

    rows = [
        row(
            1, "CC-BY", ["25.0", "anterior torso", "melanoma", "histopathology", "dermoscopic"], "IL_8000001", "IP_8000001", "male"
        ),
        row(
            2,
            "CC-BY",
            ["25.0", "anterior torso", "melanoma", "histopathology", "clinical: close-up"],
            "IL_8000001",
            "IP_8000001",
            "male",
        ),
        row(3, "CC-BY-NC", ["25", "palms/soles", "nevus", "", "clinical: overview"], "IL_8000002", "IP_8000001", "male"),
        row(4, "CC-BY", ["85", "head/neck", "vascular lesion", "", "dermoscopic"], "IL_8000003", "IP_8000002", "female"),
        row(5, "CC-BY", ["", "", "lichenoid keratosis", "", "dermoscopic"], "IL_8000004", "IP_8000003", ""),
    ]
    write_table(folder / "metadata.csv", HEADERS["metadata.csv"], rows)
    write_table(
        folder / "Data" / "SupplementaryData.csv", HEADERS["SupplementaryData.csv"], [["ISIC_9000001", "II"], ["ISIC_9000005", ""]]
    )
    for n, name in enumerate(("ISIC_9000001.jpg", "ISIC_9000002.JPG", "ISIC_9000003.png", "ISIC_9000004.jpg", "ISIC_9000009.jpg")):
        save(folder / name, n)
    for name in ("attribution.txt", "licenses/CC-BY.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text", encoding="utf-8")
    return Expected(
        images=5,
        tables=2,
        ignored=2,
        rows=5,
        without_picture=1,
        lesions=4,
        patients=3,
        nodes={
            "ISIC_9000001": "malignant melanoma",
            "ISIC_9000003": "benign melanocytic lesions",
            "ISIC_9000009": None,
        },
        facts={
            "ISIC_9000001": {
                "confirmation": "histopathology",
                "modality": "dermoscopic",
                "shot_type": None,
                "site": "anterior_torso",
                "sex": "male",
                "age": 25.0,
                "skin_type": "II",
                "licence": "CC-BY-4.0",
                "attribution": HOSPITAL,
                "image_keys": ["isic:ISIC_9000001"],
                "lesion_keys": ["isic:IL_8000001"],
                "patient_keys": ["isic:IP_8000001"],
            },
            "ISIC_9000002": {"modality": "clinical", "shot_type": "close_up", "skin_type": None},
            "ISIC_9000003": {
                "modality": "clinical",
                "shot_type": "overview",
                "confirmation": None,
                "site": "palms_soles",
                "licence": "CC-BY-NC-4.0",
            },
            "ISIC_9000005": {"image_id": None, "site": None, "sex": None, "age": None},
        },
        together=[("ISIC_9000001", "ISIC_9000002"), ("ISIC_9000001", "ISIC_9000003")],
        apart=[("ISIC_9000001", "ISIC_9000004"), ("ISIC_9000001", "ISIC_9000009")],
    )
