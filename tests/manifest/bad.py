"""Bad manifests by name: each a real way to cheat or to fail, made of one good manifest; and some at the edge that are not bad.

Whoever cheats here knows the format: both forms of the tables are written anew, every count is repaired and SHA256SUMS made
again, so that nothing but the named thing is wrong. Each states the invariants that it breaks, and no other may be reported.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.manifest.folder import minor_of
from curate.manifest.read import load
from curate.manifest.schema import EDGES, IMAGES
from curate.manifest.text import text_lines
from tests.conftest import CHECKOUT
from tests.manifest.redrawn import redraw
from tests.manifest.tampering import repair_about, repair_sums

Rows = list[dict[str, Any]]
GIVEN = ("train", "validation", "test")
NEVUS, MELANOMA = "DC:0000017", "DC:0000018"
(OTHER,) = (CHECKOUT / "data_manifests").iterdir()  # the small example of drawn pictures


class Copy:
    """A copy of the good manifest in memory, to be changed and written."""

    def __init__(self, good: Path, folder: Path) -> None:
        self.good, self.folder = good, folder
        self.images: Rows = pq.ParquetFile(good / "images.parquet").read().to_pylist()
        self.edges: Rows = pq.ParquetFile(good / "edges.parquet").read().to_pylist()
        self.classes = json.loads((good / "classes.json").read_text(encoding="utf-8"))
        self.info = json.loads((good / "manifest.json").read_text(encoding="utf-8"))

    def __getitem__(self, image: str) -> dict[str, Any]:
        return next(row for row in self.images if row["image_id"] == image)

    def single(self, split: str, node: str | None = None) -> dict[str, Any]:
        """Return the first image of a split (and node) that no edge joins to another."""
        ends = {edge[end] for edge in self.edges for end in ("image_a", "image_b")}
        rows = (row for row in self.images if row["split"] == split and row["image_id"] not in ends)
        return next(row for row in rows if node in (None, row["node_id"]))

    def pair(self, evidence: str, split: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the first two images of a split that an edge of a kind joins."""
        for edge in self.edges:
            a, b = self[edge["image_a"]], self[edge["image_b"]]
            if edge["evidence"] == evidence and a["split"] == b["split"] == split:
                return a, b
        raise LookupError(f"no {evidence} edge in {split}")

    def link(self, a: dict[str, Any], b: dict[str, Any]) -> None:
        """Add an edge by hash between two images; their components stay as they are."""
        a, b = sorted((a, b), key=lambda row: row["image_id"])
        hashed = next(edge for edge in self.edges if edge["evidence"] == "hash")
        self.edges.append({**hashed, "image_a": a["image_id"], "image_b": b["image_id"]})
        self.edges.sort(key=lambda edge: (edge["image_a"], edge["image_b"], edge["evidence"]))

    def unlink(self, a: dict[str, Any], b: dict[str, Any]) -> None:
        """Take the edges of a pair away and give the second a component of its own."""
        pair = (a["image_id"], b["image_id"])
        self.edges = [edge for edge in self.edges if (edge["image_a"], edge["image_b"]) != pair]
        b["component"] = "c-0000000000000000"

    def relabel(self, row: dict[str, Any], node: str) -> None:
        """Give an image another node and the classes of that node, as another image has them."""
        like = next(r for r in self.images if r["node_id"] == node and r["training_class"])
        for column in ("node_id", "nine_class", "three_class", "training_class"):
            row[column] = like[column]

    def recount(self) -> None:
        """Make every count fit the rows."""
        sizes = Counter(r["component"] for r in self.images)
        splits = Counter(r["split"] for r in self.images)
        self.info["counts"] = {
            "images": len(self.images),
            "splits": {s: splits[s] for s in (*GIVEN, "excluded")},
            "excluded": dict(Counter(r["excluded_reason"] for r in self.images if r["excluded_reason"])),
            "edges": dict(Counter(e["evidence"] for e in self.edges)),
            "components": len(sizes),
            "components_with_several": sum(1 for n in sizes.values() if n > 1),
            "largest_component": max(sizes.values()),
            "without_nine_class": sum(1 for r in self.images if r["split"] in GIVEN and not r["nine_class"]),
        }
        classes = Counter(r["training_class"] for r in self.images if r["split"] in GIVEN)
        for c in self.classes["training_classes"]:
            c["images"] = classes[c["id"]]
        for source in self.info["sources"]:
            own = [r for r in self.images if r["source"] == source["id"]]
            if "keyed" in source:
                source["keyed"] = {level: sum(1 for r in own if r[f"{level}_keys"]) for level in ("patient", "lesion", "image")}
        redraw(self.images, self.classes, self.info)

    def write(self) -> None:
        """Write all files: the tables in both forms, the objects, the sums."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for stem, rows, schema in (("images", self.images, IMAGES), ("edges", self.edges, EDGES)):
            table = pa.Table.from_pylist(rows, schema=schema)
            pq.write_table(table, self.folder / f"{stem}.parquet")
            (self.folder / f"{stem}.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
        for stem, content in (("classes", self.classes), ("manifest", self.info)):
            (self.folder / f"{stem}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        if minor_of(self.info):
            repair_about(self.folder)
        self.sums()

    def sums(self) -> None:
        repair_sums(self.folder)

    def rewrite(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of a file that is written."""
        path = self.folder / name
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert path.read_bytes() != before


@dataclass(frozen=True)
class Cheat:
    """A bad manifest.

    Attributes:
        make: changes a copy; `before` it is written with counts repaired, or `after`, when it is there.
        broken: the invariants that verification must report, and no other.
        by_proof: those that the stand-alone proof must report, where it sees less: it does not read parquet.
        published: whether the auditor knows the digest of the good one.
    """

    make: Callable[[Copy], object]
    broken: set[int]
    by_proof: set[int]
    when: str
    published: bool


BAD: dict[str, Cheat] = {}


@dataclass
class bad:  # noqa: N801 - reads as the decorator that it is
    """Name a function that makes a bad manifest."""

    broken: set[int]
    by_proof: set[int] | None = field(default=None, kw_only=True)
    when: str = field(default="before", kw_only=True)
    published: bool = field(default=False, kw_only=True)

    def __call__(self, make: Callable[[Copy], object]) -> Callable[[Copy], object]:
        BAD[make.__name__] = Cheat(
            make, self.broken, self.broken if self.by_proof is None else self.by_proof, self.when, self.published
        )
        return make


FINE: dict[str, Callable[[Copy], object]] = {}


def fine(make: Callable[[Copy], object]) -> Callable[[Copy], object]:
    """Name a function that makes a manifest that is as good as the good one, at the edge of what is."""
    FINE[make.__name__] = make
    return make


def make_fine(name: str, good: Path, folder: Path) -> Path:
    """Write a manifest that is fine by its name and return its folder."""
    copy = Copy(good, folder / good.name)
    FINE[name](copy)
    copy.recount()
    copy.write()
    return copy.folder


def make_bad(name: str, good: Path, folder: Path) -> Path:
    """Write a bad manifest by its name and return its folder."""
    cheat, copy = BAD[name], Copy(good, folder / good.name)
    if cheat.when == "before":
        cheat.make(copy)
    copy.recount()
    if cheat.when == "uncounted":
        cheat.make(copy)
    copy.write()
    if cheat.when == "after":
        cheat.make(copy)
    return copy.folder


