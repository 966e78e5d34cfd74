"""What people say of single pictures: kept as verdicts on pairs are, apart from them, and before all that the gate measures."""

import shutil
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from curate.catalogue import Catalogue
from curate.catalogue.verdicts import (
    COLUMNS,
    LOG_NAME,
    Verdict,
    last_verdicts,
    last_words,
    read_verdicts,
    record,
    stored_verdicts,
    verdict_of,
)
from curate.cli import app
from curate.errors import InputError, NotReadyError
from curate.graph.link import link_is_current
from curate.manifest.freeze import freeze
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.verify import verify
from curate.review.verdicts import add_verdict, export_verdicts, import_verdicts
from curate.splits.protocol import Protocol
from curate.splits.stage import split, split_is_current

NOON = datetime(2026, 1, 31, 12)


def word(image: str, said: str, *, second: int = 0, who: str = "me", why: str = "") -> Verdict:
    return Verdict(image, "", said, who, NOON + timedelta(seconds=second), why)


def row(**cells: str) -> dict[str, str]:
    return {"image_a": "s:a", "image_b": "", "verdict": "fit", "who": "me", "decided": "2026-01-31T12:00:00Z", "why": ""} | cells


@pytest.mark.parametrize("said", ["fit", "unfit", "unsure", " FIT "])
def test_one_id_is_enough_in_either_column(said):
    expected = word("s:a", said.strip().lower())
    assert verdict_of(row(verdict=said), "here") == expected
    assert verdict_of(row(verdict=said, image_a="", image_b="s:a"), "here") == expected
    assert (expected.pair, expected.images) == (("s:a", ""), ("s:a",))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"verdict": "same"}, r"a verdict speaks of two images \(s:a\)"),
        ({"verdict": "different"}, "two images"),
        ({"verdict": "blurred"}, "'blurred' is no verdict on one image"),
        ({"image_b": "s:b"}, "'fit' is no verdict on a pair"),
        ({"image_b": "s:b", "verdict": "unfit"}, "no verdict on a pair"),
        ({"image_a": ""}, "none is named"),
        ({"image_b": "s:a"}, "two images"),
        ({"who": " "}, "not said who"),
    ],
)
def test_what_is_no_word_is_refused_and_the_words_are_told(cells, told):
    with pytest.raises(InputError, match=told) as refused:
        verdict_of(row(**cells), "here")
    if cells.get("verdict") == "blurred":
        assert refused.value.hint == "Use fit, unfit, unsure."


SAID = st.lists(
    st.builds(
        lambda image, said, second, who: word(image, said, second=second, who=who),
        st.sampled_from(["s:a", "s:b", "s:c"]),
        st.sampled_from(["fit", "unfit", "unsure"]),
        st.integers(0, 3),
        st.sampled_from(["me", "you"]),
    ),
    max_size=8,
)
OF_PAIRS = st.lists(
    st.builds(
        lambda ids, said, second: Verdict(*sorted(ids), said, "me", NOON + timedelta(seconds=second), ""),
        st.lists(st.sampled_from(["s:a", "s:b", "s:c"]), min_size=2, max_size=2, unique=True),
        st.sampled_from(["same", "different", "unsure"]),
        st.integers(0, 3),
    ),
    max_size=5,
)


@given(words=SAID, pairs=OF_PAIRS, order=st.randoms(use_true_random=False))
def test_the_last_word_on_a_picture_counts_and_none_on_a_pair_does(words, pairs, order):
    both = [*words, *pairs]
    order.shuffle(both)
    counts: dict[str, str] = {}
    for image in ("s:a", "s:b", "s:c"):
        of_it = [w for w in words if w.image_a == image]
        if of_it:
            latest = max(w.decided for w in of_it)
            last = max((w for w in of_it if w.decided == latest), key=lambda w: (w.verdict, w.who))
            if last.verdict in ("fit", "unfit"):
                counts[image] = last.verdict
    assert last_words(both) == counts
    assert last_verdicts(both) == last_verdicts(pairs)


def images(catalogue, *ids):
    catalogue.insert("images", [{"image_id": i, "source_id": "s", "native_id": i, "path": i} for i in ids])


