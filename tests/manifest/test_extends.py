"""Manifests that extend others, from drawn pictures to the proof, over the commands; and extensions that are none."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from typer.testing import CliRunner

from curate.cli import app
from curate.engines import LocalEngine
from curate.errors import BrokenInvariantError, InputError
from curate.manifest import stated
from curate.manifest.certificate.issue import certify
from curate.manifest.certificate.text import certificate_lines
from curate.manifest.diff import next_version
from curate.manifest.extends import REASONS, extension_differences
from curate.manifest.extension import history, read_frozen
from curate.manifest.pictures import Pictures
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.verify import verify
from curate.pipeline import run_project
from curate.project import Split, load_project
from curate.report.build import build_report
from curate.report.certificate_page import write_certificate_page
from curate.resources import schemas
from curate.splits import seats
from curate.splits.extend import frozen_protocol
from curate.splits.kept_sets import asked_sets, told_of_sets
from curate.splits.protocol import Protocol
from curate.splits.quality_gate import QualityGate
from curate.splits.seats import Seat
from curate.splits.test_sets import PAPER_SETS
from curate.terminal import Terminal
from tests.drawn import picture, small_repositories
from tests.manifest.tampering import change_json, change_rows, copy_of

SOURCES = ("ham10000", "isic_challenge_2017", "pad_ufes_20")
HAM = "ham10000:ISIC_"


class Job:
    """A workspace of drawn repositories that grow."""

    def __init__(self, place: Path) -> None:
        self.place, self.repositories = place, place / "repositories"
        small_repositories(self.repositories)

    def run(self, *arguments: object, code: int = 0) -> dict:
        done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        if code == 0 and done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def at_work(self, *arguments: object) -> dict:
        return self.run(*arguments, "--workspace", self.place / "workspace")

    def link(self, *sources: str) -> None:
        for source in sources:
            self.at_work("ingest", source, self.repositories / source)
        self.at_work("fingerprint", "--features", "none", "--workers", 1)
        self.at_work("link", "--workers", 1)

    def freeze(self, name: str, *arguments: object) -> Path:
        self.split = self.at_work("split", *arguments)
        self.at_work("freeze", name, "--out", self.place, "--text", "--max-class-size", 12)
        return self.place / name

    def add(self, native: str, lesion: int, dx: str, content: Path | None = None, *, small: bool = False) -> str:
        """Add a picture of HAM10000: drawn, too small for a test or not, or the bytes of another."""
        folder = self.repositories / "ham10000"
        target = folder / "HAM10000_images_part_1" / f"ISIC_{native}.jpg"
        if content:
            shutil.copy(content, target)
        else:
            shot = picture(lesion, "nevus")
            (shot.resize((72, 54)) if small else shot).save(target, quality=92)
        with (folder / "HAM10000_metadata.csv").open("a", newline="") as handle:
            csv.writer(handle).writerow([f"HAM_{lesion:07d}", f"ISIC_{native}", dx, "histo", 50, "male", "back"])
        return f"{HAM}{native}"

    def file_of(self, image: str) -> Path:
        (path,) = (self.repositories / "ham10000").rglob(f"{image.partition(':')[2]}.jpg")
        return path


def rows(folder: Path) -> dict[str, dict]:
    return {row["image_id"]: row for row in load(folder).images.to_pylist()}


def lesion_of(row: dict) -> int:
    return int(row["lesion_keys"][0].partition("HAM_")[2])


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A, and B that extends it: a newcomer ties train to test, a small one joins train, two are strangers. C: the other policy."""
    job = Job(tmp_path_factory.mktemp("grown"))
    job.link(*SOURCES)
    a = job.freeze("a", "--test", 0.25, "--validation", 0.15, "--folds", 2, "--seed", 9)
    old = rows(a)
    nevi = {i: r for i, r in old.items() if i.startswith(HAM) and r["node_id"] == old[f"{HAM}0000001"]["node_id"]}
    x, t = (next(i for i in sorted(nevi) if nevi[i]["split"] == split) for split in ("train", "test"))
    train = [i for i in sorted(nevi) if nevi[i]["split"] == "train" and nevi[i]["component"] != nevi[x]["component"]]
    tie = job.add("0000900", lesion_of(old[t]), "nv", job.file_of(x))
    joined = job.add("0000901", lesion_of(old[train[0]]), "nv", small=True)
    strangers = [job.add(f"000091{n}", 70 + n, "nv") for n in range(2)]
    job.link("ham10000")
    b = job.freeze("b", "--extend", a)
    summary = job.split
    c = job.freeze("c", "--extend", a, "--merge", "quarantine")
    return SimpleNamespace(
        job=job, a=a, b=b, c=c, x=x, t=t, tie=tie, joined=joined, partner=train[0], strangers=strangers, summary=summary
    )


