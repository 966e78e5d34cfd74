"""A folder of lists as people publish them: pairs, groups, and lists that give no pairs."""

import gzip
from pathlib import Path

from tests.data.native import Expected, write_table

HEADERS = {
    "newly_discovered_duplicates.csv": "similarity,from_img,to_img",
    "ISIC_2020_Training_Duplicates.csv": "image_name_1,image_name_2",
}
A, B, C = (letter * 32 for letter in "abc")


def make(folder: Path) -> Expected:
    """Write eight lists of ten pairs in all (and one pair twice, one blank), six lists without pairs, and notes."""
    write_table(
        folder / "newly_discovered_duplicates.csv",
        HEADERS["newly_discovered_duplicates.csv"],
        [[0.98, "ISIC_0025001.jpg", "ISIC_0025002.jpg"]],
    )
    write_table(
        folder / "ISIC_2020_Training_Duplicates.csv",
        HEADERS["ISIC_2020_Training_Duplicates.csv"],
        [["ISIC_0090001", "ISIC_0080001"], ["ISIC_0080001", "ISIC_0090001"], ["ISIC_0090001", ""]],
    )
    write_table(
        folder / "duplicates_isic_archive_2017.csv",
        "group,image_id,isic_2017_split,diagnosis",
        [["g1", f"ISIC_000100{n}", part, "nevus"] for n, part in ((1, ""), (2, "train"), (3, "test"))]
        + [["g2", f"ISIC_000100{n}", "", label] for n, label in ((4, "nevus"), (5, "melanoma"))],
    )
    issues = "issue,index_a,index_b,selected_index,name_a,name_b,name_basis"
    pad = [["near_duplicate", 1, 2, 2, "PAT_5_1_1.png", "PAT_5_2_2.png", "x"], ["irrelevant", 3, "", "", "PAT_6_1_1.png", "", "x"]]
    write_table(folder / "PAD-UFES-20_issues.csv", issues, pad)
    write_table(folder / "DDI_issues.csv", issues, [["near_duplicate", 1, 2, 2, "000011.png", "000012.png", "x"]])
    write_table(folder / "fitzpatrick17k_nearest_pairs.csv", "md5hash_a,md5hash_b,label_a,label_b", [[A, B, "acne", "acne"]])
    write_table(folder / "own" / "image_pairs_2024.csv", "image_a,image_b,why", [["isic:ISIC_0001001", "ddi:000011", "seen"]])
    write_table(
        folder / "own" / "image_groups.csv", "group,image", [[1, f"fitzpatrick17k:{A}"], [1, f"fitzpatrick17k:{C}"], [2, "ddi:1"]]
    )
    # lists without pairs
    write_table(folder / "near_duplicates_different_times.csv", "similarity,from_img,to_img", [[0.96, "ISIC_1.jpg", "ISIC_2.jpg"]])
    (folder / "isic_challenges_2016_2020_removed.csv.gz").write_bytes(gzip.compress(b"list,file\n01,2019/ISIC_0000001.jpg\n"))
    write_table(folder / "PAD-UFES-20_cleaned_file_list.csv", "file_name", [["PAT_5_2_2.png"]])
    write_table(folder / "fitzpatrick17k_cleanlab_only_duplicates.csv", "image1,image2", [["/a_1.jpg", "/a_2.jpg"]])
    write_table(folder / "SD-128_issues.csv", issues, [["near_duplicate", 1, 2, 2, "", "a.jpg", "inferred"]])
    (folder / "PAD_issues.pickle").write_bytes(b"\x80\x04.")
    (folder / "notes.txt").write_text("of no list", encoding="utf-8")
    # 1 + 1 (twice in another order) + 2 + 1 + 1 + 1 + 1 + 1 + 1
    return Expected(images=0, tables=8, ignored=7, relations=10, rows_rejected=1)
