"""Bad extensions by name: each a real way to cheat when a manifest says that it extends another, made of one good pair.

The old one is the good manifest without one image, the new one adds it. Whoever cheats repairs counts, sums, and what the new one
says of its growth and version, so that it verifies by itself: the old one alone gives it away (invariant 12).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.manifest.diff import compare, next_version
from curate.manifest.read import load
from curate.manifest.stated import DROPS
from tests.manifest.bad import GIVEN, NEVUS, Copy

Cheat = Callable[["Extension"], object]


class Extension(Copy):
    """The new manifest of the pair, to be changed and written; `old` is the folder of the old one, `was` its rows."""

    def __init__(self, good: Path, folder: Path) -> None:
        super().__init__(good, folder / "new")
        old = Copy(good, folder / "old")
        self.newcomer = old.single("train", NEVUS)["image_id"]
        lose(old, self.newcomer)
        old.info["name"] = "old"
        old.recount()
        old.write()
        self.old, self.was = old.folder, {row["image_id"]: row for row in old.images}

    def frozen(self, split: str, **more: Any) -> dict[str, Any]:
        """Return the first image of a split that the old manifest has, without edges, of which all this holds."""
        tied = {edge[end] for edge in self.edges for end in ("image_a", "image_b")}
        rows = (row for row in self.images if row["split"] == split and row["image_id"] in self.was.keys() - tied)
        return next(row for row in rows if all(row[name] == value for name, value in more.items()))

    def exclude(self, row: dict[str, Any], reason: str) -> None:
        row.update(split="excluded", excluded_reason=reason, fold=None, training_class=None)

    def find(self, finding: str, image: str) -> None:
        self.info["findings"].append({"id": finding, "severity": "warning", "message": "", "component": None, "images": [image]})

    def tell(self) -> None:
        """Make what the manifest says of its growth such that nothing by itself gives it away."""
        seated = {image for image, row in self.was.items() if row["split"] in GIVEN}
        reasons = {row["image_id"]: row["excluded_reason"] for row in self.images}
        given = {row["image_id"] for row in self.images if row["split"] in GIVEN}
        self.info["extends"] = {
            "name": "old",
            "digest": load(self.old).digest,
            "merge": "drop",
            "kept": len(seated & given),
            "dropped": sum(1 for image in seated - given if reasons.get(image) in DROPS),
            "quarantined": 0,
            "added": len(given - seated),
        }
        self.write()
        self.info["version"] = next_version("1.0.0", compare(load(self.old), load(self.folder)).step)


def lose(m: Copy, image: str) -> None:
    """Take an image out, and out of the account of its folder."""
    row = m[image]
    m.images.remove(row)
    source = next(s for s in m.info["sources"] if s["id"] == row["source"])
    folder = next(f for f in source["folders"] if f["folder"] == row["path"].rpartition("/")[0])
    for what, key in ((source, "images"), (folder, "images"), (folder, "files")):
        what[key] -= 1


EXTENSIONS: dict[str, tuple[Cheat, str]] = {}


def cheat(when: str = "before") -> Callable[[Cheat], Cheat]:
    """Name a function that makes a bad extension, `before` its growth is told or `after`."""

    def name(make: Cheat) -> Cheat:
        EXTENSIONS[make.__name__] = (make, when)
        return make

    return name


def make_extension(name: str | None, good: Path, folder: Path) -> tuple[Path, Path]:
    """Write a bad extension by its name, or the good one, and return its folder and that of the old manifest."""
    make, when = EXTENSIONS[name] if name else (lambda _: None, "before")
    m = Extension(good, folder)
    if when == "before":
        make(m)
    m.recount()
    m.tell()
    if when == "after":
        make(m)
    m.write()
    return m.folder, m.old


@cheat()
def test_image_moved_to_train(m: Extension) -> None:
    m.frozen("test").update(split="train", fold=0)


@cheat()
def train_image_moved_to_test(m: Extension) -> None:
    """To where the model does well."""
    m.frozen("train", confirmation="histopathology", independent=True).update(split="test", fold=None)


@cheat()
def validation_image_moved_to_train(m: Extension) -> None:
    m.frozen("validation")["split"] = "train"


@cheat()
def fold_of_an_image_changed(m: Extension) -> None:
    row = m.frozen("train")
    row["fold"] = (row["fold"] + 1) % 3


@cheat()
def folds_renumbered(m: Extension) -> None:
    for row in m.images:
        row["fold"] = {0: 1, 1: 0}.get(row["fold"], row["fold"])


@cheat()
def image_taken_out(m: Extension) -> None:
    lose(m, m.frozen("test")["image_id"])


@cheat()
def image_under_another_id(m: Extension) -> None:
    """A test image comes as new, and to train."""
    row = m.frozen("test", source="ham10000")
    row.update(image_id=row["image_id"] + "9", split="train", fold=0)
    m.images.sort(key=lambda r: r["image_id"])


@cheat()
def picture_exchanged_under_its_id(m: Extension) -> None:
    m.frozen("test")["sha256"] = "c" * 64


@cheat()
def image_withdrawn_for_a_reason_of_ones_own(m: Extension) -> None:
    row = m.frozen("test")
    m.exclude(row, "withdrawn")
    m.find("growth.dropped", row["image_id"])


@cheat()
def image_dropped_for_a_reason_that_is_not_so(m: Extension) -> None:
    row = m.frozen("test")
    m.exclude(row, "quality_lost")
    m.find("growth.dropped", row["image_id"])


def blurred(m: Extension) -> str:
    """Drop a test image as it should be dropped, less the finding."""
    row = m.frozen("test")
    row.update(sharpness=1.0, quality_fail="blurred")
    m.exclude(row, "quality_lost")
    return str(row["image_id"])


@cheat()
def image_dropped_without_a_finding(m: Extension) -> None:
    blurred(m)


@cheat()
def image_dropped_and_the_finding_names_another(m: Extension) -> None:
    blurred(m)
    m.find("growth.dropped", m.newcomer)


@cheat()
def image_dropped_and_the_finding_says_something_else(m: Extension) -> None:
    m.find("label.conflict", blurred(m))


@cheat()
def image_that_stays_dropped_for_a_merge_that_never_was(m: Extension) -> None:
    row = m.frozen("train")
    m.exclude(row, "merged_with_test")
    m.find("growth.merged", row["image_id"])


@cheat()
def share_of_the_tests_changed(m: Extension) -> None:
    m.info["protocol"]["test"] = 0.1


@cheat()
def seed_changed(m: Extension) -> None:
    """The next extension, and the sets for readers, are drawn by it."""
    m.info["seed"] += 1


@cheat()
def gate_of_quality_lowered(m: Extension) -> None:
    m.info["protocol"]["quality"]["least_side"] -= 1


@cheat()
def folds_added(m: Extension) -> None:
    m.info["protocol"]["folds"] += 1


@cheat("after")
def digest_of_another_manifest(m: Extension) -> None:
    m.info["extends"]["digest"] = load(m.good).digest


@cheat("after")
def name_of_another_manifest(m: Extension) -> None:
    m.info["extends"]["name"] = "good"


@cheat("after")
def newcomer_counted_as_kept(m: Extension) -> None:
    told = m.info["extends"]
    told.update(kept=told["kept"] + 1, added=told["added"] - 1)


@cheat("after")
def version_of_a_smaller_step(m: Extension) -> None:
    m.info["version"] = "1.0.1"


@cheat("after")
def drop_kept_quiet(m: Extension) -> None:
    m.find("growth.dropped", blurred(m))
    m.recount()
    m.tell()
    m.info["extends"].update(dropped=0)


@cheat("after")
def pretends_to_extend_nothing(m: Extension) -> None:
    m.info.update(extends=None, version="1.0.0")