def test_an_extension_verifies_and_keeps_every_assignment(grown):
    done = grown.job.run("verify", grown.b, "--extends", grown.a, "--files-only")
    assert done["ok"], done["violations"]
    assert {c["invariant"] for c in done["checks"]} >= {12}
    old, new = rows(grown.a), rows(grown.b)
    assert (new[grown.x]["split"], new[grown.x]["excluded_reason"]) == ("excluded", "merged_with_test")
    assert new[grown.tie]["split"] == "test"
    assert (new[grown.joined]["split"], new[grown.joined]["fold"]) == ("train", old[grown.partner]["fold"])
    for image, row in old.items():
        if old[image]["component"] != old[grown.x]["component"]:
            assert (new[image]["split"], new[image]["fold"]) == (row["split"], row["fold"])


def test_what_an_extension_says_of_itself_closes(grown):
    info, old, new = load(grown.b).info, rows(grown.a), rows(grown.b)
    dropped = [i for i in old if old[i]["split"] != "excluded" and new[i]["split"] == "excluded"]
    assert (load(grown.a).info["version"], info["version"]) == ("1.0.0", "2.0.0")
    assert load(grown.a).info["extends"] is None
    told = info["extends"]
    assert (told["name"], told["digest"], told["merge"]) == ("a", load(grown.a).digest, "drop")
    assert told["kept"] + told["added"] == sum(r["split"] != "excluded" for r in new.values())
    assert told["dropped"] == len(dropped) > 0
    growth = grown.summary["growth"]
    assert growth["kept"] + growth["dropped"] + growth["added"] + growth["excluded"] == growth["images"] == len(new)
    assert {name: told[name] for name in ("kept", "dropped", "quarantined", "added")} == {
        name: growth[name] for name in ("kept", "dropped", "quarantined", "added")
    }
    (finding,) = (f for f in info["findings"] if f["id"] == "growth.merged")
    assert set(dropped) | {grown.tie} == set(finding["images"])
    for image, evidence in ((grown.x, "bytes"), (grown.t, "lesion")):
        assert f"{' - '.join(sorted((image, grown.tie)))} {evidence} (" in finding["message"]


def test_a_pin_that_comes_late_is_told(grown):
    """The small picture would keep its component out of the folds, where it stands already."""
    for folder in (grown.b, grown.c):
        (finding,) = (f for f in load(folder).info["findings"] if f["id"] == "growth.pin-ignored")
        assert finding["component"] == rows(folder)[grown.joined]["component"]
        assert "quality" in finding["message"]


def test_the_difference_tells_the_cause(grown):
    found = grown.job.run("diff", grown.a, grown.b)
    causes = {row["image_id"]: (row["cause"], row["detail"]) for row in found["moved"]}
    cause, detail = causes[grown.x]
    assert cause == "component joined with others"
    assert grown.tie in detail or rows(grown.a)[grown.t]["component"] in detail
    assert found["step"] == "major"
    assert (found["before"]["version"], found["after"]["version"]) == ("1.0.0", "2.0.0")
    assert not [row for row in found["settings"] if row["setting"].startswith(("protocol", "seed", "extends", "version"))]


def test_quarantine_keeps_all_and_withholds_the_newcomer_s_edges(grown):
    done = grown.job.run("verify", grown.c, "--extends", grown.a, "--files-only")
    assert done["ok"], done["violations"]
    old, new = rows(grown.a), rows(grown.c)
    assert new[grown.tie]["excluded_reason"] == "quarantined"
    assert all((new[i]["split"], new[i]["fold"]) == (r["split"], r["fold"]) for i, r in old.items())
    assert not [e for e in load(grown.c).edges.to_pylist() if grown.tie in (e["image_a"], e["image_b"])]
    info = load(grown.c).info
    assert (info["extends"]["quarantined"], info["extends"]["dropped"], info["extends"]["merge"]) == (1, 0, "quarantine")
    (finding,) = (f for f in info["findings"] if f["id"] == "growth.quarantined")
    assert finding["severity"] == "error"
    assert "bytes" in finding["message"]
    assert "lesion" in finding["message"]


