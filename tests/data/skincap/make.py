"""SkinCAP as the Hub gives it: numbered pictures, one table of captions; each picture is one of another repository."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS: dict[str, str] = {}
COLUMNS = (
    "id,skincap_file_path,ori_file_path,caption_zh,caption_zh_polish,caption_zh_polish_en,remark,source,disease,malignant,"
    "fitzpatrick_scale,Papule"
)
MD5 = "00aa11bb22cc33dd44ee55ff66778899"


def make(folder: Path) -> Expected:
    """Write five pictures (one without a row) and six rows (two without a picture) in the forms that parents' names have."""
    zh, en = "红色丘疹", 'A papule, "red", on the arm'
    rows = [
        [1, "1.png", f"{MD5}.jpg", zh, zh, en, "", "fitzpatrick17k", "acne vulgaris", 0, 3, 1],
        [2, "2.png", f"fitzpatrick17k/{MD5.upper()}.JPG", zh, zh, en, "", "Fitzpatrick17k", "acne vulgaris", 0, -1, 1],
        [3, "3.png", "000297.png", zh, zh, en, "", "ddi", "nodular melanoma (nm)", 1, 34, 0],
        [4, "4.png", "ddi\\297.png", zh, zh, en, "", "DDI", "nodular melanoma (nm)", 1, 5, 0],
        [5, "5.png", "", zh, zh, en, "", "fitzpatrick17k", "psoriasis", 0, "2.0", 0],
        [6, "6.png", "000298.png", zh, zh, en, "", "ddi", "melanocytic nevi", 0, 1, 0],
    ]
    write_table(folder / "skincap_v240623.csv", COLUMNS, rows)
    for n in (1, 2, 3, 4, 9):
        save(folder / "skincap" / f"{n}.png", n)
    (folder / "README.md").write_text("a card", encoding="utf-8")
    return Expected(
        images=5,
        tables=1,
        ignored=1,
        rows=6,
        without_picture=2,
        nodes={"1": "acne vulgaris", "3": "nodular melanoma", "9": None},
        facts={
            "1": {"confirmation": None, "skin_type": "III", "modality": "clinical", "image_keys": [f"fitzpatrick17k:{MD5}"]},
            "2": {"skin_type": None},
            "3": {"confirmation": "histopathology", "skin_type": "III-IV", "image_keys": ["ddi:000297"]},
            "5": {"image_id": None, "skin_type": "II", "image_keys": []},
            "9": {"image_keys": [], "confirmation": None},
        },
        together=[("1", "2"), ("3", "4")],
        apart=[("1", "3"), ("3", "6"), ("5", "9")],
    )
