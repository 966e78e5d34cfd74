"""A hospital's export that keeps the contract: a manifest at the top, pictures in folders."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS: dict[str, str] = {}
COLUMNS = (
    "image_path,patient_key,lesion_key,encounter_key,capture_day,biopsy_day,biopsy_confirmed,diagnosis_text,diagnosis_source,"
    "icdo_morphology,snomed_ct,snomed_kind,icd10,body_site,laterality,age_band,sex,skin_type,modality,device,view_index,consent,"
    "exclude_reason"
)
P1, P2 = "5f0c2a9be41d7730c8a6", "c3d911ab07e2f45568b0"


def make(folder: Path) -> Expected:
    """Write six pictures (one without a row) and six rows (one without a picture) of two patients whose lesions have one number."""
    rows = [
        row("a/000001.JPG", P1, 1, day=0, text="superficial spreading melanoma", code="8743/3", site="back", age="55-59"),
        row("./a/000002.png", P1, 1, day=14, text="melanoma", code="8743/3", site="C44.5", age=55, modality="overview"),
        row("a/000003.png", P2, 1, proof="clinical", text="melanocytic nevus", code="8720/0", site="anterior torso", sex="male"),
        row("b/000004.png", P2, 2, text="basal cell carcinoma", code="8097/3", site="C44.9", sex="unknown", age="85+"),
        row("b/000005.png", P2, 3, text="dermatofibroma", code="8832/0", exclude="ink covers the lesion"),
        row("b/000006.png", P2, 4, proof="follow_up", text="seborrheic keratosis", site="face", modality="clinical"),
    ]
    write_table(folder / "manifest.csv", COLUMNS, rows)
    for n, name in enumerate(("a/000001.JPG", "a/000002.png", "a/000003.png", "b/000004.png", "b/000005.png", "b/extra.png")):
        save(folder / name, n)
    (folder / "manifest.schema.json").write_text("{}", encoding="utf-8")
    (folder / "notes.txt").write_text("nothing", encoding="utf-8")
    return Expected(
        images=6,
        tables=1,
        ignored=2,
        rows=6,
        without_picture=1,
        lesions=5,
        patients=2,
        nodes={
            "a/000001": "superficial spreading melanoma",
            "a/000002": "superficial spreading melanoma",
            "a/000003": "benign melanocytic lesions",
            "b/000004": "nodular basal cell carcinoma",
            "b/000005": None,
            "b/extra": None,
        },
        facts={
            "a/000001": {
                "confirmation": "histopathology",
                "modality": "dermoscopic",
                "shot_type": None,
                "site": "posterior_torso",
                "age": 57.0,
                "sex": "female",
                "skin_type": "II",
                "acquisition_day": 0,
            },
            "a/000002": {"modality": "clinical", "shot_type": "overview", "site": "torso", "age": 55.0, "acquisition_day": 14},
            "a/000003": {"confirmation": "clinical", "site": "anterior_torso", "acquisition_day": None, "sex": "male"},
            "b/000004": {"site": None, "sex": None, "age": 85.0, "lesion_keys": [f"hospital_biopsy:{P2}/2"]},
            "b/000005": {"patient_keys": [f"hospital_biopsy:{P2}"]},
            "b/000006": {"image_id": None, "confirmation": "follow_up", "site": "head_neck", "modality": "clinical"},
        },
        together=[("a/000001", "a/000002"), ("a/000003", "b/000005")],
        apart=[("a/000001", "a/000003"), ("a/000001", "b/extra")],
    )


def row(
    path: str,
    patient: str,
    lesion: object,
    *,
    text: str,
    proof: str = "histopathology",
    day: object = "",
    code: str = "",
    site: str = "",
    age: object = "",
    sex: str = "female",
    modality: str = "dermoscopic",
    exclude: str = "",
) -> list[object]:
    """Return a row of the manifest in the order of its columns."""
    proven = "yes" if proof == "histopathology" else "no"
    words: list[object] = [path, patient, lesion, "", day, "", proven, text, proof, code, "", "", "", site, "left", age, sex, "II"]
    return [*words, modality, "", "", "research", exclude]