# ---------------------------------------------------------------- 1 and 2: leaks


@bad({1, 2})
def row_moved_to_another_split(m: Copy) -> None:
    _, b = m.pair("lesion", "train")
    b["split"] = "validation"


@bad({1})
def row_of_a_hash_pair_moved_to_another_fold(m: Copy) -> None:
    _, b = m.pair("hash", "train")
    b["fold"] = (b["fold"] + 1) % 3


@bad({1, 2})
def fold_cuts_a_lesion(m: Copy) -> None:
    _, b = m.pair("lesion", "train")
    b["fold"] = (b["fold"] + 1) % 3


@bad({1})
def link_dropped(m: Copy) -> None:
    m.edges = [e for e in m.edges if e["evidence"] != "hash"]


@bad({2})
def component_cut_into_two_splits(m: Copy) -> None:
    a, b = m.pair("lesion", "train")
    m.unlink(a, b)
    b["split"] = "validation"


@bad({2})
def component_cut_into_two_folds(m: Copy) -> None:
    a, b = m.pair("lesion", "train")
    m.unlink(a, b)
    b["fold"] = (b["fold"] + 1) % 3


@bad({1})
def two_components_under_one_name(m: Copy) -> None:
    a = m.single("train")
    b = next(r for r in m.images if r["fold"] == a["fold"] and r["split"] == "train" and r["component"] != a["component"])
    for row in m.images:
        if row["component"] == b["component"]:
            row["component"] = a["component"]


@bad({1, 2})
def link_between_train_and_test(m: Copy) -> None:
    a, b = m.single("train", NEVUS), m.single("test", NEVUS)
    b["component"] = a["component"]
    m.link(a, b)


@bad({1, 2})
def link_hidden_between_train_and_validation(m: Copy) -> None:
    """Whoever adds evidence and leaves the components alone."""
    m.link(m.single("train"), m.single("validation"))


def shared(m: Copy, column: str, value: object) -> None:
    for split in ("train", "test"):
        m.single(split)[column] = value


@bad({2})
def lesion_key_in_two_splits(m: Copy) -> None:
    shared(m, "lesion_keys", ["ham10000:HAM_9999999"])


@bad({2})
def patient_key_in_two_splits(m: Copy) -> None:
    shared(m, "patient_keys", ["pad_ufes_20:PAT_99"])


@bad({2})
def patient_key_in_two_folds(m: Copy) -> None:
    a = m.single("train")
    b = next(r for r in m.images if r["split"] == "validation" and r["fold"] not in (None, a["fold"]))
    a["patient_keys"] = ["pad_ufes_20:PAT_99"]
    b.update(patient_keys=["pad_ufes_20:PAT_99"], split="train")


@bad({2})
def image_key_in_two_splits(m: Copy) -> None:
    shared(m, "image_keys", ["isic:ISIC_9999999"])


@bad({2})
def bytes_in_two_splits(m: Copy) -> None:
    shared(m, "sha256", "a" * 64)


@bad({2})
def pixels_in_two_splits(m: Copy) -> None:
    shared(m, "pixel_sha256", "b" * 64)


@bad({2})
def level_lowered(m: Copy) -> None:
    m.info["level"] = "lesion"


@bad({2})
def level_lowered_and_the_policys_too(m: Copy) -> None:
    m.info["level"] = m.info["policy"]["level"] = m.info["sources"][2]["level"] = "lesion"


@bad({2})
def level_lowered_where_no_link_tells(m: Copy) -> None:
    m.unlink(*m.pair("patient", "test"))
    m.info["level"] = "lesion"


@bad({1})
def image_left_out_of_the_folds(m: Copy) -> None:
    m.single("train")["fold"] = None


@bad({1})
def test_image_put_in_a_fold(m: Copy) -> None:
    m.single("test")["fold"] = 1


@bad({1})
def fold_that_is_none(m: Copy) -> None:
    m.single("train")["fold"] = m.info["protocol"]["folds"]


@bad({1})
def fold_below_nought(m: Copy) -> None:
    m.single("train")["fold"] = -1


# ---------------------------------------------------------------- 0: rows, edges, form


@bad({0, 1})
def rows_of_a_with_edges_of_b(m: Copy) -> None:
    m.edges = load(OTHER).edges.to_pylist()


@bad({0, 1})
def id_reused_for_another_image(m: Copy) -> None:
    m["isic_challenge_2017:ISIC_0000109"]["image_id"] = "isic_challenge_2017:ISIC_0000108"


@bad({0})
def id_reused_in_other_letter_case(m: Copy) -> None:
    m["isic_challenge_2017:ISIC_0000109"]["image_id"] = "isic_challenge_2017:isic_0000108"


@bad({0})
def file_named_by_two_rows(m: Copy) -> None:
    m["isic_challenge_2017:ISIC_0000109"]["path"] = m["isic_challenge_2017:ISIC_0000108"]["path"]


@bad({0})
def id_of_another_source(m: Copy) -> None:
    m["isic_challenge_2017:ISIC_0000109"]["image_id"] = "isic_challenge_2018:ISIC_0000109"


@bad({0})
def rows_in_another_order(m: Copy) -> None:
    m.images.reverse()


@bad({0})
def path_that_leaves_its_folder(m: Copy) -> None:
    row = m["pad_ufes_20:PAT_4_44_44"]
    row["path"] = row["path"].replace("images/imgs_part_1", "images/../images/imgs_part_1")
    folder = m.info["sources"][2]["folders"][1]
    m.info["sources"][2]["folders"].append({**folder, "folder": "images/../images/imgs_part_1", "files": 1, "images": 1})
    folder["files"] = folder["images"] = folder["images"] - 1


@bad({0, 5})
def path_from_the_root(m: Copy) -> None:
    m.single("train")["path"] = "/etc/passwd"


@bad({0, 5})
def path_on_a_drive(m: Copy) -> None:
    m.single("train")["path"] = "C:/pictures/1.jpg"


@bad({0, 5})
def path_of_another_system(m: Copy) -> None:
    m.single("train")["path"] = "..\\1.jpg"


@bad({0, 5})
def path_of_nothing(m: Copy) -> None:
    m.single("train")["path"] = ""


@bad({0})
def digest_that_is_none(m: Copy) -> None:
    m.single("train")["pixel_sha256"] = "x" * 64


@bad({0})
def digest_cut_short(m: Copy) -> None:
    row = m.single("train")
    row["sha256"] = row["sha256"][:16]


@bad({0})
def link_from_a_later_image_to_an_earlier(m: Copy) -> None:
    edge = m.edges[-1]
    edge["image_a"], edge["image_b"] = edge["image_b"], edge["image_a"]


@bad({0})
def link_from_an_image_to_itself(m: Copy) -> None:
    row = m.single("train")
    m.link(row, row)


@bad({0, 1})
def link_to_no_image(m: Copy) -> None:
    m.edges[-1]["image_b"] = "pad_ufes_20:PAT_99"


@bad({0, 1})
def link_from_no_image(m: Copy) -> None:
    next(e for e in m.edges if e["evidence"] == "patient")["image_a"] = "ham10000:ISIC_0000000"


