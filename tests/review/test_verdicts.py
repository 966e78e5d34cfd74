"""Verdicts: the log and the table agree however the program ends, nothing is lost, and nothing is taken in twice."""

import contextlib
import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.catalogue import Catalogue, verdicts
from curate.catalogue.verdicts import COLUMNS, LOG_NAME, Verdict, agree, last_verdicts, read_verdicts, record, stored_verdicts
from curate.errors import InputError
from curate.review.verdicts import add_verdict, export_verdicts, import_verdicts, nearest

NOON = datetime(2026, 1, 31, 12)


class Crash(BaseException):
    """The program ends here."""


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).map(lambda t: " ".join(t.split()))
IDS = st.sampled_from(["s:a", "s:b, c", 's:"d"', "t:é/f.jpg", "t:=g"])
MADE = st.builds(
    lambda ids, verdict, who, second, why: Verdict(*sorted(ids), verdict, who or "x", NOON + timedelta(seconds=second), why),
    st.lists(IDS, min_size=2, max_size=2, unique=True),
    st.sampled_from(verdicts.VERDICTS),
    WORDS,
    st.integers(0, 5),
    WORDS,
)
POINTS = ("copy half written", "copy not flushed", "copy not in place", "folder not flushed", "table", "transaction", None)


@contextlib.contextmanager
def crash_at(point: str | None):
    """End the program inside the next addition of verdicts."""
    with pytest.MonkeyPatch.context() as patch:
        if point == "copy half written":
            whole = verdicts.text_of

            def half(rows):
                text = whole(rows)
                patch.setattr(verdicts.os, "fsync", crash)
                return text[: len(text) // 2]

            patch.setattr(verdicts, "text_of", half)
        elif point == "copy not flushed":
            patch.setattr(verdicts.os, "fsync", crash)
        elif point == "copy not in place":
            patch.setattr(Path, "replace", crash)
        elif point == "folder not flushed":
            flush, calls = verdicts.os.fsync, []

            def second(handle):
                calls.append(handle)
                if len(calls) > 1:
                    raise Crash
                flush(handle)

            patch.setattr(verdicts.os, "fsync", second)
        elif point == "table":
            patch.setattr(verdicts, "_insert", crash)
        elif point == "transaction":
            insert = Catalogue.insert

            def insert_and_crash(self, table, rows):
                insert(self, table, rows)
                raise Crash

            patch.setattr(Catalogue, "insert", insert_and_crash)
        yield


def crash(*_):
    raise Crash


@pytest.fixture(scope="module")
def emptied(tmp_path_factory):
    """A function that returns one catalogue, without verdicts and log; the next `agree` stands for the next opening."""
    with Catalogue.write(tmp_path_factory.mktemp("workspace"), "a test") as catalogue:

        def empty():
            catalogue.execute("DELETE FROM verdicts")
            for file in catalogue.workspace.glob("verdicts.*"):
                file.unlink()
            return catalogue

        yield empty


@settings(max_examples=30)
@given(additions=st.lists(st.tuples(st.lists(MADE, min_size=1, max_size=3), st.sampled_from(POINTS)), min_size=1, max_size=4))
def test_log_and_table_agree_after_a_crash_at_any_point(emptied, additions):
    catalogue = emptied()
    log = catalogue.workspace / LOG_NAME
    expected: set[Verdict] = set()
    for batch, point in additions:
        crashed = False
        try:
            with crash_at(point):
                record(catalogue, batch)
        except Crash:
            crashed = True
        agree(catalogue)
        stored = stored_verdicts(catalogue)
        assert sorted(stored) == sorted(read_verdicts(log))
        assert len(set(stored)) == len(stored)
        now = set(stored)
        assert now in (expected, expected | set(batch))  # all of an addition, or none of it
        in_place = point in ("folder not flushed", "table", "transaction", None)
        assert not (in_place or not crashed) or now == expected | set(batch)
        expected = now
    for batch, _ in additions:  # said again, what was lost is there once
        record(catalogue, batch)
        expected |= set(batch)
    assert sorted(stored_verdicts(catalogue)) == sorted(read_verdicts(log)) == sorted(expected)


def test_verdicts_outlive_a_lost_catalogue_and_a_lost_log(tmp_path):
    said = [Verdict("s:a", "s:b", "same", "me", NOON, 'a "scar", and\u2028more'.replace("\u2028", " "))]
    with Catalogue.write(tmp_path, "a test") as catalogue:
        record(catalogue, said)
    for lost in ("catalogue.duckdb", LOG_NAME):
        (tmp_path / lost).unlink()
        with Catalogue.write(tmp_path, "a test") as catalogue:
            assert stored_verdicts(catalogue) == said
        assert read_verdicts(tmp_path / LOG_NAME) == said


def test_the_log_is_only_ever_added_to_and_a_hand_made_line_without_an_end_counts(catalogue):
    log = catalogue.workspace / LOG_NAME
    by_hand = ",".join(COLUMNS) + "\ns:b,s:a,Same,me,2026-01-31T13:00:00+01:00,seen"
    log.write_text(by_hand)
    agree(catalogue)
    first = Verdict("s:a", "s:b", "same", "me", NOON, "seen")
    assert stored_verdicts(catalogue) == [first]
    record(catalogue, [first, Verdict("s:a", "s:b", "unsure", "me", NOON + timedelta(1), "")])
    assert log.read_text() == by_hand + "\n" + "s:a,s:b,unsure,me,2026-02-01T12:00:00Z,\n"
    agree(catalogue)
    assert len(log.read_text().splitlines()) == len(stored_verdicts(catalogue)) + 1 == 3


def test_what_stands_in_the_table_alone_is_logged_once_however_it_is_spaced(catalogue):
    catalogue.execute("INSERT INTO verdicts VALUES ('s:a', 's:b', 'same', 'a  reviewer', ?, ' two\nlines ')", [NOON])
    for _ in range(3):
        agree(catalogue)
    assert (catalogue.workspace / LOG_NAME).read_text().splitlines()[1:] == [
        "s:a,s:b,same,a reviewer,2026-01-31T12:00:00Z,two lines"
    ]
    assert len(stored_verdicts(catalogue)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1"),
        ("image_a,image_b,verdict\n", "line 1"),
        ("{}\ns:a,s:b,same,me\n", "line 2: 4 values"),
        ("{}\ns:a,s:b,alike,me,2026-01-31,\n", "line 2: 'alike' is no verdict"),
        ("{}\n\ns:a,s:a,same,me,2026-01-31,\n", "line 3: a verdict speaks of two images"),
        ("{}\ns:a,s:b,same,,2026-01-31,\n", "line 2: it is not said who"),
        ("{}\ns:a,s:b,same,me,yesterday,\n", "line 2: 'yesterday' is no time"),
        ('{}\ns:a,"s:b\n', "cannot be read"),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_opened(tmp_path, text, said):
    with Catalogue.write(tmp_path, "a test"):
        pass
    (tmp_path / LOG_NAME).write_text(text.format(",".join(COLUMNS)))
    with pytest.raises(InputError, match=said) as caught, Catalogue.write(tmp_path, "a test"):
        pass
    assert LOG_NAME in caught.value.message
    assert caught.value.hint


def images(catalogue, *ids):
    catalogue.insert("images", [{"image_id": i, "source_id": "s", "native_id": i, "path": i} for i in ids])


def table(tmp_path, *lines, name="t.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_an_import_counts_once(catalogue, tmp_path):
    images(catalogue, "s:a", "s:b", "s:c")
    path = table(tmp_path, "image_b;image_a;verdict;why", "s:a;s:b;SAME;scar", "s:c;s:a;unsure;", "s:b;s:a;same;scar")
    done = import_verdicts(catalogue, path, "me")
    assert (done["added"], done["known"], done["absent"]) == (2, 1, [])
    assert done["verdicts"] == {"same": 1, "different": 0, "unsure": 1}
    assert import_verdicts(catalogue, path, "me")["added"] == 0
    assert import_verdicts(catalogue, path, "somebody else")["added"] == 2
    assert {v.who for v in stored_verdicts(catalogue)} == {"me", "somebody else"}


def test_what_is_exported_is_imported_elsewhere_as_it_is(catalogue, tmp_path):
    path = table(
        tmp_path, ",".join(COLUMNS), "s:b,s:a,same,me,2026-01-31T12:00:00.25Z,", 's:a,s:c,different,you,2026-01-30,"no, a mole"'
    )
    import_verdicts(catalogue, path)
    verdicts_told, text = export_verdicts(catalogue, tmp_path / "out.csv")
    assert [v.who for v in verdicts_told] == ["you", "me"]
    assert (tmp_path / "out.csv").read_text() == text
    assert next(csv.DictReader(io.StringIO(text)))["why"] == "no, a mole"
    with pytest.raises(InputError, match="there already"):
        export_verdicts(catalogue, tmp_path / "out.csv")
    with Catalogue.write(tmp_path / "elsewhere", "a test") as other:
        assert import_verdicts(other, tmp_path / "out.csv")["added"] == 2
        assert stored_verdicts(other) == stored_verdicts(catalogue)
    assert import_verdicts(catalogue, tmp_path / "out.csv")["known"] == 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["image_a,image_b", "s:a,s:b"], "no column 'verdict'"),
        (["image_a,image_b,verdict"], "no row"),
        (["image_a,image_b,verdict", "s:a,s:b,same", "s:a,s:c,alike"], "line 3: 'alike'"),
        (["image_a,image_b,verdict", "s:a,s:b,same,more"], "line 2: 4 values"),
        (["image_a,image_b,verdict", "s:a,,same"], "line 2: a verdict speaks of two images"),
        (
            ["image_a,image_b,verdict,decided", "s:a,s:b,same,2026-01-31", "s:b,s:a,different,2026-01-31"],
            "line 3: another verdict on s:a and s:b is of the same moment",
        ),
    ],
)
def test_a_table_is_taken_in_whole_or_not_at_all(catalogue, tmp_path, lines, said):
    with pytest.raises(InputError, match=said) as caught:
        import_verdicts(catalogue, table(tmp_path, *lines), "me")
    assert "t.csv" in caught.value.message
    assert stored_verdicts(catalogue) == []
    assert not (catalogue.workspace / LOG_NAME).exists()


