"""ISIC 2019: numbers that end in `_downsampled`, lesion ids of three origins and none, tables as copies change them."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "ISIC_2019_Training_GroundTruth.csv": "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK",
    "ISIC_2019_Training_Metadata.csv": "image,age_approx,anatom_site_general,lesion_id,sex",
}
CODES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")


def _hot(image: str, code: str, one: str, zero: str) -> list[object]:
    return [image, *(one if c == code else zero for c in CODES)]


def make(folder: Path) -> Expected:
    """Write seven training pictures and two of the test part; one training row has no picture."""
    truth = folder / "ISIC_2019_Training_GroundTruth.csv"
    training = [
        ("ISIC_0000000", "NV"),
        ("ISIC_0012653_downsampled", "MEL"),
        ("ISIC_0012654_downsampled", "NV"),
        ("ISIC_0024306", "SCC"),
        ("ISIC_0024307", "SCC"),
        ("ISIC_0053453", "BKL"),
        ("ISIC_0053454", "BKL"),
        ("ISIC_0053455", "AK"),
    ]
    header = HEADERS["ISIC_2019_Training_GroundTruth.csv"]
    write_table(truth, header, [_hot(image, code, "1", "0") for image, code in training])
    truth.write_bytes(truth.read_bytes().replace(b"\n", b"\r\n"))  # a copy: CRLF, whole numbers
    about = [  # a copy: three columns of another table appended
        ["ISIC_0000000", 55, "anterior torso", "", "female", "nevus", "benign", 0],
        ["ISIC_0012653_downsampled", 50, "posterior torso", "MSK4_0011169", "male", "melanoma", "malignant", 1],
        ["ISIC_0012654_downsampled", "", "", "MSK4_0001170", "", "nevus", "benign", 0],
        ["ISIC_0024306", 60, "head/neck", "HAM_0000550", "male", "unknown", "malignant", 1],
        ["ISIC_0024307", 60, "head/neck", "HAM_0000550", "male", "unknown", "malignant", 1],
        ["ISIC_0053453", 85, "palms/soles", "BCN_0003884", "female", "unknown", "benign", 0],
        ["ISIC_0053454", 85, "oral/genital", "BCN_0003884", "female", "unknown", "benign", 0],
        ["ISIC_0053455", 0, "lateral torso", "BCN_0003885", "female", "unknown", "benign", 0],
    ]
    appended = f"{HEADERS['ISIC_2019_Training_Metadata.csv']},diagnosis,benign_malignant,target"
    write_table(folder / "ISIC_2019_Training_Metadata.csv", appended, about)
    write_table(
        folder / "ISIC_2019_Test_Metadata.csv",
        "image,age_approx,anatom_site_general,sex",
        [["ISIC_0034321", 60, "", "female"], ["ISIC_0034322", 70, "anterior torso", "male"]],
    )
    write_table(
        folder / "ISIC_2019_Test_GroundTruth.csv",
        header,
        [_hot("ISIC_0034321", "UNK", "1.0", "0.0"), _hot("ISIC_0034322", "DF", "1.0", "0.0")],
    )
    for n, (image, _) in enumerate(training[:-1]):
        save(folder / "ISIC_2019_Training_Input" / f"{image}.jpg", n)
    for n, number in enumerate(("0034321", "0034322")):
        save(folder / "ISIC_2019_Test_Input" / "ISIC_2019_Test_Input" / f"ISIC_{number}.jpg", 20 + n)  # a folder in itself
    (folder / "ISIC_2019_Training_Input" / "ATTRIBUTION.txt").write_text("a legal text\n", encoding="utf-8")
    return Expected(
        images=9,
        tables=4,
        ignored=1,
        rows=10,
        without_picture=1,
        lesions=5,
        nodes={
            "ISIC_0000000": "benign melanocytic lesions",
            "ISIC_0012653_downsampled": "malignant melanoma",
            "ISIC_0024306": "squamous keratinocyte neoplasia",
            "ISIC_0053453": "benign skin lesion",
            "ISIC_0034321": None,  # UNK: none of the others
            "ISIC_0034322": "dermatofibroma",
        },
        facts={
            "ISIC_0000000": {"lesion_keys": [], "age": 55.0, "site": "anterior_torso", "sex": "female", "confirmation": None},
            "ISIC_0012653_downsampled": {
                "image_keys": ["isic:ISIC_0012653"],
                "lesion_keys": ["isic.msk4:A11169"],
                "official_split": "train",
                "modality": "dermoscopic",
            },
            "ISIC_0012654_downsampled": {"lesion_keys": ["isic.msk4:A01170"], "age": None, "site": None, "sex": None},
            "ISIC_0024306": {"lesion_keys": ["ham10000:HAM_0000550"], "licence": "CC-BY-NC-4.0"},
            "ISIC_0053453": {"lesion_keys": ["bcn20000:BCN_0003884"], "site": "palms_soles"},
            "ISIC_0053455": {"image_id": None, "site": "lateral_torso", "age": 0.0},
            "ISIC_0034322": {"official_split": "test", "lesion_keys": []},
        },
        together=[("ISIC_0024306", "ISIC_0024307"), ("ISIC_0053453", "ISIC_0053454")],
        apart=[("ISIC_0012653_downsampled", "ISIC_0012654_downsampled"), ("ISIC_0053453", "ISIC_0053455")],
    )
