"""Fitzpatrick 17k: a table, and pictures named by the MD5 of what was fetched."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "fitzpatrick17k.csv": "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,nine_partition_label,three_partition_label,"
    "qc,url,url_alphanum"
}
DERMAAMIN = "https://www.dermaamin.com/site/images/clinical-pic"
ATLAS = "http://atlasdermatologico.com.br/img?imageId=1"


def md5(digit: str) -> str:
    return digit * 32


def make(folder: Path) -> Expected:
    """Write six pictures (one without a row) and six rows (one without a picture).

    One folder of the first atlas refines the label, one contradicts it; the second atlas has none; one row has no url.
    """
    benign, inflamed = ["benign dermal", "benign"], ["inflammatory", "non-neoplastic"]
    rows = [
        [md5("a"), 2, 3, "dermatofibroma", *benign, "", f"{DERMAAMIN}/d/dermatofibroma/dermatofibroma1.jpg", ""],
        [md5("b"), 4, 4, "milia", "benign epidermal", "benign", "", f"{DERMAAMIN}/m/miliaria/miliaria1.jpg", ""],
        [md5("c"), 5, -1, "acne", *inflamed, "1 Diagnostic", f"{DERMAAMIN}/a/acne_comedonal/acne_comedonal1.jpg", ""],
        [md5("d"), -1, 6, "psoriasis", *inflamed, "5 Potentially", ATLAS, ""],
        [md5("e"), 6, 6, "psoriasis", *inflamed, "3 Wrongly labelled", "", ""],
        [md5("f"), 1, 1, "psoriasis", *inflamed, "", ATLAS, ""],
    ]
    write_table(folder / "fitzpatrick17k.csv", HEADERS["fitzpatrick17k.csv"], rows)
    for n, digit in enumerate("abcde0"):
        save(folder / "images" / f"{md5(digit)}.jpg", n)
    save(folder / "images" / "httpatlasdermatologicocombrimgimageId1.jpg", 9)
    return Expected(
        images=6,
        tables=1,
        ignored=1,
        rows=6,
        without_picture=1,
        nodes={
            md5("a"): "dermatofibroma",
            md5("b"): "milium",  # the label leads, the folder's disagreement is told
            md5("c"): "comedonal acne",
            md5("e"): "psoriasis",
            md5("0"): None,
        },
        facts={
            md5("a"): {"skin_type": "II", "modality": "clinical", "attribution": "dermaamin.com", "confirmation": None},
            md5("c"): {"skin_type": "V", "confirmation": "clinical", "licence": "CC-BY-NC-SA-3.0"},
            md5("d"): {"skin_type": None, "confirmation": None, "attribution": "atlasdermatologico.com.br"},
            md5("e"): {
                "confirmation": None,
                "attribution": "DermaAmin and Atlas Dermatologico; annotations by M. Groh et al.",
                "image_keys": [f"fitzpatrick17k:{md5('e')}"],
            },
            md5("f"): {"image_id": None, "skin_type": "I"},
        },
        apart=[(md5("a"), md5("b"))],
    )
