"""MILK10k: two pictures a lesion in a folder of the lesion, truth by lesion, the rest by picture."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "MILK10k_Training_GroundTruth.csv": "lesion_id,AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,MEL,NV,SCCKA,VASC",
    "MILK10k_Training_Metadata.csv": (
        "lesion_id,image_type,isic_id,attribution,copyright_license,image_manipulation,age_approx,sex,skin_tone_class,site,"
        "MONET_ulceration_crust,MONET_hair,MONET_vasculature_vessels,MONET_erythema,MONET_pigmented,"
        "MONET_gel_water_drop_fluid_dermoscopy_liquid,MONET_skin_markings_pen_ink_purple_pen"
    ),
    "MILK10k_Training_Supplement.csv": "isic_id,diagnosis_full,diagnosis_confirm_type,invasion_thickness_interval",
}
CODES = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")
CLOSE, DERM = "clinical: close-up", "dermoscopic"


def _about(lesion: str, kind: str, image: str, age: object, sex: str, site: str) -> list[object]:
    middle = ["MILK study team", "CC-BY-NC", "instrument only", age, sex, 3, site]
    return [lesion, kind, image, *middle, *[0.5] * 7]


def make(folder: Path) -> Expected:
    """Write nine pictures of five lesions; one picture of the test part is absent, one lesion of the truth has none at all."""
    about = [
        _about("IL_0000652", CLOSE, "ISIC_8149219", 70, "male", "head_neck_face"),
        _about("IL_0000652", DERM, "ISIC_4671410", 70, "male", "head_neck_face"),
        _about("IL_0003176", CLOSE, "ISIC_0000011", 45, "female", "hand"),
        _about("IL_0003176", DERM, "ISIC_0000012", 45, "female", "hand"),
        _about("IL_0004688", CLOSE, "ISIC_0000021", "", "female", ""),
        _about("IL_0004688", DERM, "ISIC_0000022", "", "female", ""),
        _about("IL_0005000", CLOSE, "ISIC_0000031", 85, "male", "genital"),
        _about("IL_0005000", DERM, "ISIC_0000032", 85, "male", "genital"),
    ]
    test = [
        _about("IL_0006205", CLOSE, "ISIC_9611969", 70, "male", "trunk"),
        _about("IL_0006205", DERM, "ISIC_5027091", 70, "male", "foot"),
    ]
    truth = [("IL_0000652", "SCCKA"), ("IL_0003176", "BEN_OTH"), ("IL_0004688", "INF"), ("IL_0005000", "MEL"), ("IL_0099999", "NV")]
    histology = "histopathology"
    told = {
        "ISIC_8149219": ("Squamous cell carcinoma, Invasive", histology, ""),
        "ISIC_4671410": ("Squamous cell carcinoma, Invasive", histology, ""),
        "ISIC_0000011": ("Juvenile xanthogranuloma", histology, ""),
        "ISIC_0000012": ("Juvenile xanthogranuloma", histology, ""),
        "ISIC_0000021": ("Porokeratosis", "single contributor clinical assessment", ""),
        "ISIC_0000022": ("Porokeratosis", "single contributor clinical assessment", ""),
        "ISIC_0000031": ("Melanoma Invasive", histology, ">4.0-Inf"),  # its other picture is missing from the supplement
    }
    hot = [[lesion, *("1.0" if c == code else "0.0" for c in CODES)] for lesion, code in truth]
    write_table(folder / "MILK10k_Training_GroundTruth.csv", HEADERS["MILK10k_Training_GroundTruth.csv"], hot)
    write_table(folder / "MILK10k_Training_Metadata.csv", HEADERS["MILK10k_Training_Metadata.csv"], about)
    write_table(folder / "MILK10k_Test_Metadata.csv", HEADERS["MILK10k_Training_Metadata.csv"], test)
    supplement = [[image, *words] for image, words in told.items()]
    write_table(folder / "MILK10k_Training_Supplement.csv", HEADERS["MILK10k_Training_Supplement.csv"], supplement)
    for n, row in enumerate(about):
        save(folder / "MILK10k_Training_Input" / str(row[0]) / f"{row[2]}.jpg", n)
    save(folder / "MILK10k_Test_Input" / "IL_0006205" / "ISIC_9611969.jpg", 20)
    (folder / "MILK10k_Training_Input" / "license.txt").write_text("a legal text\n", encoding="utf-8")
    return Expected(
        images=9,
        tables=4,
        ignored=1,
        rows=10,
        without_picture=1,
        lesions=5,
        nodes={
            "ISIC_8149219": "invasive cutaneous squamous cell carcinoma",
            "ISIC_4671410": "invasive cutaneous squamous cell carcinoma",
            "ISIC_0000011": "juvenile xanthogranuloma",  # BEN_OTH does not contradict it
            "ISIC_0000021": "porokeratosis",  # nor INF
            "ISIC_0000031": "invasive cutaneous melanoma",
            "ISIC_0000032": "malignant melanoma",  # the lesion's code alone
            "ISIC_9611969": None,
        },
        facts={
            "ISIC_8149219": {
                "modality": "clinical",
                "shot_type": "close_up",
                "confirmation": "histopathology",
                "site": "head_neck",
                "lesion_keys": ["isic:IL_0000652"],
                "licence": "CC-BY-NC-4.0",
                "official_split": "train",
                "skin_type": None,
            },
            "ISIC_4671410": {"modality": "dermoscopic", "shot_type": None},
            "ISIC_0000012": {"site": "upper_extremity"},
            "ISIC_0000022": {"site": None, "age": None, "confirmation": "clinical"},
            "ISIC_0000032": {"site": "oral_genital", "confirmation": None},
            "ISIC_9611969": {"official_split": "test", "site": "torso"},
            "ISIC_5027091": {"image_id": None, "site": "lower_extremity"},
        },
        together=[("ISIC_8149219", "ISIC_4671410"), ("ISIC_9611969", "ISIC_5027091")],
        apart=[("ISIC_8149219", "ISIC_0000011")],
    )
