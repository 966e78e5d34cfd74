"""How a sheet was judged, against counts made by hand and intervals that were published."""

import pytest

from curate.catalogue.verdicts import stored_verdicts
from curate.errors import InputError
from curate.review.score import Z, import_judged, read_judged, score, wilson
from curate.review.sheets import KEY

# Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3 (Wilson's score without continuity correction)
PUBLISHED = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("right", "all_", "low", "high"), PUBLISHED)
def test_intervals_as_published(right, all_, low, high):
    assert wilson(right, all_) == (low, high)
    assert wilson(all_ - right, all_) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(("right", "all_"), [(198, 200), (200, 200), (1, 2), (7, 9)])
def test_an_interval_holds_the_shares_that_a_score_test_does_not_reject(right, all_):
    accepted = [
        p / 10_000 for p in range(1, 10_000) if abs(right / all_ - p / 10_000) <= Z * (p / 10_000 * (1 - p / 10_000) / all_) ** 0.5
    ]
    low, high = wilson(right, all_)
    assert low == pytest.approx(accepted[0], abs=1.1e-4)
    assert high == pytest.approx(accepted[-1], abs=1.1e-4)


# number, kind, evidence, probability, answer
ROWS = [
    (1, "judged", "cnn|hash", 0.97, "same"),
    (2, "judged", "cnn", 0.97, "same"),
    (3, "judged", "cnn", 0.95, "Unsure"),
    (4, "judged", "hash", 0.4, "different"),
    (5, "judged", "hash", 1.0, "same"),
    (6, "judged", "hash", "", ""),
    (7, "known_same", "", "", "same"),
    (8, "known_same", "", "", "different"),
    (9, "known_same", "", "", "unsure"),
    (10, "known_different", "", "", "different"),
    (11, "judged", "exif", "", "same"),
]


def written(tmp_path, rows=ROWS, sheet="abc", answers=None):
    key = [",".join(KEY)]
    key += [f"{n},{kind},s:{n:02d}a,s:{n:02d}b,{evidence},,{p},image_b,abc" for n, kind, evidence, p, _ in rows]
    given = answers or [f'{n},{answer},"seen, well",{sheet}' for n, *_, answer in rows]
    (tmp_path / "key.csv").write_text("\n".join(key) + "\n")
    (tmp_path / "answers.csv").write_text("\n".join(["number,verdict,note,sheet", *given]) + "\n")
    return tmp_path / "answers.csv", tmp_path / "key.csv"


def test_a_sheet_scored_by_hand(tmp_path):
    told = score(read_judged(*written(tmp_path)))
    assert told["sheet"] == "abc"
    assert told["unanswered"] == 1
    known = {"pairs": 3, "right": 1, "unsure": 1, "share": 0.3333, "interval": wilson(1, 3)}
    assert told["known_same"] == known
    assert told["known_different"] == {"pairs": 1, "right": 1, "unsure": 0, "share": 1.0, "interval": wilson(1, 1)}
    assert told["edges"] == {
        "pairs": 6,
        "same": 4,
        "different": 1,
        "unsure": 1,
        "precision": 0.6667,
        "interval": (0.3, 0.9032),  # of 4 in 6
        "precision_if_unsure_same": 0.8333,
        "interval_if_unsure_same": (0.4365, 0.9699),  # of 5 in 6
    }
    counts = {row["evidence"]: (row["pairs"], row["same"], row["different"], row["unsure"]) for row in told["evidence"]}
    assert counts == {"cnn": (3, 2, 0, 1), "exif": (1, 1, 0, 0), "hash": (3, 2, 1, 0)}
    bands = [(row["probability"], row["pairs"], row["same"]) for row in told["probability"]]
    assert bands == [("none", 1, 1), ("0 to 0.5", 1, 0), ("0.95 to 0.99", 3, 2), ("0.99 to 1", 1, 1)]


def test_a_sheet_without_known_pairs(tmp_path):
    told = score(read_judged(*written(tmp_path, ROWS[:2])))
    assert told["known_same"] == {"pairs": 0, "right": 0, "unsure": 0, "share": None, "interval": None}


def test_judged_pairs_become_verdicts_once_and_known_ones_do_not(catalogue, tmp_path):
    judged = read_judged(*written(tmp_path))
    assert import_judged(catalogue, judged, "me")["added"] == 6
    assert import_judged(catalogue, judged, "me") == {**import_judged(catalogue, judged, "me"), "added": 0, "known": 6}
    stored = {v.image_a: v for v in stored_verdicts(catalogue)}
    assert {i: v.verdict for i, v in stored.items()} == {
        "s:01a": "same",
        "s:02a": "same",
        "s:03a": "unsure",
        "s:04a": "different",
        "s:05a": "same",
        "s:11a": "same",
    }
    assert stored["s:03a"].why == "blind sheet abc, pair 3: seen, well"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["1,same,,abd"], "answers are to the sheet abd"),
        (["12,same,,abc"], "line 2: the key has no pair '12'"),
        (["1,same,,abc", "1,same,,abc"], "line 3: pair 1 is answered twice"),
        (["1,alike,,abc"], "line 2: 'alike' is no verdict"),
        (["1,,,abc"], "no pair is judged"),
    ],
)
def test_answers_that_do_not_fit_are_refused(tmp_path, answers, said):
    with pytest.raises(InputError, match=said) as caught:
        read_judged(*written(tmp_path, answers=answers))
    assert caught.value.hint


def test_a_key_that_was_spoilt_is_refused(tmp_path):
    rows = [(1, "judged", "cnn", "high", "same")]
    with pytest.raises(InputError, match=r"key\.csv, pair 1"):
        read_judged(*written(tmp_path, rows))