def test_words_are_added_imported_exported_and_given_back_by_the_log(catalogue, tmp_path):
    images(catalogue, "s:a", "s:b")
    path = tmp_path / "t.csv"
    path.write_text("image_a,image_b,verdict,who\ns:a,,unfit,me\ns:a,s:b,same,me\ns:c,,fit,me\n", encoding="utf-8")
    done = import_verdicts(catalogue, path)
    assert (done["added"], done["pairs"], done["known"]) == (3, 1, 0)
    assert done["verdicts"] == {"same": 1, "different": 0, "unsure": 0, "unfit": 1, "fit": 1}
    assert [absent["image"] for absent in done["absent"]] == ["s:c"]
    assert import_verdicts(catalogue, path)["known"] == 3
    again = add_verdict(catalogue, {**row(verdict="unsure", why="seen again")})
    assert (again["added"], again["pairs"], again["absent"]) == (1, 0, [])
    stored = stored_verdicts(catalogue)
    assert last_words(stored) == {"s:c": "fit"}
    assert [v.verdict for v in last_verdicts(stored).values()] == ["same"]
    _, text = export_verdicts(catalogue, tmp_path / "out.csv")
    assert sum(",," in line for line in text.splitlines()) == 3
    with Catalogue.write(tmp_path / "elsewhere", "a test") as other:
        assert import_verdicts(other, tmp_path / "out.csv")["added"] == 4
        assert stored_verdicts(other) == stored


def test_words_outlive_a_lost_catalogue_and_a_lost_log(tmp_path):
    said = [word("s:a", "unfit", why="a ruler, and hair"), word("s:b", "unsure", second=1)]
    with Catalogue.write(tmp_path, "a test") as catalogue:
        record(catalogue, said)
    for lost in ("catalogue.duckdb", LOG_NAME):
        (tmp_path / lost).unlink()
        with Catalogue.write(tmp_path, "a test") as catalogue:
            assert stored_verdicts(catalogue) == said
        assert read_verdicts(tmp_path / LOG_NAME) == said


def test_two_words_of_one_moment_are_refused(catalogue, tmp_path):
    path = tmp_path / "t.csv"
    head = ",".join(COLUMNS)
    path.write_text(f"{head}\ns:a,,fit,me,2026-01-31,\ns:a,,unfit,you,2026-01-31,\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: another verdict on s:a is of the same moment"):
        import_verdicts(catalogue, path)
    path.write_text(f"{head}\ns:a,,fit,me,2026-01-31,\ns:a,s:b,same,you,2026-01-31,\n", encoding="utf-8")
    assert import_verdicts(catalogue, path)["added"] == 2


def test_a_word_by_hand_on_an_unknown_picture_names_those_near_it(catalogue):
    images(catalogue, "s:ISIC_01")
    with pytest.raises(InputError, match="no image s:ISIC_02") as refused:
        add_verdict(catalogue, row(image_a="s:ISIC_02"))
    assert "s:ISIC_01" in refused.value.hint
    assert add_verdict(catalogue, row(image_a="s:ISIC_02"), keep_absent=True)["absent"] == [
        {"image": "s:ISIC_02", "nearest": ["s:ISIC_01"]}
    ]


@pytest.fixture
def copy(project, frozen, tmp_path):
    """The small project's workspace, copied."""
    assert frozen
    place = tmp_path / "copy"
    shutil.copytree(project.workspace, place, ignore=shutil.ignore_patterns("writer.lock"))
    return place


@pytest.fixture
def linked(copy):
    with Catalogue.write(copy, "a test") as catalogue:
        yield catalogue


def run(workspace, *arguments):
    done = CliRunner().invoke(app, [*arguments, "--workspace", str(workspace)])
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_says_which_stage_takes_it_into_account(copy):
    who = ("--who", "me", "--why", "dark")
    image, other = "ham10000:ISIC_0000001", "ham10000:ISIC_0000009"
    for said in ("unfit", "unsure"):
        lines = run(copy, "review", "image", image, said, *who).splitlines()
        assert lines[0].startswith(f"1 verdicts added (1 {said}), 0 were known")
        assert lines[-1] == "`curate split` takes them into account."
    assert run(copy, "review", "add", image, other, "unsure", *who).splitlines()[-1] == "`curate link` takes them into account."
    assert len(run(copy, "review", "image", image, "unsure", *who).splitlines()) == 1, "it was known"
    with pytest.raises(InputError, match="a verdict speaks of two images"):
        run(copy, "review", "image", image, "same", *who)
    with pytest.raises(InputError, match="no verdict on a pair"):
        run(copy, "review", "add", image, other, "fit", *who)
    exported = run(copy, "review", "export").splitlines()
    assert [line.split(",")[:3] for line in exported[1:]] == [
        [image, "", "unfit"],
        [image, "", "unsure"],
        [image, other, "unsure"],
    ]


