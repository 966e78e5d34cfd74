"""Tests and drawn sets are checked from the frozen rows: what was put in, left out or counted wrongly is found."""

import hashlib
import json
import shutil

import pandas as pd
import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError, NotReadyError
from curate.manifest.freeze import freeze
from curate.manifest.pictures import Pictures
from curate.manifest.proof import prove
from curate.manifest.verify import verify
from curate.pipeline import run_project
from curate.report.build import build_report
from curate.splits.stage import split
from curate.splits.test_sets import Balanced, BinaryTest, Readers, Sets
from curate.taxonomy.tree import Tree
from curate.terminal import Terminal
from tests.manifest.bad import Copy
from tests.manifest.redrawn import redraw

BOTH = BinaryTest(
    name="both",
    malignant=("DC:0000018", "DC:0000014"),
    benign=("DC:0000017",),
    readers=Readers(size=5, quota={"malignant": 2, "benign": 3}, least_side=100),
)
CLINICAL = BOTH.model_copy(update={"name": "clinical", "modality": "clinical", "readers": None})
EVEN = Balanced(name="even", level="three")  # as many of each as the smallest class has
SETS = Sets(
    binary=(BOTH, CLINICAL), balanced=(Balanced(name="three", level="three", each=1), Balanced(name="few", level="nine"), EVEN)
)
TESTED = "ham10000:ISIC_0000005"  # benign, dermoscopic


@pytest.fixture
def copy(good, tmp_path):
    made = Copy(good, tmp_path / good.name)
    redraw(made.images, made.classes, made.info, SETS)
    return made


def wrong(copy) -> dict[int, list[str]]:
    copy.write()
    found: dict[int, list[str]] = {}
    for violation in verify(copy.folder).violations:
        found.setdefault(violation.invariant, []).append(violation.message)
    return found


def one(copy, kind, name):
    return next(entry for entry in copy.info["drawn_sets"][kind] if entry["name"] == name)


def members(copy, name, column="reader_sets"):
    return [row for row in copy.images if name in row[column]]


def test_there_is_nothing_to_say_of_what_was_drawn(copy):
    assert wrong(copy) == {}
    assert prove(copy.folder)["ok"]
    assert [len(members(copy, n, "tests")) for n in ("both", "clinical")] == [7, 3]
    assert len(members(copy, "both-readers")) == 5


def leaves_the_test(copy):
    row = members(copy, "both", "tests")[0]
    row["tests"].remove("both")


def enters_from_train(copy):
    row = copy.single("train", "DC:0000611") if any(r["node_id"] == "DC:0000611" for r in copy.images) else copy.single("train")
    row["tests"] = ["both"]


def enters_with_another_modality(copy):
    copy[TESTED]["tests"] = ["both", "clinical"]


def is_called_malignant(copy):
    one(copy, "tests", "both")["classes"][0]["nodes"].append("DC:0000017")


def easy_one_for_a_hard_one(copy):
    shown = members(copy, "both-readers")
    outside = next(r for r in members(copy, "both", "tests") if r not in shown)
    same = next(r for r in shown if r["three_class"] == outside["three_class"])
    same["reader_sets"].remove("both-readers")
    outside["reader_sets"] = ["both-readers"]


def removed_without_a_reader(copy):
    row = members(copy, "both-readers")[0]
    row["reader_sets"].remove("both-readers")
    entry = one(copy, "reader_sets", "both-readers")
    part = next(p for p in entry["classes"] if p["class"] == row["three_class"])
    part["removed"], part["kept"] = {"reader": 1}, part["kept"] - 1
    entry["removed"] = [{"image_id": row["image_id"], "class": part["class"], "reason": "reader", "reader": None, "words": None}]


def removed_by_a_reader_who_says_nothing(copy):
    removed_without_a_reader(copy)
    one(copy, "reader_sets", "both-readers")["removed"][0]["reader"] = "R1"


def one_is_removed_by_a_reader(copy):
    removed_without_a_reader(copy)
    one(copy, "reader_sets", "both-readers")["removed"][0].update(reader="R1", words="dark")