def test_who_is_set_aside_though_certain_evidence_ties_it_is_told_where_people_look(grown, tmp_path):
    words = "that somebody looked at the findings that are errors, which the report lists: growth.quarantined (1)"
    told = certify(grown.c)
    assert told["not_checked"][0] == words
    assert words in " ".join(" ".join(certificate_lines(told)).split())
    write_certificate_page(told, tmp_path / "c.html")
    assert words in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert not any("findings" in reason for reason in certify(grown.b)["not_checked"])
    folder = copy_of(grown.c, tmp_path)  # with another that likeness alone ties
    (error,) = (f for f in load(folder).info["findings"] if f["id"] == "growth.quarantined")
    change_json(folder, "manifest.json", lambda info: info["findings"].insert(0, {**error, "severity": "warning"}))
    build_report(folder, Pictures({}), tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    places = [page.index(f"<b>growth.quarantined</b> · {severity} · 1<") for severity in ("error", "warning")]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_both_proofs_and_the_schema_take_it(grown, name):
    folder = getattr(grown, name)
    assert verify(folder).ok
    assert prove(folder)["violations"] == []
    schema = json.loads(schemas().joinpath("manifest", "manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(load(folder).info, schema)


@pytest.mark.parametrize(
    ("name", "change"),
    [("b", {"kept": 0}), ("b", {"added": 0}), ("c", {"quarantined": 0}), ("a", {"quarantined": 1}), ("b", None), ("b", "b")],
)
def test_the_stand_alone_proof_finds_a_false_word_of_growth(grown, tmp_path, name, change):
    folder = copy_of(getattr(grown, name), tmp_path)
    nothing = {"kept": 0, "added": 0, "quarantined": 0}

    def write(info):
        info["extends"] = {**(info["extends"] or nothing), **change} if isinstance(change, dict) else change

    change_json(folder, "manifest.json", write)
    found = [v["message"] for v in prove(folder)["violations"]]
    assert found == [] if change is None else found


@pytest.mark.parametrize("last", ["b", "c"])
def test_extending_with_nothing_new_is_the_identity_and_a_patch(grown, last):
    before = getattr(grown, last)
    again = grown.job.freeze(f"{last}-again", "--extend", before)
    columns = ("split", "fold", "pinned", "excluded_reason", "component", "training_class")
    assert {i: [r[c] for c in columns] for i, r in rows(again).items()} == {
        i: [r[c] for c in columns] for i, r in rows(before).items()
    }
    assert load(again).edges.equals(load(before).edges)
    assert list(extension_differences(again, before)) == []
    assert verify(again).ok
    info = load(again).info
    assert info["version"] == next_version(load(before).info["version"], "patch")
    assert (info["extends"]["dropped"], info["extends"]["added"]) == (0, 0)
    assert info["extends"]["merge"] == load(before).info["extends"]["merge"]


def test_the_links_are_as_they_were(grown):
    """What a split withholds stands in its own tables."""
    import duckdb

    grown.job.freeze("c-once-more", "--extend", grown.a, "--merge", "quarantine")
    path = str(grown.job.place / "workspace" / "catalogue.duckdb")
    with duckdb.connect(path, read_only=True) as catalogue:
        linked = catalogue.execute("SELECT count(*) FROM edges").fetchall()[0][0]
        frozen = catalogue.execute("SELECT count(*) FROM split_edges").fetchall()[0][0]
    assert linked == load(grown.b).edges.num_rows > frozen == load(grown.c).edges.num_rows


def project_file(grown, folder: Path, name: str, split: str, more: str = "") -> Path:
    job = grown.job
    sources = ", ".join(f'{{ id = "{s}", folder = "{job.repositories / s}" }}' for s in SOURCES)
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\nworkspace = "{job.place / "workspace"}"\nsources = [{sources}]\n[fingerprints]\nfeatures = "none"\n'
        f"[split]\n{split}\n{more}\n[partition]\nmax_class_size = 12\n",
        encoding="utf-8",
    )
    return path


def test_the_project_file_extends_too(grown, tmp_path):
    path = project_file(grown, tmp_path, "b", f'extend = "{grown.a}"\nmerge = "drop"\nfolds = 2', "[manifest]\ntext = true")
    assert load_project(path).split.extend == grown.a
    done = grown.job.run("run", path)
    assert done["digest"] == load(grown.b).digest


OWN_TESTS = """
[tests]
exclusions = "list.csv"
[[tests.binary]]
name = "own"
malignant = ["DC:0000018", "DC:0000014"]
benign = ["DC:0000017", "DC:0000543"]
readers = { size = 4, quota = { malignant = 1, benign = 3 }, least_side = 10 }
[[tests.balanced]]
name = "threes"
level = "three"
"""


def run_file(grown, folder: Path, name: str, split: str, tests: str = OWN_TESTS) -> Path:
    return Path(grown.job.run("run", project_file(grown, folder, name, split, tests))["manifest"])


@pytest.fixture(scope="module")
def own(grown, tmp_path_factory):
    """A manifest with sets of its own, out of which a reader took one image."""
    place, split = tmp_path_factory.mktemp("own"), "test = 0.3\nvalidation = 0.2\nseed = 9"
    (place / "list.csv").write_text("image_id,reader,reason\n", encoding="utf-8")
    first = rows(run_file(grown, place, "first", split))
    shown = next(image for image, row in first.items() if "own-readers" in row["reader_sets"])
    (place / "list.csv").write_text(f"image_id,reader,reason\n{shown},r1,looks odd\n", encoding="utf-8")
    return SimpleNamespace(folder=run_file(grown, place, "own", split), shown=shown, place=place)


def drawn(folder: Path) -> dict[str, tuple]:
    return {i: (r["tests"], r["reader_sets"]) for i, r in rows(folder).items()}


def of_growth(folder: Path) -> dict[str, dict]:
    return {f["id"]: f for f in load(folder).info["findings"] if f["id"].startswith("growth.")}


def test_an_extension_keeps_the_sets_and_what_a_reader_took_out_of_them(grown, own, tmp_path):
    assert any("threes" in readers for _, readers in drawn(own.folder).values())
    assert drawn(own.folder)[own.shown] == (["own"], [])
    again = grown.job.freeze("own-again", "--extend", own.folder)
    assert load(again).info["drawn_sets"] == load(own.folder).info["drawn_sets"]
    assert drawn(again) == drawn(own.folder)
    assert list(extension_differences(again, own.folder)) == []
    assert of_growth(again).keys() == {"growth.reader-list-in-part"}
    assert of_growth(again)["growth.reader-list-in-part"]["images"] == [own.shown]
    by_file = run_file(grown, tmp_path, "own-by-file", f'extend = "{own.folder}"', tests="")
    assert drawn(by_file) == drawn(own.folder)


def test_an_extension_with_other_sets_says_so(grown, own):
    said_again = run_file(grown, own.place, "own-said-again", f'extend = "{own.folder}"')
    assert (drawn(said_again), of_growth(said_again)) == (drawn(own.folder), {})
    tests = OWN_TESTS.replace("benign = 3", "benign = 2").replace("size = 4", "size = 3").replace("threes", "others")
    other = of_growth(run_file(grown, own.place, "others", f'extend = "{own.folder}"', tests))
    assert other.keys() == {"growth.sets-not-kept"}
    words = "The sets are not those of own. gone: threes; drawn by another rule: own-readers; new: others. "
    assert other["growth.sets-not-kept"]["message"].startswith(words)
    assert other["growth.sets-not-kept"]["severity"] == "warning"


@pytest.mark.parametrize("change", [{"size": 0}, {"quota": "by lot"}, {"quota": {"malignant": 1}}])
def test_sets_that_cannot_be_drawn_again_are_refused(own, change):
    stated = load(own.folder).info["drawn_sets"]
    stated["reader_sets"][0].update(change)
    with pytest.raises(InputError, match="The sets that own states cannot be drawn again"):
        asked_sets(None, SimpleNamespace(name="own", drawn_sets=stated))


def test_a_manifest_from_before_there_were_sets_is_extended_with_the_paper_s():
    older = SimpleNamespace(name="older", drawn_sets=None)
    assert asked_sets(None, older).sets == PAPER_SETS
    assert told_of_sets(asked_sets(None, older), older, {}) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            'merge = "drop"',
            "`split`: `merge` says how a manifest is extended, and none is named: add `extend`, or take `merge` out",
        ),
        ('protocol = "paper"', "`split`: the protocol paper needs `independent`"),
        ('protocol = "kfold"', "`split`: the protocol kfold needs at least 2 folds"),
        ('merge = "perhaps"\nextend = "a"', "`split.merge`: "),
    ],
)
def test_a_project_s_split_that_says_too_little_is_refused(grown, tmp_path, said, words):
    path = project_file(grown, tmp_path, "odd", said)
    with pytest.raises(InputError) as refused:
        load_project(path)
    assert str(refused.value).startswith(f"{path}: {words}")