@bad({0})
def link_twice(m: Copy) -> None:
    m.edges.append(dict(m.edges[-1]))


@bad({0})
def link_of_unknown_evidence(m: Copy) -> None:
    edge = next(e for e in m.edges if e["evidence"] == "hash")
    edge["evidence"] = "rumour"


@bad({0})
def must_link_called_a_candidate(m: Copy) -> None:
    m.edges[0]["must_link"] = False


@bad({0})
def score_above_one(m: Copy) -> None:
    m.edges[0]["score"] = 1.5


@bad({0})
def score_below_nought(m: Copy) -> None:
    m.edges[0]["score"] = -0.5


@bad({0})
def probability_above_one(m: Copy) -> None:
    m.edges[0]["probability"] = 1.5


@bad({0}, by_proof=set())
def more_of_the_nearest_found_than_there_are(m: Copy) -> None:
    m.info["nearest_found"]["points"] = 1.01


@bad({0}, by_proof=set())
def share_of_the_nearest_that_is_no_number(m: Copy) -> None:
    m.info["nearest_found"]["points"] = float("nan")


@bad({0}, by_proof=set())
def share_of_the_nearest_in_words(m: Copy) -> None:
    m.info["nearest_found"]["points"] = "nearly all"


@bad({0})
def sharpness_that_is_no_number(m: Copy) -> None:
    """What is no number is not below the gate's least sharpness."""
    m.single("test")["sharpness"] = float("nan")


@bad({0})
def framing_that_is_no_number(m: Copy) -> None:
    """What is no number is not below the gate's least framing."""
    clinical(m, "test")["framing"] = float("nan")


@bad({0})
def threshold_that_is_no_number(m: Copy) -> None:
    """No measure is below it."""
    m.info["protocol"]["quality"]["least_contrast"] = float("nan")


@bad({0})
def threshold_of_a_modality_that_is_no_number(m: Copy) -> None:
    m.info["protocol"]["quality"]["least_sharpness_of"]["clinical"] = float("-inf")


@bad({0})
def threshold_without_end(m: Copy) -> None:
    """Every measure is below it, and everybody fails: no gate of ours."""
    m.info["protocol"]["quality"]["least_sharpness_of"]["histology"] = float("inf")


@bad({0})
def threshold_that_is_true(m: Copy) -> None:
    """And as good as 1."""
    m.info["protocol"]["quality"]["least_contrast"] = True


@bad({0})
def thresholds_left_out(m: Copy) -> None:
    """As if nobody had known them yet."""
    for name in ("least_sharpness_of", "far_shots", "least_framing"):
        del m.info["protocol"]["quality"][name]


@bad({0})
def far_shots_left_out(m: Copy) -> None:
    clinical(m, "test").update(shot_type="at_distance", framing=None)
    del m.info["protocol"]["quality"]["far_shots"]


def without_column(content: bytes, name: str) -> bytes:
    """Return the text form of a table without one column."""
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    columns = [column for column in rows[0] if column != name]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@bad({0}, when="after")
def column_that_1_0_did_not_have_left_out(m: Copy) -> None:
    """Schema 1.1 has it, so that its text form hides something."""
    m.rewrite("images.csv", lambda content: without_column(content, "framing"))
    m.sums()


@bad({0})
def word_on_growth_left_out(m: Copy) -> None:
    """Schema 1.1 says of each manifest which one it extends, or that it extends none."""
    del m.info["extends"]


@bad({0, 3}, by_proof={0})
def thresholds_by_modality_in_a_list(m: Copy) -> None:
    m.info["protocol"]["quality"]["least_sharpness_of"] = [["clinical", 8.0]]


@bad({0, 3}, by_proof={0})
def threshold_of_a_modality_in_words(m: Copy) -> None:
    m.info["protocol"]["quality"]["least_sharpness_of"]["clinical"] = "8"


@bad({0})
def threshold_of_no_picture_in_words(m: Copy) -> None:
    m.info["protocol"]["quality"]["least_sharpness_of"]["confocal"] = "8"


@bad({0, 3}, by_proof={0})
def far_shots_in_one_word(m: Copy) -> None:
    m.info["protocol"]["quality"]["far_shots"] = "at_distance"


@bad({0})
def far_shots_that_are_no_words(m: Copy) -> None:
    m.info["protocol"]["quality"]["far_shots"] = ["at_distance", 1]


@bad({0, 3}, by_proof={0})
def gate_that_is_a_number(m: Copy) -> None:
    m.info["protocol"]["quality"] = 4


@bad({0}, when="after")
def level_said_twice(m: Copy) -> None:
    """Programs differ in which of the two they believe."""
    m.rewrite("manifest.json", lambda text: text.replace(b'"level": "patient",', b'"level": "lesion", "level": "patient",', 1))
    m.sums()


@bad({0})
def what_was_not_checked_left_unsaid(m: Copy) -> None:
    m.info["not_checked"] = "nothing"


# ---------------------------------------------------------------- 3 and 4: what is held out


@bad({3})
def test_image_of_a_source_that_is_not_independent(m: Copy) -> None:
    row = next(r for r in m.images if r["source"] == "isic_challenge_2017" and r["split"] == "validation")
    row.update(split="test", fold=None, confirmation="histopathology")


@bad({3})
def source_called_independent_on_its_rows_only(m: Copy) -> None:
    row = next(r for r in m.images if r["source"] == "isic_challenge_2017" and r["split"] == "validation")
    row.update(split="test", fold=None, confirmation="histopathology", independent=True)


@bad({3})
def source_called_independent_in_the_list_only(m: Copy) -> None:
    m.info["sources"][1]["independent"] = True


@bad({3})
def test_image_unconfirmed(m: Copy) -> None:
    m.single("test")["confirmation"] = "clinical"


@bad({3})
def paper_protocol_that_asks_for_less(m: Copy) -> None:
    m.single("test")["confirmation"] = "clinical"
    m.info["protocol"]["test_requires"]["confirmed"] = False


@bad({3})
def paper_protocol_that_asks_for_no_independence(m: Copy) -> None:
    m.info["protocol"]["test_requires"]["independent"] = False


@bad({3})
def test_image_blurred(m: Copy) -> None:
    m.single("test").update(sharpness=0.5, quality_fail="blurred")


@bad({3})
def test_image_blurred_and_not_said(m: Copy) -> None:
    m.single("test")["sharpness"] = 0.5


@bad({3})
def validation_image_too_small(m: Copy) -> None:
    m.single("validation").update(width=40, height=30, quality_fail="small")


@bad({3})
def verdict_that_no_measure_bears_out(m: Copy) -> None:
    m.single("train")["quality_fail"] = "blurred"


def clinical(m: Copy, split: str) -> dict[str, Any]:
    """Return the first clinical image of a split; it has no kind of shot, and was measured."""
    return next(r for r in m.images if r["split"] == split and r["modality"] == "clinical" and r["framing"] is not None)


def poor(m: Copy, **more: Any) -> dict[str, Any]:
    """Make an image of train one of poor quality, pinned with its component as it should be."""
    row = m.single("train")
    row.update(pinned="quality", fold=None, **more)
    return row