def large_one_is_called_small(copy):
    removed_without_a_reader(copy)
    entry = one(copy, "reader_sets", "both-readers")
    entry["removed"][0]["reason"] = "small"
    for part in entry["classes"]:
        part["removed"] = {"small" if why == "reader" else why: n for why, n in part["removed"].items()}


def removed_twice(copy):
    """So one more seems to be gone than is."""
    removed_without_a_reader(copy)
    entry = one(copy, "reader_sets", "both-readers")
    entry["removed"][0].update(reader="R1", words="dark")
    entry["removed"] *= 2
    part = next(p for p in entry["classes"] if p["removed"])
    part["removed"], part["kept"] = {"reader": 2}, part["kept"] - 1


def removed_and_never_drawn(copy):
    """So one fewer seems to be shown than is."""
    entry, shown = one(copy, "reader_sets", "both-readers"), members(copy, "both-readers")
    row = next(r for r in members(copy, "both", "tests") if r not in shown)
    part = next(p for p in entry["classes"] if p["class"] == row["three_class"])
    part["removed"], part["kept"] = {"reader": 1}, part["kept"] - 1
    entry["removed"] = [{"image_id": row["image_id"], "class": part["class"], "reason": "reader", "reader": "R1", "words": "dark"}]


def sides_change_places(copy):
    one(copy, "tests", "both")["classes"].reverse()


def small_one_is_kept(copy):
    one(copy, "reader_sets", "both-readers")["least_side"] = 200


def counts_of_the_test(copy):
    one(copy, "tests", "both")["classes"][1]["found"] += 1


def more_are_said_to_be_confirmed(copy):
    one(copy, "tests", "clinical")["classes"][1]["confirmed"] -= 1


def counts_of_the_draw(copy):
    one(copy, "reader_sets", "both-readers")["classes"][0]["available"] += 1


def quota_of_its_own(copy):
    entry = one(copy, "reader_sets", "both-readers")
    entry["quota"] = {"malignant": 1, "benign": 4}


def size_of_another(copy):
    one(copy, "reader_sets", "both-readers")["size"] += 1


def drawn_anew(copy, size, quota, asked):
    """Draw the set for readers by a quota and numbers asked of its classes."""
    entry = one(copy, "reader_sets", "both-readers")
    entry["size"], entry["quota"] = size, quota
    for row in copy.images:
        row["reader_sets"] = [n for n in row["reader_sets"] if n != "both-readers"]
    for part, number in zip(entry["classes"], asked, strict=True):
        pool = [r for r in members(copy, "both", "tests") if r["three_class"] == part["class"]]
        pool.sort(key=lambda r: hashlib.sha256(f"{copy.info['seed']}\nset\nboth-readers\n{r['image_id']}".encode()).hexdigest())
        for row in pool[:number]:
            row["reader_sets"] = sorted([*row["reader_sets"], "both-readers"])
        part["asked"], part["drawn"], part["kept"] = number, min(len(pool), number), min(len(pool), number)


def leaves_the_set(copy):
    members(copy, "both-readers")[0]["reader_sets"].remove("both-readers")


def class_is_listed_twice(copy):
    classes = one(copy, "reader_sets", "few")["classes"]
    classes.append(dict(classes[0]))


def about_half_of_each(copy):
    drawn_anew(copy, 5, "equal", (2, 3))


def in_proportion(copy):
    found = [part["available"] for part in one(copy, "reader_sets", "both-readers")["classes"]]
    drawn_anew(copy, sum(found), "proportional", found)


def most_of_validation_is_in_no_set(copy):
    redraw(copy.images, copy.classes, copy.info, Sets(binary=(BOTH,), balanced=SETS.balanced[:1]))
    assert [row for row in copy.images if row["split"] == "validation" and not row["reader_sets"]]


def equal_and_is_not(copy):
    drawn_anew(copy, 5, "equal", (1, 4))


def equal_but_for_one(copy):
    drawn_anew(copy, 6, "equal", (2, 4))


def one_class_is_not_asked_for(copy):
    drawn_anew(copy, 2, {"malignant": 2}, (2, 0))


