"""PAD-UFES-20: one table, pictures in three parts, unpacked once, twice, or not at all."""

import zipfile
from pathlib import Path

from tests.data.native import Expected, save, write_table
from tests.drawn import picture

HEADERS = {
    "metadata.csv": "patient_id,lesion_id,smoke,drink,background_father,background_mother,age,pesticide,gender,skin_cancer_history,"
    "cancer_history,has_piped_water,has_sewage_system,fitspatrick,region,diameter_1,diameter_2,diagnostic,itch,grew,hurt,changed,bleed,"
    "elevation,img_id,biopsed"
}
FEMALE = ["False", "False", "POMERANIA", "BRAZIL", 55, "False", "FEMALE", "True", "True", "True", "True", "3.0"]
MALE = ["True", "False", "BRASIL", "UNK", 70, "False", "MALE", "True", "False", "True", "True", "1.0"]
NO_RECORD = ["", "", "", "", 8, "", "", "", "", "", "", ""]
ASKED = ["True", "UNK", "False", "UNK", "True", "True"]


def row(name: str, about: list[object], region: str, diagnostic: str, biopsed: str) -> list[object]:
    _, patient, lesion, _ = name.split("_")
    sizes = ["", ""] if about is NO_RECORD else [6.0, 5.0]
    return [f"PAT_{patient}", lesion, *about, region, *sizes, diagnostic, *ASKED, f"{name}.png", biopsed]


def make(folder: Path) -> Expected:
    """Write six pictures (one without a row, one a second time in another part) and six rows (one without a picture).

    One lesion has two pictures; its bare number is one of another patient too; one picture is a JPEG that the table calls a PNG,
    one has an alpha channel.
    """
    rows = [
        row("PAT_1516_1765_530", NO_RECORD, "ARM", "NEV", "False"),
        row("PAT_46_881_939", FEMALE, "NECK", "BCC", "True"),
        row("PAT_46_881_140", FEMALE, "NECK", "BCC", "True"),
        row("PAT_46_882_77", FEMALE, "LIP", "ACK", "False"),
        row("PAT_47_881_200", MALE, "THIGH", "SCC", "True"),
        row("PAT_2000_1_1", MALE, "BACK", "MEL", "True"),
    ]
    write_table(folder / "metadata.csv", HEADERS["metadata.csv"], rows)
    images = folder / "images"
    twice = images / "imgs_part_1" / "imgs_part_1"
    twice.mkdir(parents=True)
    picture(1, "nevus").convert("RGBA").save(twice / "PAT_1516_1765_530.png")
    save(images / "imgs_part_2" / "PAT_46_881_939.jpg", 2)
    save(images / "imgs_part_2" / "PAT_46_882_77.png", 3)
    save(images / "imgs_part_2" / "PAT_47_881_200.png", 4)
    save(images / "imgs_part_2" / "PAT_9_9_9.png", 5)
    with zipfile.ZipFile(images / "imgs_part_3.zip", "w") as archive:
        for n, name in enumerate(("PAT_46_881_140.png", "PAT_47_881_200.png")):
            drawn = folder.parent / name
            save(drawn, 4 + 2 * n)
            archive.write(drawn, f"imgs_part_3/{name}")
    (folder / "images" / "readme.txt").write_text("nothing of the layout", encoding="utf-8")
    return Expected(
        images=6,
        tables=1,
        ignored=1,
        rejected=1,
        rows=6,
        without_picture=1,
        lesions=5,
        patients=4,
        nodes={
            "PAT_46_881_939": "basal cell carcinoma",
            "PAT_46_882_77": "actinic keratosis",
            "PAT_47_881_200": "squamous keratinocyte neoplasia",
            "PAT_9_9_9": None,
        },
        facts={
            "PAT_1516_1765_530": {
                "confirmation": "clinical",
                "site": "upper_extremity",
                "age": 8.0,
                "sex": None,
                "skin_type": None,
                "modality": "clinical",
            },
            "PAT_46_881_939": {"confirmation": "histopathology", "site": "head_neck", "sex": "female", "skin_type": "III"},
            "PAT_46_882_77": {
                "site": "head_neck",
                "image_keys": ["pad_ufes_20:PAT_46_882_77"],
                "lesion_keys": ["pad_ufes_20:PAT_46/882"],
            },
            "PAT_2000_1_1": {"image_id": None, "site": "posterior_torso", "skin_type": "I", "age": 70.0},
        },
        together=[("PAT_46_881_939", "PAT_46_881_140"), ("PAT_46_881_939", "PAT_46_882_77")],
        apart=[("PAT_46_881_939", "PAT_47_881_200")],
    )