@pytest.mark.parametrize("protocol", ["kfold", "paper", "official"])
def test_what_is_said_beside_extend_is_held_to_the_frozen_protocol(grown, tmp_path, protocol):
    """It need not be a whole protocol by itself: one of the same name may be said with no more than its name."""
    path = project_file(grown, tmp_path, "other", f'extend = "{grown.a}"\nprotocol = "{protocol}"')
    with pytest.raises(InputError, match=f"its protocol is holdout, and {protocol} was asked") as refused:
        run_project(load_project(path), LocalEngine(1), Terminal(quiet=True))
    assert "Leave protocol out" in str(refused.value.hint)
    own = {"kfold": Protocol(protocol="kfold", folds=3), "paper": Protocol(protocol="paper", independent=("b",))}.get(protocol)
    if own is not None:
        frozen = SimpleNamespace(name="a", protocol=own.model_dump(mode="json"))
        assert frozen_protocol(frozen, Split(extend=tmp_path, protocol=protocol).asked()) == own


def test_what_is_not_said_of_the_quality_gate_is_that_of_the_frozen_one(grown, tmp_path):
    """A threshold that the file does not name is none that it asks for, though gates that extend nothing have one by default."""
    own = Protocol(quality=QualityGate(least_contrast=2, least_sharpness_of={}, far_shots=(), least_framing=0))
    frozen = SimpleNamespace(name="a", protocol=own.model_dump(mode="json"))
    for said, kept in (("least_side = 96", True), ("least_contrast = 2", True), ("", True), ("least_contrast = 4", False)):
        asked = load_project(project_file(grown, tmp_path, "g", f'extend = "a"\n[split.quality]\n{said}')).split.asked()
        if kept:
            assert frozen_protocol(frozen, asked) == own
        else:
            with pytest.raises(InputError, match=r"its quality\.least_contrast is 2\.0, and 4\.0 was asked"):
                frozen_protocol(frozen, asked)