@bad({3})
def test_image_taken_from_afar(m: Copy) -> None:
    clinical(m, "test").update(framing=0.05, quality_fail="far")


@bad({3})
def test_image_taken_from_afar_and_not_said(m: Copy) -> None:
    clinical(m, "test")["framing"] = 0.0699


@bad({3})
def test_image_whose_distance_was_never_measured(m: Copy) -> None:
    """What is not there is not below the gate's least framing."""
    clinical(m, "test")["framing"] = None


@bad({3})
def image_to_train_with_whose_distance_was_never_measured(m: Copy) -> None:
    """It is held to its verdict as any other."""
    clinical(m, "train")["framing"] = None


@bad({3})
def test_image_that_its_publisher_calls_distant(m: Copy) -> None:
    clinical(m, "test").update(shot_type="at_distance", framing=None, quality_fail="far")


@bad({3})
def validation_image_that_its_publisher_calls_distant_and_not_said(m: Copy) -> None:
    m.single("validation")["shot_type"] = "at_distance"


@bad({3})
def framing_that_counts_where_it_is_of_no_account(m: Copy) -> None:
    """Of other modalities, and where a kind of shot is given, it is null."""
    m.single("train")["framing"] = 0.01


@bad({3})
def picture_called_distant_for_nothing(m: Copy) -> None:
    poor(m, quality_fail="far")


@bad({3})
def validation_image_that_a_reviewer_took_out(m: Copy) -> None:
    m.single("validation").update(quality_word="unfit", quality_fail="reviewer")


@bad({3})
def word_of_a_reviewer_that_was_not_heeded(m: Copy) -> None:
    m.single("test")["quality_word"] = "unfit"


@bad({3})
def word_of_a_reviewer_that_nobody_said(m: Copy) -> None:
    poor(m, quality_fail="reviewer")


@bad({3})
def picture_called_blurred_that_a_reviewer_calls_fit(m: Copy) -> None:
    poor(m, sharpness=1.0, quality_word="fit", quality_fail="blurred")


@bad({3})
def picture_called_blurred_where_a_reviewer_s_word_goes_before(m: Copy) -> None:
    poor(m, sharpness=1.0, quality_word="unfit", quality_fail="reviewer,blurred")


@bad({3})
def word_that_is_none(m: Copy) -> None:
    m.single("train")["quality_word"] = "perhaps"


@bad({3})
def word_that_is_none_taken_for_unfit(m: Copy) -> None:
    poor(m, quality_word="perhaps", quality_fail="reviewer")


@bad({3})
def word_taken_back_and_still_there(m: Copy) -> None:
    m.single("train")["quality_word"] = "unsure"


@bad({3})
def threshold_lowered_in_the_statement_alone(m: Copy) -> None:
    poor(m, sharpness=5.0, quality_fail="blurred")
    m.info["protocol"]["quality"]["least_sharpness_of"]["dermoscopic"] = 5.0


@bad({3})
def threshold_raised_in_the_statement_alone(m: Copy) -> None:
    m.info["protocol"]["quality"]["least_framing"] = 0.9


@bad({3})
def kind_of_shot_let_through_in_the_statement_alone(m: Copy) -> None:
    poor(m, shot_type="at_distance", quality_fail="far")
    m.info["protocol"]["quality"]["far_shots"] = []


@bad({4})
def pinned_image_in_test(m: Copy) -> None:
    m.single("test")["pinned"] = "over_budget"


@bad({4})
def pinned_image_in_a_fold(m: Copy) -> None:
    m.single("train")["pinned"] = "over_budget"


@bad({4})
def pinned_image_excluded(m: Copy) -> None:
    next(r for r in m.images if r["split"] == "excluded")["pinned"] = "quality"


@bad({4})
def pinned_image_in_validation(m: Copy) -> None:
    m.single("validation").update(pinned="over_budget", fold=None)


@bad({4})
def component_pinned_in_part(m: Copy) -> None:
    a, _ = m.pair("lesion", "train")
    a.update(pinned="quality", fold=None)


# ---------------------------------------------------------------- 5: nothing is lost


@bad({5}, when="uncounted")
def counts_that_do_not_close(m: Copy) -> None:
    m.info["counts"]["splits"]["train"] += 1


@bad({5})
def image_lost(m: Copy) -> None:
    m.images.remove(m.single("train"))


@bad({5})
def folder_left_out_of_the_account(m: Copy) -> None:
    del m.info["sources"][0]["folders"][1]


@bad({5})
def source_left_out_of_the_account(m: Copy) -> None:
    del m.info["sources"][2]


@bad({5})
def source_listed_twice(m: Copy) -> None:
    m.info["sources"].append({**m.info["sources"][2], "folders": []})


@bad({5})
def folder_listed_twice(m: Copy) -> None:
    folders = m.info["sources"][2]["folders"]
    folders.append(dict(folders[1]))


@bad({5})
def rejected_file_forgotten(m: Copy) -> None:
    m.info["rejected"].clear()


@bad({5})
def files_that_do_not_add_up(m: Copy) -> None:
    m.info["sources"][0]["folders"][0]["files"] = 99


@bad({5}, by_proof=set(), when="uncounted")
def more_images_with_a_lesion_key_than_have_one(m: Copy) -> None:
    m.info["sources"][0]["keyed"]["lesion"] += 1


@bad({5}, by_proof=set(), when="uncounted")
def keys_of_patients_kept_quiet(m: Copy) -> None:
    m.info["sources"][2]["keyed"]["patient"] = 0


@bad({5}, by_proof=set())
def level_that_no_image_of_the_source_reaches(m: Copy) -> None:
    """HAM10000 knows lesions, and no patients."""
    m.info["sources"][0]["level"] = "patient"


@bad({5}, by_proof=set())
def level_that_is_none(m: Copy) -> None:
    m.info["sources"][0]["level"] = "person"


@bad({5}, by_proof=set())
def level_of_pixels_where_pictures_have_ids(m: Copy) -> None:
    m.info["sources"][1]["level"] = "pixels"


@bad({5}, by_proof=set())
def level_of_patients_that_the_policy_does_not_count(m: Copy) -> None:
    lesion_level(m)
    m.info["sources"][2]["level"] = "patient"


@bad({5}, by_proof=set())
def how_many_reach_a_level_that_is_not_stated(m: Copy) -> None:
    del m.info["sources"][1]["level"]


@bad({5}, by_proof=set())
def level_overstated_behind_a_source_that_states_none(m: Copy) -> None:
    levels_that_are_not_stated(m)
    m.info["sources"][1]["level"] = "patient"


@bad({5}, by_proof=set(), when="uncounted")
def level_without_how_many_reach_it(m: Copy) -> None:
    del m.info["sources"][1]["keyed"]


@bad({5})
def excluded_without_reason(m: Copy) -> None:
    m.single("train").update(split="excluded", fold=None, training_class=None)


@bad({5})
def split_that_is_none(m: Copy) -> None:
    """An image that no reader takes, and no count names as excluded."""
    m.single("test").update(split="tset", training_class=None)


# ---------------------------------------------------------------- 6, 7 and 8: labels


