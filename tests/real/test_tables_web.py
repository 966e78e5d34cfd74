"""Two web atlases against lists of their files, and what publishers say of files that are not at hand."""

import csv
import gzip
import json
import re
from collections import Counter, defaultdict

import pytest

from curate.files import Found
from curate.sources.layout import arrange
from curate.sources.records import keys
from curate.sources.registry import source
from curate.taxonomy.tree import Tree

pytestmark = pytest.mark.real
TREE = Tree.shipped()


def arranged(source_id, paths):
    """Arrange paths as if they were files; return the source, the layout and each picture's row as the adapter leaves it."""
    asked = source(source_id, TREE)
    layout = arrange(asked.declaration, [Found(path, 1, 0, "") for path in sorted(paths)])
    return asked, layout, {native_id: asked.amend(dict(groups)) for native_id, (_, groups) in layout.images.items()}


@pytest.fixture(scope="module")
def dermnet_index(shared):
    with gzip.open(shared / "data" / "tables" / "dermnet_kaggle_index.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def dermnet(dermnet_index):
    return arranged("dermnet", [row["image_path"] for row in dermnet_index])


def cut(name):
    """Cut the running number off a file name, as the reference counts stems."""
    return re.sub(r"-?\d+$", "", name.rsplit(".", 1)[0])


def test_every_picture_of_dermnet_is_read_under_its_path(dermnet, dermnet_index):
    _, layout, rows = dermnet
    assert len(dermnet_index) == 19_559
    assert set(rows) == {row["image_path"].rsplit(".", 1)[0] for row in dermnet_index}
    assert (layout.rejected, layout.ignored) == ([], [])
    assert Counter(row["part"] for row in rows.values()) == Counter(row["split"] for row in dermnet_index)
    assert Counter(row["folder"] for row in rows.values()) == Counter(row["label"] for row in dermnet_index)


def test_stems_of_dermnet_are_those_of_the_label_map_and_straddle_its_split(dermnet, dermnet_index):
    asked, _, rows = dermnet
    by_hand = defaultdict(set)
    for row in dermnet_index:
        by_hand[row["label"], cut(row["filename"])].add(row["split"])
    assert len(by_hand) == 1026
    assert sum(len(parts) == 2 for parts in by_hand.values()) == 562
    bare = defaultdict(set)
    for (folder, stem), parts in by_hand.items():
        bare[folder, stem.rstrip("-")] |= parts
    read = defaultdict(set)
    for row in rows.values():
        read[row["folder"], row["stem"]].add(row["part"])
    assert read == bare
    assert len(read) == 1023  # three names end in a hyphen where others of their stem have a number
    assert sum(len(parts) == 2 for parts in read.values()) == 562
    mapped = {r.native_label for r in asked.label_map if r.field == "stem"}
    assert {stem for _, stem in read} == mapped
    assert {row["folder"] for row in rows.values()} == {r.native_label for r in asked.label_map if r.field == "folder"}


def test_names_of_dermnet_are_no_keys(dermnet, dermnet_index):
    _, layout, _ = dermnet
    places = defaultdict(set)
    for found, _ in layout.images.values():
        part, folder, name = found.path.split("/")
        places[name].add((part, folder))
    assert sum(len(p) > 1 for p in places.values()) == 698
    assert sum(len({folder for _, folder in p}) > 1 for p in places.values()) == 433
    kinds = Counter(row["kind"] for row in dermnet[2].values())
    words = [cut(row["filename"]).casefold() for row in dermnet_index]
    assert kinds["dermoscopic"] == sum(w.endswith("-dermoscopy") for w in words) > 0
    assert kinds["histology"] == sum(w.endswith("-histology") for w in words) > 0


def test_repeated_files_of_dermnet_are_all_in_the_layout(shared, dermnet):
    _, layout, _ = dermnet
    with (shared / "data" / "tables" / "duplicates" / "dermnet_kaggle_exact_duplicates.csv").open(
        encoding="utf-8", newline=""
    ) as handle:
        repeated = list(csv.DictReader(handle))
    assert len(repeated) == 1257
    assert {row["image_path"].rsplit(".", 1)[0] for row in repeated} <= set(layout.images)
    parts, folders = defaultdict(set), defaultdict(set)
    for row in repeated:
        part, folder, _ = row["image_path"].split("/")
        parts[row["file_hash"]].add(part)
        folders[row["file_hash"]].add(folder)
    assert (len(parts), sum(len(p) == 2 for p in parts.values()), sum(len(f) > 1 for f in folders.values())) == (1188, 33, 17)
    again = [count for count in Counter(row["file_hash"] for row in repeated).values() if count > 1]
    assert (len(again), sum(count - 1 for count in again)) == (58, 69)


@pytest.fixture(scope="module")
def sd_128(shared):
    path = shared / "data" / "tables" / "duplicates" / "selfclean" / "SD-128_cleaned_file_list.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        return [row["file_name"] for row in csv.DictReader(handle)]


def test_every_picture_of_sd_128_is_read_and_its_folder_is_known(sd_128):
    asked, layout, rows = arranged("sd_198", sd_128)
    assert len(sd_128) == 5465
    assert set(rows) == {"/".join(path.rsplit(".", 1)[0].split("/")[-2:]) for path in sd_128}
    assert (layout.rejected, layout.ignored) == ([], [])
    assert {row["folder"] for row in rows.values()} <= {r.native_label for r in asked.label_map if r.field == "folder"}
    spec = asked.declaration.record
    images = Counter(key for row in rows.values() for key in keys(spec.image_keys, row))
    assert len(images) == len(sd_128)
    assert set(images.values()) == {1}


def test_a_case_of_sd_128_lies_in_one_folder(sd_128):
    asked, _, rows = arranged("sd_198", sd_128)
    cases = defaultdict(set)
    pictures = Counter()
    for path in sd_128:
        if found := re.search(r"/([^/]+)/(\d+)-[^/]*$", path):
            cases[found[2]].add(found[1])
            pictures[found[2]] += 1
    assert (pictures.total(), len(cases), sum(n > 1 for n in pictures.values())) == (140, 99, 30)
    assert all(len(folders) == 1 for folders in cases.values())
    read = Counter(key for row in rows.values() for key in keys(asked.declaration.record.lesion_keys, row))
    assert read == {f"dermquest:{case}": n for case, n in pictures.items()}


def test_near_duplicates_of_sd_128_that_have_names_are_in_the_layout(shared, sd_128):
    _, layout, _ = arranged("sd_198", sd_128)
    folder = shared / "data" / "tables" / "duplicates" / "selfclean"
    with (folder / "SD-128_issues.csv").open(encoding="utf-8", newline="") as handle:
        pairs = [row for row in csv.DictReader(handle) if row["issue"] == "near_duplicate"]
    assert len(pairs) == 156 == len(json.loads((folder / "SD-128_data_quality_issues.json").read_text("utf-8"))["NearDuplicates"])
    named = {row[side] for row in pairs for side in ("name_a", "name_b") if "/" in row[side]}
    assert named
    assert {"/".join(name.rsplit(".", 1)[0].split("/")[-2:]) for name in named} <= set(layout.images)