def more_of_each_is_stated(copy):
    entry = one(copy, "reader_sets", "three")
    entry["each"], entry["balanced"] = 2, all(part["available"] >= 2 for part in entry["classes"])


def said_to_be_balanced(copy):
    entry = one(copy, "reader_sets", "few")
    assert not entry["balanced"]
    entry["balanced"] = True


def smallest_is_another(copy):
    one(copy, "reader_sets", "three")["smallest"] = True
    one(copy, "reader_sets", "three")["each"] = 2


def class_is_left_out(copy):
    classes = one(copy, "reader_sets", "few")["classes"]
    classes.remove(next(part for part in classes if not part["available"]))


def set_that_nobody_lists(copy):
    copy[TESTED]["reader_sets"] = ["mine"]


def named_twice(copy):
    row = members(copy, "both", "tests")[0]
    row["tests"] = ["both", *row["tests"]]


def listed_twice(copy):
    copy.info["drawn_sets"]["tests"].append(one(copy, "tests", "clinical"))


def nothing_is_stated(copy):
    del copy.info["drawn_sets"]


def one_is_as_small_as_may_be(copy):
    sides = [min(row["width"], row["height"]) for row in members(copy, "both-readers")]
    one(copy, "reader_sets", "both-readers")["least_side"] = min(sides)


def one_is_of_unknown_modality(copy):
    copy[TESTED]["modality"] = None
    redraw(copy.images, copy.classes, copy.info, SETS)
    assert one(copy, "tests", "clinical")["classes"][1]["removed"]["modality_unknown"] == 1


CHEATS = [  # what is done, the invariants that it breaks, and words that name it
    (leaves_the_test, {3, 5}, "not in the test both"),
    (enters_from_train, {3}, ": in the test both, with split train"),
    (enters_with_another_modality, {3, 5}, ": in the test clinical, with split test, class benign, modality dermoscopic"),
    (is_called_malignant, {3, 5}, "of both classes of the test both"),
    (easy_one_for_a_hard_one, {3}, "the draw does not give it"),
    (leaves_the_set, {3}, "and the draw gives it"),
    (class_is_listed_twice, {5}, "set few: its classes are not"),
    (removed_without_a_reader, {3}, "removed without a reader who says why"),
    (removed_by_a_reader_who_says_nothing, {3}, "removed without a reader who says why"),
    (removed_twice, {3}, "is removed 2 times"),
    (removed_and_never_drawn, {3}, "and was not drawn so"),
    (sides_change_places, {5}, "test both: its classes are not malignant and benign"),
    (large_one_is_called_small, {3}, "removed as small and is not"),
    (small_one_is_kept, {3}, "small and kept"),
    (counts_of_the_test, {5}, "test both, benign: found"),
    (more_are_said_to_be_confirmed, {5}, "test clinical, benign: confirmed"),
    (counts_of_the_draw, {5}, "set both-readers, malignant: available"),
    (quota_of_its_own, {5}, "the quota"),
    (size_of_another, {5}, "5 asked of its classes, and its size is 6"),
    (equal_and_is_not, {5}, "the quota equal gives 2.5"),
    (equal_but_for_one, {5}, "the quota equal gives 3"),
    (more_of_each_is_stated, {5}, "asked [1], and 2 of each class are stated"),
    (said_to_be_balanced, {5}, "balanced is True"),
    (smallest_is_another, {5}, "the smallest class has"),
    (class_is_left_out, {5}, "its classes are not"),
    (set_that_nobody_lists, {0}, "in the set mine, which manifest.json does not list"),
    (named_twice, {0}, "one is named twice"),
    (listed_twice, {0}, "lists the set clinical 2 times"),
    (nothing_is_stated, {0}, "which manifest.json does not list"),
]
FINE = [
    about_half_of_each,
    in_proportion,
    most_of_validation_is_in_no_set,
    one_is_as_small_as_may_be,
    one_class_is_not_asked_for,
    one_is_removed_by_a_reader,
    one_is_of_unknown_modality,
]


@pytest.mark.parametrize("change", FINE)
def test_what_is_as_it_may_be_is_no_violation(copy, change):
    change(copy)
    assert wrong(copy) == {}