def test_a_project_s_split_dumps_as_its_protocol():
    asked = Split(test=0.3, extend=Path("a"), merge="drop", quality=QualityGate(least_side=9))
    assert asked.asked() == {"test": 0.3, "quality": {"least_side": 9}}
    assert "extend" not in asked.model_dump()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--extend", "A", "--test", 0.3), "its test is 0.25, and 0.3 was asked"),
        (("--extend", "A", "--seed", 3), "its seed is 9"),
        (("--extend", "NOWHERE"), "no folder"),
        (("--merge", "drop"), "none is named"),
    ],
)
def test_what_cannot_be_extended_so_is_refused(grown, arguments, words):
    told = [grown.a if a == "A" else grown.job.place / "nowhere" if a == "NOWHERE" else a for a in arguments]
    with pytest.raises(InputError, match=words) as refused:
        grown.job.at_work("split", *told)
    assert refused.value.exit_code == 2


def test_the_same_protocol_may_be_said_again(grown):
    assert grown.job.at_work("split", "--extend", grown.a, "--test", 0.25, "--seed", 9)["growth"]["dropped"] > 0


def test_a_damaged_manifest_is_not_extended(grown, tmp_path):
    damaged = copy_of(grown.a, tmp_path)
    (damaged / "classes.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BrokenInvariantError, match="it does not verify"):
        grown.job.at_work("split", "--extend", damaged)
    (message,) = extension_differences(grown.b, damaged)
    assert "a does not verify" in message


def test_a_frozen_image_that_is_gone_or_changed_is_named(grown, tmp_path):
    job = Job(tmp_path / "less")
    job.link("ham10000", "isic_challenge_2017")
    with pytest.raises(InputError, match="5 images of a are not in the catalogue, the first: pad_ufes_20:"):
        job.at_work("split", "--extend", grown.a)
    file = job.file_of(grown.x)
    file.write_bytes(file.read_bytes() + b"\0")
    job.link(*SOURCES)
    with pytest.raises(InputError, match=f"1 images of a have other bytes now, the first: {grown.x}"):
        job.at_work("split", "--extend", grown.a)


def test_freezing_asks_for_the_extended_manifest_as_it_was(grown, tmp_path):
    old = copy_of(grown.a, tmp_path)
    told = {"name": "a", "digest": load(old).digest, "folder": str(old), "merge": "drop"}
    new = load(grown.b)
    assert history(told, new)["version"] == "2.0.0"
    with pytest.raises(InputError, match="another one now"):
        history({**told, "digest": "0"}, new)
    with pytest.raises(InputError, match="gone"):
        history({**told, "folder": str(tmp_path / "nowhere")}, new)


def test_what_growth_reads_of_a_frozen_manifest(grown):
    frozen, old = read_frozen(grown.c), rows(grown.c)
    assert frozen.seats.keys() | frozen.excluded.keys() == old.keys() == frozen.sha256.keys()
    assert all(frozen.seats[i] == Seat(old[i]["split"], old[i]["fold"]) for i in frozen.seats)
    assert all(frozen.excluded[i] == old[i]["excluded_reason"] for i in frozen.excluded)
    assert frozen.pins == {i: r["pinned"] for i, r in old.items() if r["pinned"]}
    assert (frozen.merge, read_frozen(grown.a).merge) == ("quarantine", None)
    assert (frozen.protocol["test"], frozen.protocol["seed"], frozen.protocol["protocol"]) == (0.25, 9, "holdout")


@pytest.mark.parametrize(
    ("version", "step", "following"),
    [("1.0.0", "major", "2.0.0"), ("1.4.2", "minor", "1.5.0"), ("1.4.9", "patch", "1.4.10"), ("9.1.1", "none", "9.1.2")],
)
def test_versions_follow_the_step(version, step, following):
    assert next_version(version, step) == following


# Extensions that are none: B with one thing changed, its sums repaired.


def told(grown, tmp_path, change, name="images.parquet", base=None) -> list[str]:
    folder = copy_of(base or grown.b, tmp_path)
    by_id = {}

    def of_rows(found):
        by_id.update({r["image_id"]: r for r in found})
        change(by_id, found)

    if name.endswith(".json"):
        change_json(folder, name, change)
    else:
        change_rows(folder, name, of_rows)
    return list(extension_differences(folder, grown.a))


def test_a_moved_image_is_found(grown, tmp_path):
    found = told(grown, tmp_path, lambda rows, _: rows[grown.t].update(split="train", fold=0))
    assert f"{grown.t}: moved from test to train" in found
    assert f"{grown.t}: moved from fold None to fold 0" in found
    assert any("its component's seat is test" in f for f in found)


@pytest.mark.parametrize(
    "reason",
    [
        "no_label", "quarantined", "merged_with_test", "merged_with_validation", "merged_with_fold", "label_lost", "quality_lost",
        "confirmation_lost", "label_conflict_in_test",
    ],
)  # fmt: skip
def test_a_test_image_that_is_silently_excluded_is_found(grown, tmp_path, reason):
    found = told(grown, tmp_path, lambda rows, _: rows[grown.t].update(split="excluded", excluded_reason=reason))
    assert f"{grown.t}: was in test, and is excluded for {reason}, which nothing in the tables bears out" in found


@pytest.mark.parametrize(
    "reason", ["merged_with_validation", "merged_with_fold", "quality_lost", "confirmation_lost", "label_lost"]
)
def test_a_drop_for_a_reason_that_is_not_so_is_found(grown, tmp_path, reason):
    found = told(grown, tmp_path, lambda rows, _: rows[grown.x].update(excluded_reason=reason))
    assert any(f.startswith(f"{grown.x}: was in train, and is excluded for {reason}") for f in found)


def test_a_drop_that_no_finding_names_is_found(grown, tmp_path):
    found = told(grown, tmp_path, lambda info: info.update(findings=[]), "manifest.json")
    assert f"{grown.x}: was dropped from train (merged_with_test), and no finding says so" in found


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("extends", None, "extends nothing"),
        ("version", "1.1.0", "version is 1.1.0, and what changed makes it 2.0.0"),
        ("seed", 3, "seed of the protocol is 3, and was 9"),
        ("extends.kept", 0, "extends.kept = 0"),
        ("extends.dropped", 0, "extends.dropped = 0"),
        ("extends.added", 0, "extends.added = 0"),
        ("extends.digest", "0" * 64, "extends.digest"),
        ("extends.name", "z", "extends.name = z, and it is a"),
        ("protocol.test", 0.5, "test of the protocol is"),
        ("extends", {}, "what the manifest says of it cannot be checked"),
        ("version", None, "version is None"),
        ("findings", None, "its images cannot be checked"),
    ],
)
def test_a_false_word_of_the_statement_is_found(grown, tmp_path, key, value, words):
    outer, _, inner = key.partition(".")
    found = told(
        grown, tmp_path, lambda info: info[outer].update({inner: value}) if inner else info.update({outer: value}), "manifest.json"
    )
    assert any(words in f for f in found), found


