"""HAM10000 as Harvard Dataverse and Kaggle give it: two folders of pictures, one table, pixel tables beside them."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {"HAM10000_metadata.csv": "lesion_id,image_id,dx,dx_type,age,sex,localization"}


def make(folder: Path) -> Expected:
    """Write five pictures (one without a row), seven rows (three without a picture) and a list of one duplicate pair."""
    rows = [
        ["HAM_0000118", "ISIC_0027419", "bkl", "histo", "80.0", "male", "scalp"],
        ["HAM_0000118", "ISIC_0025030", "bkl", "histo", "80.0", "male", "scalp"],
        ["HAM_0002730", "ISIC_0026769", "nv", "follow_up", "", "unknown", "unknown"],
        ["HAM_0002731", "ISIC_0026770", "akiec", "consensus", "45.0", "female", "lower extremity"],
        ["HAM_0002732", "ISIC_0026771", "mel", "confocal", "45.0", "female", "acral"],
        ["HAM_0002732", "ISIC_0026772", "mel", "confocal", "45.0", "female", "acral"],
        ["HAM_0002733", "ISIC_0026773", "vasc", "histo", "45.0", "female", "ear"],
    ]
    write_table(folder / "HAM10000_metadata.csv", HEADERS["HAM10000_metadata.csv"], rows)
    for n, name in enumerate(("ISIC_0027419", "ISIC_0025030", "ISIC_0026769")):
        save(folder / "HAM10000_images_part_1" / f"{name}.jpg", n)
    for n, name in enumerate(("ISIC_0026770", "ISIC_0029999")):
        save(folder / "HAM10000_images_part_2" / f"{name}.jpg", 10 + n)
    write_table(folder / "hmnist_8_8_L.csv", "pixel0000,label", [[1, 2]])
    write_table(
        folder / "newly_discovered_duplicates.csv", "similarity,from_img,to_img", [[0.98, "ISIC_0026770.jpg", "ISIC_0026769.jpg"]]
    )
    return Expected(
        images=5,
        tables=2,
        ignored=1,
        rows=7,
        without_picture=3,
        relations=1,
        lesions=5,
        nodes={
            "ISIC_0027419": "benign skin lesion",
            "ISIC_0026769": "benign melanocytic lesions",
            "ISIC_0026770": "intraepidermal keratinocyte neoplasia",
            "ISIC_0029999": None,
        },
        facts={
            "ISIC_0027419": {
                "confirmation": "histopathology",
                "modality": "dermoscopic",
                "age": 80.0,
                "sex": "male",
                "site": "head_neck",
                "licence": "CC-BY-NC-4.0",
            },
            "ISIC_0026769": {"confirmation": "follow_up", "age": None, "sex": None, "site": None},
            "ISIC_0026772": {"image_id": None, "confirmation": "confocal", "site": "palms_soles"},
        },
        together=[("ISIC_0027419", "ISIC_0025030"), ("ISIC_0026771", "ISIC_0026772")],
        apart=[("ISIC_0027419", "ISIC_0026769")],
    )
