"""BCN20000 as figshare gives it: two parts, packed once more within their archives, with a table each."""

import zipfile
from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADER = "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split"
HEADERS = {"bcn_20k_train.csv": HEADER}


def make(folder: Path) -> Expected:
    """Write five pictures of training (one without a row) and two of test, in an archive; six and three rows.

    One picture has the number of another picture's lesion, one lesion stands in both parts.
    """
    train = [
        ["BCN_0000000001.jpg", "55.0", "anterior torso", "MEL", "BCN_0003884", "2012-05-16", "male", "train"],
        ["BCN_0000000003.jpg", "55.0", "anterior torso", "MEL", "BCN_0003884", "2012-05-16", "male", "train"],
        ["BCN_0000003884.jpg", "", "", "NV", "BCN_0000001", "2013-01-02", "", "train"],
        ["BCN_0000000007.jpg", "70.0", "head/neck", "SCC", "BCN_0000007", "2014-07-30", "female", "train"],
        ["BCN_0000000008.jpg", "30.0", "palms/soles", "BKL", "", "2014-07-30", "female", "train"],
        ["BCN_0000000009.jpg", "30.0", "lower extremity", "DF", "BCN_0000009", "2015-07-30", "female", "train"],
    ]
    test = [
        ["BCN_0000000002.jpg", "85.0", "oral/genital", "OOD", "BCN_0000007", "2016-03-01", "female", "test"],
        ["BCN_0000000004.jpg", "45.0", "upper extremity", "", "BCN_0000004", "2016-03-01", "male", "test"],
        ["BCN_0000000005.jpg", "45.0", "upper extremity", "", "BCN_0000004", "2016-03-01", "male", "test"],
    ]
    write_table(folder / "BCN_20k_train.csv", HEADER, train)
    write_table(folder / "bcn_20k_test.csv", HEADER, test)
    for n, name in enumerate(("0000000001", "0000000003", "0000003884", "0000000007", "0000000010")):
        save(folder / "BCN_20k_train" / "bcn_20k_train" / f"BCN_{name}.jpg", n)
    with zipfile.ZipFile(folder / "BCN_20k_test.zip", "w") as archive:
        for n, name in enumerate(("0000000002", "0000000004")):
            drawn = folder.parent / f"BCN_{name}.jpg"
            save(drawn, 10 + n)
            archive.write(drawn, f"bcn_20k_test/BCN_{name}.jpg")
    return Expected(
        images=7,
        tables=2,
        rows=9,
        without_picture=3,
        lesions=5,
        nodes={
            "BCN_0000000001": "malignant melanoma",
            "BCN_0000003884": "benign melanocytic lesions",
            "BCN_0000000007": "squamous keratinocyte neoplasia",
            "BCN_0000000002": None,
            "BCN_0000000004": None,
            "BCN_0000000010": None,
        },
        facts={
            "BCN_0000000001": {
                "age": 55.0,
                "site": "anterior_torso",
                "sex": "male",
                "official_split": "train",
                "modality": "dermoscopic",
                "confirmation": None,
                "acquisition_day": None,
                "licence": "CC-BY-NC-4.0",
            },
            "BCN_0000003884": {"age": None, "site": None, "sex": None},
            "BCN_0000000008": {"image_id": None, "lesion_keys": [], "site": "palms_soles"},
            "BCN_0000000002": {"official_split": "test", "site": "oral_genital"},
            "BCN_0000000010": {"official_split": "train", "lesion_keys": []},  # no row: the folder tells
        },
        together=[
            ("BCN_0000000001", "BCN_0000000003"),
            ("BCN_0000000007", "BCN_0000000002"),
            ("BCN_0000000004", "BCN_0000000005"),
        ],
        apart=[("BCN_0000000001", "BCN_0000003884"), ("BCN_0000000001", "BCN_0000000007")],
    )