@bad({6})
def three_class_against_the_tree(m: Copy) -> None:
    next(r for r in m.images if r["three_class"] == "benign" and r["split"] == "train")["three_class"] = "malignant"


@bad({6})
def nine_class_against_the_tree(m: Copy) -> None:
    m.single("train")["nine_class"] = "inflammatory"


@bad({6})
def training_class_against_the_partition(m: Copy) -> None:
    row = next(r for r in m.images if r["node_id"] == NEVUS and r["split"] == "train")
    row["training_class"] = MELANOMA


@bad({6})
def label_that_nobody_gave(m: Copy) -> None:
    row = m.single("train")
    m.relabel(row, MELANOMA if row["node_id"] != MELANOMA else NEVUS)


@bad({6})
def image_in_train_without_a_node(m: Copy) -> None:
    m.single("train").update(node_id=None, nine_class=None, three_class=None, training_class=None)


@bad({6})
def classes_without_a_node(m: Copy) -> None:
    row = next(r for r in m.images if r["split"] == "excluded")
    row.update(node_id=None, labels=[], nine_class=None)


@bad({6})
def image_in_no_training_class(m: Copy) -> None:
    held = next(c for c in m.classes["training_classes"] if len(c["nodes"]) > 1 and c["images"])
    row = next(r for r in m.images if r["training_class"] == held["id"])
    held["nodes"].remove(row["node_id"])
    for other in m.images:
        if other["node_id"] == row["node_id"]:
            other["training_class"] = None


@bad({6})
def node_that_is_not_listed(m: Copy) -> None:
    row = m.single("train")
    row["node_id"] = row["labels"][0]["node_id"] = "DC:9999999"


def empty_leaf(m: Copy) -> dict[str, Any]:
    """Return a node with nothing below it and no image on it."""
    used = {label["node_id"] for row in m.images for label in row["labels"]} | {row["node_id"] for row in m.images}
    parents = {node["parent_id"] for node in m.classes["nodes"]}
    return next(n for n in m.classes["nodes"] if n["node_id"] not in used | parents)


@bad({7})
def class_above_the_limit(m: Copy) -> None:
    m.classes["partition"]["max_class_size"] = 1


@bad({7})
def class_at_a_limit_that_is_not_to_be_reached(m: Copy) -> None:
    m.recount()
    sizes = [c["images"] for c in m.classes["training_classes"] if len(c["nodes"]) > 1]
    m.classes["partition"].update(max_class_size=max(sizes), inclusive=False)


@bad({7})
def class_that_claims_another_three(m: Copy) -> None:
    next(c for c in m.classes["training_classes"] if c["id"] == MELANOMA)["three"] = "benign"


@bad({7})
def root_with_a_parent_that_is_not_listed(m: Copy) -> None:
    next(n for n in m.classes["nodes"] if n["node_id"] == "DC:0000001")["parent_id"] = "DC:9999999"


@bad({7})
def node_under_no_root(m: Copy) -> None:
    m.classes["nodes"].append({**empty_leaf(m), "node_id": "DC:9999998", "parent_id": None})


@bad({7})
def class_under_two_of_the_nine(m: Copy) -> None:
    """Two training classes made one; the rows of the second follow."""
    one, other = (next(c for c in m.classes["training_classes"] if c["id"] == i) for i in (MELANOMA, "DC:0000014"))
    assert one["nine"] != other["nine"]
    m.classes["training_classes"].remove(other)
    one["nodes"] += other["nodes"]
    m.classes["partition"]["max_class_size"] = 1000
    for row in m.images:
        if row["training_class"] == other["id"]:
            row["training_class"] = one["id"]


@bad({7})
def class_that_claims_another_nine(m: Copy) -> None:
    next(c for c in m.classes["training_classes"] if c["id"] == MELANOMA)["nine"] = "pigmented-lesion-benign"


@bad({7})
def nine_class_moved_to_another_three_class(m: Copy) -> None:
    next(g for g in m.classes["nine"] if g["three"] == "malignant")["three"] = "benign"


@bad({7})
def node_in_two_classes(m: Copy) -> None:
    """The second, of the same nine-class, is empty."""
    nevus = next(c for c in m.classes["training_classes"] if c["id"] == f"{NEVUS}:own")
    m.classes["training_classes"].insert(0, {**nevus, "id": "DC:0000000"})


@bad({7})
def class_listed_twice(m: Copy) -> None:
    """The second holds a node of the first."""
    one = next(c for c in m.classes["training_classes"] if len(c["nodes"]) > 1)
    m.classes["training_classes"].append({**one, "nodes": [one["nodes"].pop()]})


@bad({7})
def node_listed_twice(m: Copy) -> None:
    m.classes["nodes"].append(dict(m.classes["nodes"][0]))


@bad({7}, when="uncounted")
def class_counted_wrongly(m: Copy) -> None:
    m.classes["training_classes"][0]["images"] += 1


@bad({7})
def branch_cut_off_the_tree(m: Copy) -> None:
    empty_leaf(m)["parent_id"] = "DC:9999999"


@bad({7})
def ring_in_the_tree(m: Copy) -> None:
    leaf = empty_leaf(m)
    leaf["parent_id"] = leaf["node_id"]


@bad({8})
def label_conflict_in_a_tested_lesion(m: Copy) -> None:
    _, b = m.pair("lesion", "test")
    m.relabel(b, MELANOMA)
    b["labels"] = [{"field": "dx", "label": "mel", "node_id": MELANOMA, "weight": None, "fallback": False}]


@bad({8})
def label_conflict_with_an_excluded_image_of_a_tested_lesion(m: Copy) -> None:
    row = next(r for r in m.images if r["excluded_reason"] == "overlaps_test")
    m.relabel(row, MELANOMA)
    row["training_class"] = None
    row["labels"] = [{"field": "dx", "label": "mel", "node_id": MELANOMA, "weight": None, "fallback": False}]


@bad({8})
def labels_of_a_test_image_exclude_each_other(m: Copy) -> None:
    row = next(r for r in m.images if r["split"] == "test" and r["node_id"] == NEVUS)
    row["labels"].append({"field": "second", "label": "mel", "node_id": MELANOMA, "weight": None, "fallback": False})


# ---------------------------------------------------------------- 9 and 10: files, licences


@bad({9}, published=True)
def old_manifest_renamed(m: Copy) -> None:
    m.info["name"] = "newer"


@bad({9}, published=True)
def sums_made_again_after_tampering(m: Copy) -> None:
    """A harmless cell; nothing but the published digest can tell."""
    m.single("train")["site"] = "face"


@bad({9, 0}, by_proof={9}, when="after")
def bit_flipped_in_the_text(m: Copy) -> None:
    m.rewrite("edges.csv", lambda text: text.replace(b"HAM_0000001", b"HAM_0000003", 1))


@bad({9}, when="after")
def bit_flipped_in_manifest_json(m: Copy) -> None:
    m.rewrite("manifest.json", lambda text: text.replace(b'"seed": 2018', b'"seed": 2019', 1))


@bad({9}, when="after")
def file_of_equal_name_swapped(m: Copy) -> None:
    """The classes of a manifest whose limit was another one: in order for themselves."""
    m.rewrite("classes.json", lambda text: text.replace(b'"max_class_size": 12', b'"max_class_size": 13'))