def test_what_was_dropped_and_comes_back_is_found(grown, tmp_path):
    last = grown.job.freeze("b-last", "--extend", grown.b)
    folder = copy_of(last, tmp_path)
    place = rows(grown.a)[grown.x]
    change_rows(
        folder,
        "images.parquet",
        lambda found: next(r for r in found if r["image_id"] == grown.x).update(
            split="train", excluded_reason=None, fold=place["fold"]
        ),
    )
    found = list(extension_differences(folder, grown.b))
    assert f"{grown.x}: was dropped (merged_with_test), and is in train (None)" in found


def test_one_that_extends_nothing_is_no_extension(grown):
    assert "manifest.json says that it extends nothing" in list(extension_differences(grown.a, grown.b))


def test_an_unreadable_extension_is_one_violation(grown, tmp_path):
    folder = copy_of(grown.b, tmp_path)
    (folder / "images.parquet").write_bytes(b"nothing")
    (message,) = extension_differences(folder, grown.a)
    assert "cannot be compared with a" in message
    done = grown.job.run("verify", folder, "--extends", grown.a, "--files-only", code=3)
    assert 12 in {v["invariant"] for v in done["violations"]}


# Drops for what a record says now: A as if it had been frozen with another record.


@pytest.mark.parametrize(
    ("reason", "split", "change"),
    [
        ("label_lost", "train", {"node_id": None}),
        ("quality_lost", "test", {"quality_fail": "small"}),
        ("quality_lost", "validation", {"quality_fail": "small"}),
        ("confirmation_lost", "test", {"confirmation": None}),
        ("confirmation_lost", "test", {"independent": False}),
    ],
)
def test_a_drop_is_borne_out_by_the_record(grown, tmp_path, reason, split, change):
    image = next(i for i, r in rows(grown.c).items() if r["split"] == split and i in rows(grown.a))
    folder = copy_of(grown.c, tmp_path)

    def ask(info):
        info["protocol"]["test_requires"].update(independent=True, confirmed=True)
        info["findings"].append({"id": "growth.dropped", "images": [image]})

    change_json(folder, "manifest.json", ask)
    change_rows(
        folder,
        "images.parquet",
        lambda found: [
            r.update(independent=True, confirmation="histopathology")
            or (r["image_id"] == image and r.update(split="excluded", excluded_reason=reason, **change))
            for r in found
        ],
    )
    assert not [f for f in extension_differences(folder, grown.a) if f.startswith(f"{image}:")]