@pytest.mark.parametrize(("cheat", "broken", "message"), CHEATS)
def test_a_set_that_is_not_what_it_says_is_found(copy, cheat, broken, message):
    cheat(copy)
    found = wrong(copy)
    assert found.keys() == broken, found
    assert any(message in m for m in found[min(broken)] + found[max(broken)]), found


@pytest.fixture(scope="module")
def workspace(frozen, project, tmp_path_factory):
    place = tmp_path_factory.mktemp("sets")
    shutil.copytree(project.workspace, place / "workspace")
    return place / "workspace"


def test_from_the_project_file_to_the_report(workspace, project, tmp_path):
    """Counted again with pandas from the frozen table; the list takes one out, the report says so."""
    listed = tmp_path / "not_shown.csv"
    everything = Sets(
        binary=(BOTH.model_copy(update={"readers": Readers(size=30, least_side=100)}),), balanced=(), exclusions=listed
    )
    asked = project.split.model_copy(update={"test": 0.5, "validation": 0.2, "folds": 0})
    with Catalogue.read(workspace) as catalogue:
        some = [i for (i,) in catalogue.rows("SELECT image_id FROM assignments WHERE split = 'test' ORDER BY 1")]
    header = "image_id,reader,reason\n"
    listed.write_text(header + "".join(f'{i},R7,"out of focus, twice"\n' for i in some[:3]))
    made = project.model_copy(
        update={
            "name": "sets",
            "workspace": workspace,
            "split": asked,
            "tests": everything,
            "manifest": project.manifest.model_copy(update={"out": tmp_path}),
        }
    )
    result = run_project(made, LocalEngine(1), Terminal(quiet=True))
    folder = tmp_path / "sets"
    frame = pd.read_parquet(folder / "images.parquet")
    info = json.loads((folder / "manifest.json").read_text())
    (entry,) = info["drawn_sets"]["reader_sets"]
    shown = frame[[("both-readers" in names) for names in frame.reader_sets]]
    tested = frame[[("both" in names) for names in frame.tests]]
    nine = {"epidermal-tumor-malignant", "pigmented-lesion-malignant", "pigmented-lesion-benign"}
    assert set(tested.image_id) == set(frame[(frame.split == "test") & frame.nine_class.isin(nine)].image_id)
    out = set(some[:3]) & set(tested.image_id)
    assert set(shown.image_id) == set(tested.image_id) - out
    assert {(r["image_id"], r["reader"], r["words"]) for r in entry["removed"]} == {(i, "R7", "out of focus, twice") for i in out}
    assert [p["kept"] for p in entry["classes"]] == [int((shown.three_class == c).sum()) for c in ("malignant", "benign")]
    rows = pd.read_csv(tmp_path / "sets.report" / "drawn_sets.csv")
    assert rows[rows.set == "both-readers"].kept.sum() == len(shown)
    assert "Tests and drawn sets" in (tmp_path / "sets.report" / "index.html").read_text(encoding="utf-8")
    assert result["digest"]

    # another list is another split; one that names what is not there is refused
    listed.write_text(header)
    with Catalogue.write(workspace, "a test") as catalogue:
        with pytest.raises(NotReadyError, match="older"):
            freeze(catalogue, Tree.shipped(), "again", tmp_path)
        listed.write_text(header + "ham10000:none,R7,dark\n")
        with pytest.raises(InputError, match="ham10000:none, which is not in the catalogue"):
            split(catalogue, asked, Tree.shipped(), sets=everything)
        for nodes, message in ((("DC:9999999",), "the taxonomy lacks"), (("DC:0000001",), "one lies below the other")):
            odd = BOTH.model_copy(update={"benign": nodes, "malignant": ("DC:0000017",)})
            with pytest.raises(InputError, match=message):
                split(catalogue, asked, Tree.shipped(), sets=Sets(binary=(odd,), balanced=()))


def test_the_report_of_the_paper_s_sets_says_which_of_its_numbers_do_not_close(good, tmp_path):
    build_report(good, Pictures({}), tmp_path / "r")
    text = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert "5 of 18 sums do not close" in text
    assert "129,405" in text