@bad({9, 0}, by_proof={9}, when="after")
def parquet_missing(m: Copy) -> None:
    (m.folder / "images.parquet").unlink()


@bad({9, 0}, when="after")
def classes_missing(m: Copy) -> None:
    (m.folder / "classes.json").unlink()


@bad({9, 0}, when="after")
def classes_left_out(m: Copy) -> None:
    (m.folder / "classes.json").unlink()
    m.sums()


@bad({9}, when="after")
def sums_that_leave_parquet_out(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: b"".join(line for line in text.splitlines(True) if b"images.parquet" not in line))


@bad({9, 0}, when="after")
def text_missing_in_part(m: Copy) -> None:
    (m.folder / "edges.csv").unlink()


@bad({0}, when="after")
def text_left_out_in_part(m: Copy) -> None:
    (m.folder / "edges.csv").unlink()
    m.sums()


@bad({9}, when="after")
def file_extra(m: Copy) -> None:
    (m.folder / "read-this-instead.csv").write_text("image_id,split\n", encoding="utf-8")


@bad({9}, when="after")
def folder_extra(m: Copy) -> None:
    (m.folder / "newer").mkdir()


@bad({9}, when="after")
def sums_missing(m: Copy) -> None:
    (m.folder / "SHA256SUMS").unlink()


@bad({9}, when="after")
def sums_that_leave_a_file_out(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: b"".join(line for line in text.splitlines(True) if b"classes" not in line))


@bad({9}, when="after")
def sums_that_name_a_file_twice(m: Copy) -> None:
    digest = hashlib.sha256(b"another").hexdigest()
    m.rewrite("SHA256SUMS", lambda text: text + f"{digest}  manifest.json\n".encode())


def sums_changed(m: Copy, change: Callable[[str], str]) -> None:
    """Change the line of classes.json."""

    def changed(text: bytes) -> bytes:
        return "".join(change(x) if "classes" in x else x for x in text.decode().splitlines(keepends=True)).encode()

    m.rewrite("SHA256SUMS", changed)


@bad({9}, when="after")
def sums_with_a_digest_in_capitals(m: Copy) -> None:
    sums_changed(m, lambda line: line[:64].upper() + line[64:])


@bad({9}, when="after")
def sums_with_half_a_digest(m: Copy) -> None:
    sums_changed(m, lambda line: line[32:])


@bad({9}, when="after")
def sums_with_a_star_before_the_name(m: Copy) -> None:
    """As sha256sum writes it in binary mode; one form only, so that one content has one digest."""
    sums_changed(m, lambda line: line.replace("  ", " *"))


@bad({9}, when="after")
def sums_with_an_empty_line(m: Copy) -> None:
    sums_changed(m, lambda line: "\n" + line)


@bad({9}, when="after")
def sums_with_a_line_that_names_nothing(m: Copy) -> None:
    sums_changed(m, lambda line: line + line[:66] + "\n")


@bad({9}, when="after")
def sums_in_another_order(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: b"".join(reversed(text.splitlines(keepends=True))))


@bad({9}, when="after")
def sums_without_a_last_line_end(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: text[:-1])


@bad({9}, when="after")
def sums_that_name_a_file_that_is_not_there(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: text + b"0" * 64 + b"  zero.txt\n")


@bad({0}, by_proof=set(), when="after")
def text_that_disagrees_with_parquet(m: Copy) -> None:
    """The proof speaks of the text alone, and says so."""
    m.rewrite("images.csv", lambda text: text.replace(b"posterior_torso", b"face", 1))
    m.sums()


@bad({0}, by_proof={1, 2, 5}, when="after")
def innocent_parquet_with_a_text_that_leaks(m: Copy) -> None:
    def leak(text: bytes) -> bytes:
        lines = text.split(b"\n")
        at = next(n for n, line in enumerate(lines) if line.startswith(b"ham10000:ISIC_0000002,"))
        lines[at] = lines[at].replace(b",train,", b",validation,")
        return b"\n".join(lines)

    m.rewrite("images.csv", leak)
    m.sums()


@bad({10})
def licence_not_allowed(m: Copy) -> None:
    m.single("train")["licence"] = "CC-BY-ND-4.0"


@bad({10})
def licence_not_known(m: Copy) -> None:
    m.single("validation")["licence"] = None


@bad({10})
def allowed_licences_shortened(m: Copy) -> None:
    m.info["allowed_licences"] = ["CC-BY-4.0", "CC-BY-NC-4.0"]


@bad({10}, by_proof=set())
def allowed_licences_widened_beyond_the_expression(m: Copy) -> None:
    """Whoever lets a picture in and leaves what was asked for as it stands."""
    m.single("train")["licence"] = "CC-BY-ND-4.0"
    m.info["allowed_licences"].append("CC-BY-ND-4.0")


@bad({10}, by_proof=set())
def expression_taken_away(m: Copy) -> None:
    m.info["licence_expression"] = None


# ---------------------------------------------------------------- 0 and 9: what the folder says of itself


@bad({9, 0}, by_proof={9}, when="after")
def file_extra_in_a_folder(m: Copy) -> None:
    (m.folder / "licenses" / "WAIVER.txt").write_text("anything goes\n", encoding="utf-8")


@bad({0}, by_proof=set(), when="after")
def licence_of_no_image_named_with_the_others(m: Copy) -> None:
    (m.folder / "licenses" / "WAIVER.txt").write_text("anything goes\n", encoding="utf-8")
    m.sums()


@bad({9, 0}, by_proof={9}, when="after")
def folder_extra_in_a_folder(m: Copy) -> None:
    (m.folder / "licenses" / "older").mkdir()


@bad({9}, when="after")
def folder_of_licences_is_a_link_to_another(m: Copy) -> None:
    """It would change with what it leads to, and be gone where the manifest is moved."""
    (m.folder / "licenses").rename(m.folder.parent / "elsewhere")
    (m.folder / "licenses").symlink_to(m.folder.parent / "elsewhere", target_is_directory=True)


@bad({9}, when="after")
def sums_that_name_a_file_outside(m: Copy) -> None:
    """Its digest is right, and whoever moves the folder has another file there, or none."""
    (m.folder.parent / "outside.txt").write_text("x", encoding="utf-8")
    line = f"{hashlib.sha256(b'x').hexdigest()}  ../outside.txt\n".encode()
    m.rewrite("SHA256SUMS", lambda text: line + text)


@bad({9}, when="after")
def sums_that_name_a_file_from_the_root(m: Copy) -> None:
    (m.folder.parent / "outside.txt").write_text("x", encoding="utf-8")
    line = f"{hashlib.sha256(b'x').hexdigest()}  {m.folder.parent / 'outside.txt'}\n".encode()
    m.rewrite("SHA256SUMS", lambda text: line + text)


@bad({9}, when="after")
def sums_that_name_a_file_in_a_roundabout_way(m: Copy) -> None:
    m.rewrite("SHA256SUMS", lambda text: text.replace(b"  licenses/CC0", b"  licenses/../licenses/CC0"))