def test_a_conflict_is_borne_out_by_the_lesion_s_labels(grown, tmp_path):
    image = next(i for i, r in rows(grown.c).items() if r["split"] == "test" and i in rows(grown.a))
    other = next(r["node_id"] for r in rows(grown.c).values() if r["three_class"] == "malignant")
    folder = copy_of(grown.c, tmp_path)
    change_json(folder, "manifest.json", lambda info: info["findings"].append({"id": "growth.dropped", "images": [image]}))

    def relabel(found):
        row = next(r for r in found if r["image_id"] == image)
        row.update(split="excluded", excluded_reason="label_conflict_in_test")
        row["labels"].append({"field": "f", "label": "l", "node_id": other, "weight": None, "fallback": False})

    change_rows(folder, "images.parquet", relabel)
    assert not [f for f in extension_differences(folder, grown.a) if f.startswith(f"{image}:")]


@pytest.mark.parametrize("reason", ["merged_with_fold", "merged_with_validation"])
def test_a_merge_is_borne_out_by_who_sits_there(grown, tmp_path, reason):
    """A says that x had another fold, or was in train with a component that is now in validation."""
    old, folder = copy_of(grown.a, tmp_path / "old"), copy_of(grown.c, tmp_path / "new")
    pairs: dict[str, list[dict]] = {}
    for row in rows(grown.c).values():
        if row["split"] == "train" and row["fold"] is not None and row["image_id"] in rows(grown.a):
            pairs.setdefault(row["component"], []).append(row)
    one, other = next(p for p in pairs.values() if len(p) > 1)[:2]
    change_json(folder, "manifest.json", lambda info: info["findings"].append({"id": "growth.merged", "images": [one["image_id"]]}))

    def drop(found):
        for r in found:
            if r["image_id"] == one["image_id"]:
                r.update(split="excluded", excluded_reason=reason)
            elif r["component"] == one["component"] and reason == "merged_with_fold":
                r.update(fold=1 - other["fold"])
            elif r["component"] == one["component"]:
                r.update(split="validation")

    change_rows(folder, "images.parquet", drop)
    assert not [f for f in extension_differences(folder, old) if f.startswith(f"{one['image_id']}: was in")]


