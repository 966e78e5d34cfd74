"""SLICE-3D: the Kaggle edition and the publisher's own side by side, the container of pictures that is not read."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

TEST = (
    "isic_id,patient_id,age_approx,sex,anatom_site_general,clin_size_long_diam_mm,image_type,tbp_tile_type,tbp_lv_A,tbp_lv_Aext,tbp_lv_B,"
    "tbp_lv_Bext,tbp_lv_C,tbp_lv_Cext,tbp_lv_H,tbp_lv_Hext,tbp_lv_L,tbp_lv_Lext,tbp_lv_areaMM2,tbp_lv_area_perim_ratio,"
    "tbp_lv_color_std_mean,tbp_lv_deltaA,tbp_lv_deltaB,tbp_lv_deltaL,tbp_lv_deltaLB,tbp_lv_deltaLBnorm,tbp_lv_eccentricity,"
    "tbp_lv_location,tbp_lv_location_simple,tbp_lv_minorAxisMM,tbp_lv_nevi_confidence,tbp_lv_norm_border,tbp_lv_norm_color,"
    "tbp_lv_perimeterMM,tbp_lv_radial_color_std_max,tbp_lv_stdL,tbp_lv_stdLExt,tbp_lv_symm_2axis,tbp_lv_symm_2axis_angle,tbp_lv_x,"
    "tbp_lv_y,tbp_lv_z,attribution,copyright_license"
)
HEADERS: dict[str, str] = {}  # the list of columns is re-typed, in a line with other words
TRAIN = (
    "isic_id,target,patient_id,age_approx,sex,anatom_site_general,clin_size_long_diam_mm,image_type,tbp_tile_type,attribution,"
    "copyright_license,lesion_id,iddx_full,iddx_1,iddx_2,iddx_3,iddx_4,iddx_5,mel_mitotic_index,mel_thick_mm,tbp_lv_dnn_lesion_confidence"
)
QUEENSLAND = "Frazer Institute, The University of Queensland"


def _under(header: str, rows: list[dict[str, object]]) -> list[list[object]]:
    """Return rows as cells under a header line; what a row does not hold is blank."""
    return [[row.get(column, "") for column in header.split(",")] for row in rows]


def _path(*levels: str) -> dict[str, object]:
    return {"iddx_full": "::".join(levels)} | {f"iddx_{n}": level for n, level in enumerate(levels, start=1)}


def make(folder: Path) -> Expected:
    """Write seven tiles: five of the Kaggle edition, two of the publisher's; one row of the test table has no picture."""
    tile = {"image_type": "TBP tile: close-up", "tbp_tile_type": "3D: XP", "tbp_lv_dnn_lesion_confidence": "97.5"}
    man = {**tile, "target": 0, "patient_id": "IP_1235828"}
    woman = {**tile, "patient_id": "IP_6724798", "sex": "female", "attribution": "Clinic", "copyright_license": "CC-BY-NC"}
    nodular = ["Malignant", "Malignant adnexal epithelial proliferations - Follicular", "Basal cell carcinoma"]
    rows = [
        {"isic_id": "ISIC_0015670", **man, "age_approx": "60.0", "sex": "male", "anatom_site_general": "lower extremity"}
        | {"attribution": "Clinic", "copyright_license": "CC-BY", **_path("Benign")},
        {"isic_id": "ISIC_0015845", **man, "attribution": QUEENSLAND, "copyright_license": "CC-0", "lesion_id": "IL_6727506"}
        | _path("Benign", "Benign soft tissue proliferations - Fibro-histiocytic", "Scar"),
        {"isic_id": "ISIC_0015864", **woman, "target": 1, "lesion_id": "IL_1111111", "anatom_site_general": "posterior torso"}
        | _path(*nodular, "Basal cell carcinoma, Nodular"),
        {"isic_id": "ISIC_0015865", **woman, "target": 0, "lesion_id": "IL_1111112", "anatom_site_general": "head/neck"}
        | _path("Indeterminate", "Indeterminate epidermal proliferations", "Solar or actinic keratosis"),
    ]
    write_table(folder / "train-metadata.csv", TRAIN, _under(TRAIN, rows))
    seen = {**tile, "sex": "male", "age_approx": "45.0", "attribution": QUEENSLAND, "copyright_license": "CC-BY"}
    test = [
        {"isic_id": "ISIC_0015657", "patient_id": "IP_6074337", **seen},
        {"isic_id": "ISIC_0015729", "patient_id": "IP_1664139", **seen},
    ]
    write_table(folder / "test-metadata.csv", TEST, _under(TEST, test))
    publisher = folder / "ISIC_2024_Training_Input"
    write_table(
        publisher / "metadata.csv",
        "isic_id,attribution,copyright_license,age_approx,anatom_site_general,image_type,patient_id,sex",
        [
            ["ISIC_0016001", "Clinic", "CC-BY", 40, "upper extremity", "TBP tile: close-up", "IP_3000000", "female"],
            ["ISIC_0016002", "Clinic", "CC-BY", 40, "upper extremity", "TBP tile: close-up", "IP_3000000", "female"],
        ],
    )
    truth = [["ISIC_0016001", "1.0"], ["ISIC_0016002", "0.0"]]
    write_table(folder / "ISIC_2024_Training_GroundTruth.csv", "isic_id,malignant", truth)
    write_table(
        folder / "ISIC_2024_Training_Supplement.csv",
        "isic_id,lesion_id,iddx_full,iddx_1,iddx_2,iddx_3,iddx_4,iddx_5",
        [["ISIC_0016001", "IL_3000001", "", "Malignant", "", "", "", ""], ["ISIC_0016002", "", "", "", "", "", "", ""]],
    )
    for n, name in enumerate(("ISIC_0015670", "ISIC_0015845", "ISIC_0015864", "ISIC_0015865")):
        save(folder / "train-image" / "image" / f"{name}.jpg", n)
    save(folder / "test-image" / "ISIC_0015657.jpg", 10)
    for n in (1, 2):
        save(publisher / f"ISIC_001600{n}.jpg", 20 + n)
    for name in ("train-image.hdf5", "test-image.hdf5", "sample_submission.csv", "ISIC_2024_Training_Input/attribution.txt"):
        (folder / name).write_bytes(b"not read")
    return Expected(
        images=7,
        tables=5,
        ignored=4,
        rows=8,
        without_picture=1,
        lesions=4,
        patients=5,
        nodes={
            "ISIC_0015670": "benign skin lesion",
            "ISIC_0015845": "scar",  # of another root than `Benign`, which does not contradict it
            "ISIC_0015864": "nodular basal cell carcinoma",
            "ISIC_0015865": "actinic keratosis",  # target 0, and indeterminate
            "ISIC_0016001": "malignant skin lesion",
            "ISIC_0016002": None,  # target 0 alone says nothing
            "ISIC_0015657": None,
        },
        facts={
            "ISIC_0015670": {
                "modality": "tbp_tile",
                "shot_type": "close_up",
                "lesion_keys": [],
                "licence": "CC-BY-4.0",
                "confirmation": None,
                "official_split": "train",
            },
            "ISIC_0015845": {"licence": "CC0-1.0", "attribution": QUEENSLAND, "age": None, "sex": None, "site": None},
            "ISIC_0015864": {"lesion_keys": ["isic:IL_1111111"], "patient_keys": ["isic:IP_6724798"], "licence": "CC-BY-NC-4.0"},
            "ISIC_0015657": {"official_split": "test", "patient_keys": ["isic:IP_6074337"]},
            "ISIC_0015729": {"image_id": None},
            "ISIC_0016001": {"official_split": "train", "patient_keys": ["isic:IP_3000000"]},
        },
        together=[("ISIC_0015670", "ISIC_0015845"), ("ISIC_0016001", "ISIC_0016002")],
        apart=[("ISIC_0015670", "ISIC_0015864"), ("ISIC_0015657", "ISIC_0015729")],
    )