def test_a_word_makes_the_split_stale_and_not_the_links(linked, tree, tmp_path):
    split(linked, Protocol(), tree)
    (image,) = linked.rows("SELECT image_id FROM assignments ORDER BY image_id LIMIT 1")[0]
    for number, (said, current) in enumerate([("unsure", True), ("unfit", False), ("unsure", True), ("fit", False)]):
        record(linked, [word(image, said, second=number)])
        assert link_is_current(linked)
        assert split_is_current(linked, tree) == current, f"after {said}"
    with pytest.raises(NotReadyError, match="split is older"):
        freeze(linked, tree, "stale", tmp_path)
    assert split(linked, Protocol(), tree)["skipped"] is False
    assert split_is_current(linked, tree)
    assert split(linked, Protocol(), tree)["skipped"] is True


WIDE = Protocol(test=0.5, validation=0.4, folds=2)


def seats(catalogue, component):
    return set(
        catalogue.rows(
            """SELECT a.split, a.pinned, a.fold, c.image_id, a.quality_fail FROM assignments a JOIN components c USING (image_id)
               WHERE c.component = ?""",
            [component],
        )
    )


def component_in(catalogue, side):
    """Return a component of several pictures on a side, with one of its pictures."""
    return catalogue.rows(
        """SELECT c.component, min(c.image_id) FROM components c JOIN assignments a USING (image_id)
           GROUP BY 1 HAVING count(*) > 1 AND bool_and(a.split = ?) ORDER BY 1""",
        [side],
    )[0]


@pytest.mark.parametrize("side", ["test", "validation"])
def test_unfit_takes_a_sharp_picture_out_and_its_component_with_it(linked, tree, side):
    split(linked, WIDE, tree)
    component, image = component_in(linked, side)
    before = seats(linked, component)
    record(linked, [word(image, "unfit")])
    split(linked, WIDE, tree)
    assert {place[:3] for place in seats(linked, component)} == {("train", "quality", None)}
    assert {(i, fails) for *_, i, fails in seats(linked, component)} == {
        (i, "reviewer" if i == image else None) for *_, i, _ in before
    }
    record(linked, [word(image, "unsure", second=1)])  # taken back
    split(linked, WIDE, tree)
    assert seats(linked, component) == before


def test_fit_brings_a_blurred_picture_back(linked, tree):
    split(linked, WIDE, tree)
    component, image = component_in(linked, "test")
    before = seats(linked, component)
    changed = "UPDATE fingerprints SET sharpness = 1 WHERE sha256 = (SELECT sha256 FROM image_contents WHERE image_id = ?)"
    linked.execute(changed, [image])
    split(linked, WIDE.model_copy(update={"seed": 1}), tree)
    assert {place[:3] for place in seats(linked, component)} == {("train", "quality", None)}
    assert (image, "blurred") in {place[3:] for place in seats(linked, component)}
    record(linked, [word(image, "fit")])
    split(linked, WIDE, tree)
    assert seats(linked, component) == before


def test_a_manifest_carries_the_words_and_proves_itself(linked, tree, tmp_path):
    split(linked, WIDE, tree)
    _, unfit = component_in(linked, "test")
    _, fit = component_in(linked, "validation")
    linked.execute(
        "UPDATE fingerprints SET sharpness = 1, contrast = 1 WHERE sha256 = (SELECT sha256 FROM image_contents WHERE image_id = ?)",
        [fit],
    )
    record(linked, [word(unfit, "unfit"), word(fit, "fit"), word("s:absent", "unfit"), word("pad_ufes_20:PAT_4_44_44", "unsure")])
    split(linked, WIDE, tree)
    folder = tmp_path / "worded"
    freeze(linked, tree, "worded", tmp_path, text=True)
    rows = {r["image_id"]: r for r in load(folder).images.to_pylist()}
    assert {i: (r["quality_word"], r["quality_fail"]) for i, r in rows.items() if r["quality_word"] or r["quality_fail"]} == {
        unfit: ("unfit", "reviewer"),
        fit: ("fit", None),
    }
    assert rows[fit]["sharpness"] == 1
    measured = {i for i, r in rows.items() if r["framing"] is not None}
    assert measured == {i for i, r in rows.items() if r["modality"] == "clinical"} == {i for i in rows if i.startswith("pad")}
    assert verify(folder).violations == []
    assert prove(folder)["violations"] == []