# What a manifest says of its growth, without the older one.


@pytest.mark.parametrize(
    ("base", "change", "words"),
    [
        ("a", {"version": "1.0"}, "is not three numbers"),
        ("a", {"version": "1.1.0"}, "and it extends nothing"),
        ("b", {"version": "1.0.0"}, "and images were dropped"),
        ("b", {"version": "2.1.0"}, "and images were dropped"),
        ("c", {"version": "1.0.0"}, "and it extends a"),
        ("b", {"kept": 0}, "images kept and"),
        ("c", {"quarantined": 0}, "0 images quarantined, 1 rows"),
        ("b", {"dropped": 99}, "99 images dropped"),
        ("b", {"extends": None, "version": "1.0.0"}, "0 images dropped"),
        ("c", {"extends": None, "version": "1.0.0"}, "0 images quarantined, 1 rows"),
        ("b", {"extends": {}}, "cannot be checked"),
        ("b", {"version": 2}, "cannot be checked"),
    ],
)
def test_a_false_word_of_growth_is_found_by_every_verification(grown, tmp_path, base, change, words):
    folder = copy_of(getattr(grown, base), tmp_path)

    def write(info):
        for key, value in change.items():
            (info["extends"] if key in ("kept", "dropped", "quarantined") else info)[key] = value

    change_json(folder, "manifest.json", write)
    found = [v.message for v in verify(folder).violations]
    assert any(words in f for f in found), found


def test_an_edge_of_a_quarantined_image_is_found(grown, tmp_path):
    folder = copy_of(grown.c, tmp_path)

    def link(edges):
        edge = next(e for e in load(grown.b).edges.to_pylist() if grown.tie in (e["image_a"], e["image_b"]))
        edges.append(edge)
        edges.sort(key=lambda e: (e["image_a"], e["image_b"], e["evidence"]))

    change_rows(folder, "edges.parquet", link)
    assert any(v.message.endswith(f"{grown.tie} is quarantined") for v in verify(folder).violations)


def test_growth_drops_for_the_reasons_that_both_checks_know():
    assert REASONS.keys() == set(stated.DROPS) == seats.DROPS


def test_a_manifest_of_before_says_nothing_of_growth_and_is_none_the_worse(grown, tmp_path):
    folder = copy_of(grown.a, tmp_path)
    change_json(folder, "manifest.json", lambda info: [info.pop("version"), info.pop("extends"), info.update(schema_version="1.0")])
    assert verify(folder).ok