def test_nobody_decided(catalogue, tmp_path):
    with pytest.raises(InputError, match="not said who"):
        import_verdicts(catalogue, table(tmp_path, "image_a,image_b,verdict", "s:a,s:b,same"))
    with pytest.raises(InputError, match="cannot be read"):
        import_verdicts(catalogue, tmp_path / "absent.csv")


def test_absent_images_are_kept_by_an_import_and_refused_by_hand(catalogue, tmp_path):
    images(catalogue, "s:Train/nevus/ISIC_01", "s:ISIC_02", "t:other")
    done = import_verdicts(catalogue, table(tmp_path, "image_a,image_b,verdict", "s:ISIC_01,s:ISIC_02,same"), "me")
    assert done["absent"] == [{"image": "s:ISIC_01", "nearest": ["s:ISIC_02", "s:Train/nevus/ISIC_01"]}]
    assert len(stored_verdicts(catalogue)) == 1
    row = {"image_a": "s:ISIC_02", "image_b": "s:ISIC_03", "verdict": "different", "who": "me", "why": "outline"}
    with pytest.raises(InputError, match="no image s:ISIC_03") as caught:
        add_verdict(catalogue, row)
    assert "Did you mean s:ISIC_02?" in caught.value.hint
    assert add_verdict(catalogue, row, keep_absent=True)["added"] == 1
    assert nearest(catalogue, "nothing like it") == []


def test_the_last_one_added_counts_though_the_clock_stood_still(catalogue, monkeypatch):
    images(catalogue, "s:a", "s:b")

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOON.replace(tzinfo=tz)

    monkeypatch.setattr("curate.review.verdicts.datetime", Clock)
    row = {"image_a": "s:a", "image_b": "s:b", "who": "me", "why": ""}
    for verdict in ("unsure", "same", "different"):
        add_verdict(catalogue, {**row, "verdict": verdict})
    assert [v.verdict for v in stored_verdicts(catalogue)] == ["unsure", "same", "different"]
    assert [v.verdict for v in last_verdicts(stored_verdicts(catalogue)).values()] == ["different"]
    assert catalogue.rows("SELECT verdict FROM verdicts ORDER BY decided DESC LIMIT 1") == [("different",)]