@bad({9}, when="after")
def folder_in_place_of_a_signature(m: Copy) -> None:
    """Files that no digest covers, under the one name that may be missing from SHA256SUMS."""
    (m.folder / "SHA256SUMS.sig").mkdir()
    (m.folder / "SHA256SUMS.sig" / "read-this-instead.csv").write_text("image_id,split\n", encoding="utf-8")


def about(m: Copy, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change what the folder says of itself, and make the sums again."""
    m.rewrite(name, change)
    m.sums()


@bad({0}, by_proof=set(), when="after")
def attribution_that_leaves_an_image_out(m: Copy) -> None:
    about(m, "attribution.txt", lambda text: text.rpartition(b"\n\n")[0])


@bad({0}, by_proof=set(), when="after")
def attribution_to_somebody_else(m: Copy) -> None:
    about(m, "attribution.txt", lambda text: text + b"\n\nthe authors of this manifest")


@bad({0}, by_proof=set(), when="after")
def attribution_in_another_order(m: Copy) -> None:
    about(m, "attribution.txt", lambda text: b"\n\n".join(reversed(text.split(b"\n\n"))))


@bad({0}, by_proof=set(), when="after")
def licence_of_a_source_taken_out_of_its_text(m: Copy) -> None:
    about(m, "licenses/CC-BY-NC-4.0.txt", lambda text: text.replace(b"  ham10000: 11\n", b"").replace(b"it: 11", b"it: 0"))


@bad({0}, by_proof=set(), when="after")
def licence_that_says_it_is_another(m: Copy) -> None:
    about(m, "licenses/CC-BY-NC-4.0.txt", lambda text: text.replace(b"identifier: CC-BY-NC-4.0", b"identifier: CC0-1.0"))


@bad({0}, by_proof=set(), when="after")
def licence_without_a_text(m: Copy) -> None:
    (m.folder / "licenses" / "CC-BY-NC-4.0.txt").unlink()
    m.sums()


@bad({0}, by_proof=set(), when="after")
def readme_that_counts_otherwise(m: Copy) -> None:
    about(m, "README.md", lambda text: text.replace(b"| ham10000 | ", b"| ham10000 | 1", 1))


@bad({0}, by_proof=set(), when="after")
def readme_with_a_second_table_of_counts(m: Copy) -> None:
    table = b"\n\n| source | train | validation | test | excluded | images |\n| --- |\n| ham10000 | 0 | 0 | 0 | 0 | 0 |\n"
    about(m, "README.md", lambda text: text + table)


@bad({0}, by_proof=set(), when="after")
def readme_missing(m: Copy) -> None:
    (m.folder / "README.md").unlink()
    m.sums()


def croissant(m: Copy, change: Callable[[dict[str, Any]], Any]) -> None:
    path = m.folder / "croissant.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    about(m, "croissant.json", lambda _: json.dumps(content, indent=1).encode())


@bad({0}, by_proof=set(), when="after")
def croissant_that_leads_to_another_table(m: Copy) -> None:
    croissant(m, lambda c: c["distribution"][1].update(contentUrl="https://example.org/images.parquet"))


@bad({0}, by_proof=set(), when="after")
def croissant_with_the_digest_of_another_table(m: Copy) -> None:
    croissant(m, lambda c: c["distribution"][0].update(sha256="0" * 64))


@bad({0}, by_proof=set(), when="after")
def croissant_that_calls_the_test_set_training(m: Copy) -> None:
    croissant(m, lambda c: c["recordSet"][0]["data"][2].update({"splits/url": "cr:TrainingSplit"}))


@bad({0}, by_proof=set(), when="after")
def croissant_whose_split_is_the_publishers(m: Copy) -> None:
    def swap(c: dict[str, Any]) -> None:
        field = next(f for f in c["recordSet"][1]["field"] if f["@id"] == "images/split")
        field["source"]["extract"]["column"] = "official_split"

    croissant(m, swap)


@bad({0}, by_proof=set(), when="after")
def croissant_whose_words_mean_something_else(m: Copy) -> None:
    croissant(m, lambda c: c["@context"].update(sha256="https://schema.org/description"))


@bad({0}, by_proof=set(), when="after")
def croissant_under_a_freer_licence(m: Copy) -> None:
    croissant(m, lambda c: c.update(license=["https://creativecommons.org/publicdomain/zero/1.0/"]))


@bad({0}, by_proof=set(), when="after")
def croissant_published_on_another_day(m: Copy) -> None:
    croissant(m, lambda c: c.update(datePublished="2017-02-02"))


@bad({0}, by_proof=set(), when="after")
def croissant_that_says_a_name_twice(m: Copy) -> None:
    about(m, "croissant.json", lambda text: text.replace(b'"version"', b'"version": "9.9.9", "version"', 1))


@bad({0}, by_proof=set(), when="after")
def croissant_that_is_none(m: Copy) -> None:
    about(m, "croissant.json", lambda _: b"[" * 100_000)


@bad({0}, by_proof=set(), when="after")
def croissant_missing(m: Copy) -> None:
    (m.folder / "croissant.json").unlink()
    m.sums()


@bad({0}, when="after")
def column_taken_out_that_older_schemas_lack(m: Copy) -> None:
    """A column that 1.0 had not is one that 1.1 must have."""
    table = pq.ParquetFile(m.folder / "images.parquet").read().drop_columns(["shot_type"])
    pq.write_table(table, m.folder / "images.parquet")
    (m.folder / "images.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
    repair_about(m.folder)


# ---------------------------------------------------------------- what is not bad


@fine
def sentences_put_in_another_way(m: Copy) -> None:
    m.info["publication"] = {}


@fine
def published_by_somebody(m: Copy) -> None:
    m.info["publication"] = {
        "date_published": "2026-11-30",
        "creators": ["A"],
        "url": "https://example.org",
        "citation": "A (2026).",
    }


@fine
def licences_of_all_kinds_of_words(m: Copy) -> None:
    words = ["CC0-1.0 OR MIT", "own terms, as agreed", "cc0-1.0", "..", "x\ny", "LicenseRef-own", "| a |", "MIT"]
    for row, licence in zip(m.images, words, strict=False):
        row["licence"] = licence
    m.info["allowed_licences"] += words
    m.info["licence_expression"] += " OR " + " OR ".join(words)


@fine
def nobody_to_be_credited(m: Copy) -> None:
    for row in m.images:
        row["attribution"] = None


@fine
def attributions_with_blank_lines_in_them(m: Copy) -> None:
    m.images[0]["attribution"] = "A clinic\n\nB clinic"
    m.images[1]["attribution"] = "Anonymous"


@fine
def shot_types(m: Copy) -> None:
    m.images[0]["shot_type"] = "close_up"


@fine
def scores_and_probabilities_at_both_ends(m: Copy) -> None:
    for number, edge in enumerate(m.edges):
        edge.update(score=float(number % 2), probability=float(number // 2 % 2))
    m.info["nearest_found"] = {"points": 0, "features": 1.0}


@fine
def measures_at_the_gate(m: Copy) -> None:
    gate = m.info["protocol"]["quality"]
    for row in (m.single("test"), clinical(m, "test")):
        row.update(width=gate["least_side"], height=gate["least_side"], contrast=gate["least_contrast"])
        row["sharpness"] = gate["least_sharpness_of"][row["modality"]]
    row["framing"] = gate["least_framing"]
    m.single("validation").update(modality=None, sharpness=gate["least_sharpness"])


@fine
def pictures_from_afar_in_train(m: Copy) -> None:
    """By measure, and by the word of their publishers."""
    clinical(m, "train").update(framing=0.0, quality_fail="far", pinned="quality", fold=None)
    poor(m, shot_type="at_distance", quality_fail="far")


@fine
def kinds_of_shot_that_are_near_enough(m: Copy) -> None:
    for row, shot in zip(m.images, ("close_up", "at_an_angle", "overview"), strict=False):
        row.update(shot_type=shot, framing=None)


@fine
def pictures_that_a_reviewer_calls_fit(m: Copy) -> None:
    """Whatever their measures are."""
    m.single("test").update(width=40, sharpness=1.0, contrast=1.0, quality_word="fit")
    clinical(m, "test").update(framing=0.0, quality_word="fit")
    m.single("validation").update(shot_type="at_distance", quality_word="fit")


@fine
def picture_that_a_reviewer_calls_unfit(m: Copy) -> None:
    poor(m, quality_word="unfit", quality_fail="reviewer")


@fine
def blurred_picture_that_a_reviewer_calls_unfit(m: Copy) -> None:
    poor(m, sharpness=1.0, quality_word="unfit", quality_fail="reviewer")


@fine
def thresholds_by_no_modality(m: Copy) -> None:
    m.info["protocol"]["quality"].update(least_sharpness_of={}, far_shots=[], least_framing=0)


@fine
def poor_pictures_in_train(m: Copy) -> None:
    """What fails the gate may be trained on, where its component is pinned."""
    a, b = m.pair("lesion", "train")
    a.update(width=40, sharpness=1.0, contrast=1.0, quality_fail="small,blurred,flat", pinned="quality", fold=None)
    b.update(pinned="quality", fold=None)


@fine
def no_folds(m: Copy) -> None:
    m.info["protocol"]["folds"] = 0
    for row in m.images:
        row["fold"] = None


@fine
def lesion_level(m: Copy) -> None:
    """One patient's images may then be on two sides."""
    a, b = m.pair("patient", "test")
    m.unlink(a, b)
    b.update(split="train", fold=0)
    m.info["level"] = m.info["policy"]["level"] = m.info["sources"][2]["level"] = "lesion"


@fine
def levels_that_are_not_stated(m: Copy) -> None:
    """As of a source without pictures."""
    m.info["sources"][0].pop("level")
    m.info["sources"][0].pop("keyed")


@fine
def levels_of_pixels_where_no_id_counts(m: Copy) -> None:
    m.info["policy"]["evidence"] = ["bytes", "pixels"]
    for source in m.info["sources"]:
        source["level"] = "pixels"


@fine
def holdout_of_unconfirmed_images(m: Copy) -> None:
    m.info["protocol"].update(name="holdout", independent=[])
    m.info["protocol"]["test_requires"].update(independent=False, confirmed=False)
    for row in (*m.images, *m.info["sources"]):
        row["independent"] = False
    m.single("test")["confirmation"] = None


def published(m: Copy) -> None:
    """Make it an official split: each image of a split stands where its publisher put it."""
    m.info["protocol"].update(name="official", adopted=sorted({row["source"] for row in m.images}))
    for row in m.images:
        row["official_split"] = None if row["split"] == "excluded" else row["split"]


@fine
def official_as_published(m: Copy) -> None:
    published(m)


@fine
def official_of_a_source_that_has_no_split(m: Copy) -> None:
    """What its publisher put nowhere is train."""
    published(m)
    m.single("train")["official_split"] = None


@bad({3}, by_proof=set())
def official_in_name_alone(m: Copy) -> None:
    """No source is adopted, and there is a test."""
    m.info["protocol"].update(name="official", adopted=[])


@bad({3}, by_proof=set())
def official_and_moved(m: Copy) -> None:
    published(m)
    m.single("test")["official_split"] = "validation"


@fine
def no_quality_gate_asked_for(m: Copy) -> None:
    m.info["protocol"]["test_requires"]["quality"] = False
    m.single("test").update(sharpness=1.0, quality_fail="blurred")


@fine
def any_licence(m: Copy) -> None:
    m.info["allowed_licences"] = m.info["licence_expression"] = None
    m.single("train")["licence"] = None


@fine
def licence_of_an_excluded_image(m: Copy) -> None:
    next(row for row in m.images if row["split"] == "excluded")["licence"] = "proprietary"


@fine
def image_without_a_folder(m: Copy) -> None:
    row = m["pad_ufes_20:PAT_4_44_44"]
    row["path"] = "PAT_4_44_44.png"
    root, folder = m.info["sources"][2]["folders"]
    for where, change in ((root, 1), (folder, -1)):
        where["files"] += change
        where["images"] += change


@fine
def classes_at_the_limit(m: Copy) -> None:
    m.recount()
    sizes = [c["images"] for c in m.classes["training_classes"] if len(c["nodes"]) > 1]
    m.classes["partition"].update(max_class_size=max(sizes), inclusive=True)


@fine
def labels_that_weigh_or_stand_in(m: Copy) -> None:
    """What a weight or a fallback says is no conflict."""
    row = next(r for r in m.images if r["split"] == "test" and r["node_id"] == NEVUS)
    row["labels"].append({"field": "second", "label": "mel", "node_id": MELANOMA, "weight": 0.2, "fallback": False})
    row["labels"].append({"field": "third", "label": "mel", "node_id": MELANOMA, "weight": None, "fallback": True})
    row["labels"].append({"field": "fourth", "label": "?", "node_id": None, "weight": None, "fallback": False})


@fine
def labels_of_a_tested_lesion_one_above_the_other(m: Copy) -> None:
    _, b = m.pair("lesion", "test")
    m.relabel(b, "DC:0000001")
    b["labels"] = [{"field": "dx", "label": "benign", "node_id": "DC:0000001", "weight": None, "fallback": False}]


@fine
def labels_of_a_train_image_that_exclude_each_other(m: Copy) -> None:
    row = next(r for r in m.images if r["split"] == "train" and r["node_id"] == NEVUS)
    row["labels"].append({"field": "second", "label": "mel", "node_id": MELANOMA, "weight": None, "fallback": False})


@fine
def label_conflict_in_train(m: Copy) -> None:
    _, b = m.pair("lesion", "train")
    other = MELANOMA if b["node_id"] == NEVUS else NEVUS
    m.relabel(b, other)
    b["labels"] = [{"field": "dx", "label": "other", "node_id": other, "weight": None, "fallback": False}]


@fine
def excluded_image_without_a_node(m: Copy) -> None:
    row = m.single("train")
    row.update(dict.fromkeys(("node_id", "nine_class", "three_class", "training_class", "fold")))
    row.update(split="excluded", excluded_reason="no_label", labels=[])


@fine
def node_above_the_label(m: Copy) -> None:
    """Several labels of one field meet on the node above them."""
    row = next(r for r in m.images if r["node_id"] == "DC:0000001" and r["split"] != "excluded")
    below = next(n["node_id"] for n in m.classes["nodes"] if n["parent_id"] == "DC:0000001")
    row["labels"][0]["node_id"] = below
