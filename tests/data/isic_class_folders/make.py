"""The nine-class folder export: the folder is the label, one number stands in several folders, no table."""

from pathlib import Path

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}
FOLDER = "Skin cancer ISIC The International Skin Imaging Collaboration"


def make(folder: Path) -> Expected:
    """Write twelve pictures of nine numbers; three numbers stand twice, one of them in Train and in Test."""
    root = folder / FOLDER
    files = [
        ("Train/melanoma/ISIC_0010879", 1),
        ("Train/seborrheic keratosis/ISIC_0010879", 1),
        ("Train/nevus/ISIC_0028619", 2),
        ("Test/actinic keratosis/ISIC_0028619", 2),
        ("Train/basal cell carcinoma/ISIC_0025509", 3),
        ("Train/basal cell carcinoma/ISIC_0025509(1)", 3),
        ("Train/dermatofibroma/ISIC_0025302", 4),
        ("Train/pigmented benign keratosis/ISIC_0010491", 5),
        ("Train/squamous cell carcinoma/ISIC_0024329", 6),
        ("Test/vascular lesion/ISIC_0024904", 7),
        ("Train/nevus/ISIC_0000019_downsampled", 8),
        ("Train/nevus/ISIC_0000022", 9),
    ]
    for name, number in files:
        save(root / f"{name}.jpg", number)
    (root / "Train" / "Thumbs.db").write_bytes(b"of the system")
    save(root / "Train" / "nevus" / "nevus_overview.png", 50)
    return Expected(
        images=12,
        ignored=2,
        nodes={
            "Train/melanoma/ISIC_0010879": "malignant melanoma",
            "Train/seborrheic keratosis/ISIC_0010879": "seborrheic keratosis",
            "Train/nevus/ISIC_0028619": "benign melanocytic lesions",
            "Test/actinic keratosis/ISIC_0028619": "actinic keratosis",
            "Train/pigmented benign keratosis/ISIC_0010491": "benign skin lesion",
            "Train/squamous cell carcinoma/ISIC_0024329": "squamous keratinocyte neoplasia",
            "Test/vascular lesion/ISIC_0024904": "benign vascular tumor and malformation",
            "Train/dermatofibroma/ISIC_0025302": "dermatofibroma",
        },
        facts={
            "Train/basal cell carcinoma/ISIC_0025509(1)": {
                "image_keys": ["isic:ISIC_0025509"],
                "official_split": "train",
                "modality": "dermoscopic",
                "confirmation": None,
                "licence": "LicenseRef-mixed-noncommercial",
            },
            "Train/nevus/ISIC_0000019_downsampled": {"image_keys": ["isic:ISIC_0000019"]},
            "Test/actinic keratosis/ISIC_0028619": {"official_split": "test"},
        },
        together=[
            ("Train/melanoma/ISIC_0010879", "Train/seborrheic keratosis/ISIC_0010879"),
            ("Train/nevus/ISIC_0028619", "Test/actinic keratosis/ISIC_0028619"),
            ("Train/basal cell carcinoma/ISIC_0025509", "Train/basal cell carcinoma/ISIC_0025509(1)"),
        ],
        apart=[("Train/nevus/ISIC_0028619", "Train/nevus/ISIC_0000022")],
    )
