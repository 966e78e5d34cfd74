"""SD-198 as its makers give it: a folder of pictures per class, two ways of naming, no table."""

from pathlib import Path

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}


def make(folder: Path) -> Expected:
    """Write nine pictures: two of one case, one that lies in two folders, one of a name that says nothing; a list and a readme."""
    names = [
        "Follicular_Mucinosis/009554HB.jpg",
        "Follicular_Mucinosis/009555VB.JPG",
        "Actinic_solar_Damage(Actinic_Keratosis)/010084HB.jpg",
        "Beau's_Lines/043940VB2.jpg",
        "Nail_Dystrophy/043940VB2.jpg",
        "Lichen_Planus/10571-DSC00162.jpg",
        "Lichen_Planus/10571-DSC00163.jpg",
        "Lichen_Planus/10572-1.jpg",
        "Steroid_Use_abusemisuse_Dermatitis/web_picture.png",
    ]
    for n, name in enumerate(names):
        save(folder / "images" / name, n)
    (folder / "images" / "train_1.txt").write_text("Follicular_Mucinosis/009554HB.jpg 0\n", encoding="utf-8")
    (folder / "Readme.txt").write_text("SD-198\n", encoding="utf-8")
    return Expected(
        images=9,
        ignored=2,
        lesions=2,
        nodes={
            "Follicular_Mucinosis/009554HB": "follicular mucinosis",
            "Actinic_solar_Damage(Actinic_Keratosis)/010084HB": "actinic keratosis",
            "Beau's_Lines/043940VB2": "Beau lines",
        },
        facts={
            "Lichen_Planus/10571-DSC00162": {"modality": "clinical", "confirmation": None, "lesion_keys": ["dermquest:10571"]},
            "Steroid_Use_abusemisuse_Dermatitis/web_picture": {"image_keys": [], "lesion_keys": []},
        },
        together=[
            ("Lichen_Planus/10571-DSC00162", "Lichen_Planus/10571-DSC00163"),
            ("Beau's_Lines/043940VB2", "Nail_Dystrophy/043940VB2"),
        ],
        apart=[
            ("Follicular_Mucinosis/009554HB", "Follicular_Mucinosis/009555VB"),
            ("Lichen_Planus/10571-DSC00162", "Lichen_Planus/10572-1"),
        ],
    )
