"""SCIN as its bucket gives it: a table of cases that name up to three pictures, a table of labels by case, PNG pictures."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "scin_labels.csv": (
        "case_id,dermatologist_gradable_for_skin_condition_1,dermatologist_gradable_for_skin_condition_2,"
        "dermatologist_gradable_for_skin_condition_3,dermatologist_skin_condition_on_label_name,"
        "dermatologist_skin_condition_confidence,weighted_skin_condition_label,dermatologist_gradable_for_fitzpatrick_skin_type_1,"
        "dermatologist_gradable_for_fitzpatrick_skin_type_2,dermatologist_gradable_for_fitzpatrick_skin_type_3,"
        "dermatologist_fitzpatrick_skin_type_label_1,dermatologist_fitzpatrick_skin_type_label_2,"
        "dermatologist_fitzpatrick_skin_type_label_3,gradable_for_monk_skin_tone_india,gradable_for_monk_skin_tone_us,"
        "monk_skin_tone_label_india,monk_skin_tone_label_us"
    )
}
CASES = (
    "case_id,source,release,year,age_group,sex_at_birth,fitzpatrick_skin_type,body_parts_head_or_neck,body_parts_arm,body_parts_palm,"
    "image_1_path,image_2_path,image_3_path,image_1_shot_type,image_2_shot_type,image_3_shot_type,combined_race"
)


def make(folder: Path) -> Expected:
    """Write six cases: two share a picture, one is unlabelled, one is in no row of labels; a picture of no case, one missing."""

    def path(number: str) -> str:
        return f"dataset/images/{number}.png" if number else ""

    def case(number: str, about: list[str], pictures: list[str], shots: list[str]) -> list[object]:
        return [number, "SCIN", "1.0.0", "2023", *about, *map(path, pictures), *shots, ""]

    cases = [
        case(
            "-5156441036700827606",
            ["AGE_30_TO_39", "FEMALE", "FST3", "YES", "", ""],
            ["-5669089898008966381", "3445096909671059178", "4400000000000000001"],
            ["CLOSE_UP", "AT_AN_ANGLE", "AT_DISTANCE"],
        ),
        case(
            "-5156441036700827607",
            ["AGE_UNKNOWN", "OTHER_OR_UNSPECIFIED", "NONE_SELECTED", "YES", "YES", ""],
            ["4400000000000000002", "4400000000000000003", ""],
            ["CLOSE_UP", "CLOSE_UP", ""],
        ),
        # the second picture is one of the case before
        case(
            "17", ["", "", "", "", "", "YES"], ["4400000000000000004", "4400000000000000003", ""], ["AT_DISTANCE", "CLOSE_UP", ""]
        ),
        case("18", ["AGE_18_TO_29", "MALE", "FST6", "", "", ""], ["4400000000000000005", "", ""], ["CLOSE_UP", "", ""]),
        case("19", ["", "MALE", "FST1", "", "YES", ""], ["4400000000000000006", "", ""], ["CLOSE_UP", "", ""]),
        case("20", ["", "MALE", "FST1", "", "", ""], ["", "", ""], ["", "", ""]),
    ]
    write_table(folder / "dataset" / "scin_cases.csv", CASES, cases)

    def labels(number: str, names: str, confidence: str, weighted: str) -> list[object]:
        return [number, "YES", "", "", names, confidence, weighted, "YES", "", "", "FST3", "", "", "True", "True", "3.0", "4.0"]

    write_table(
        folder / "dataset" / "scin_labels.csv",
        HEADERS["scin_labels.csv"],
        [
            labels("-5156441036700827606", "['Eczema', 'Psoriasis']", "[3, 2]", "{'Eczema': 0.69, 'Psoriasis': 0.31}"),
            labels("-5156441036700827607", "['Acne']", "[5]", "{'Acne': 1.0}"),
            labels("17", "['Abrasion, scrape, or scab']", "[4]", '{"Abrasion, scrape, or scab": 1.0}'),
            labels("18", "[]", "[]", "{}"),
            labels("20", "['Acne']", "[5]", "{'Acne': 1.0}"),
        ],
    )
    (folder / "dataset" / "scin_app_questions.csv").write_text("question\n", encoding="utf-8")
    # 4400000000000000006 is missing, 4400000000000000009 is of no case
    present = ["-5669089898008966381", "3445096909671059178", *(f"440000000000000000{n}" for n in (1, 2, 3, 4, 5, 9))]
    for n, name in enumerate(present):
        save(folder / "dataset" / "images" / f"{name}.png", n)
    return Expected(
        images=8,
        tables=2,
        ignored=1,
        rows=8,
        without_picture=1,
        lesions=4,
        patients=4,
        nodes={
            "-5669089898008966381": "eczema and dermatitis",
            "4400000000000000003": "acne",
            "4400000000000000004": "abrasion",
            "4400000000000000005": None,
            "4400000000000000009": None,
        },
        facts={
            "-5669089898008966381": {
                "shot_type": "close_up",
                "modality": "clinical",
                "sex": "female",
                "skin_type": "III",
                "site": "head_neck",
                "age": None,
                "confirmation": None,
                "lesion_keys": ["scin:-5156441036700827606"],
            },
            "3445096909671059178": {"shot_type": "at_an_angle"},
            "4400000000000000001": {"shot_type": "at_distance"},
            "4400000000000000002": {"sex": None, "skin_type": None, "site": None, "age": None},
            "4400000000000000004": {"site": "palms_soles", "sex": None},
            "4400000000000000005": {"sex": "male", "skin_type": "VI", "site": None},
            "4400000000000000006": {"image_id": None, "site": "upper_extremity"},
        },
        together=[
            ("-5669089898008966381", "4400000000000000001"),
            ("4400000000000000002", "4400000000000000003"),
            ("4400000000000000003", "4400000000000000004"),
            ("4400000000000000002", "4400000000000000004"),
        ],
        apart=[("-5669089898008966381", "4400000000000000002"), ("4400000000000000004", "4400000000000000005")],
    )
