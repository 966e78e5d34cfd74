"""More bad manifests, and some that are fine: what a manifest says of its growth and its rows do not, seen without the older one.

What takes the older one to see is in `tests.manifest.bad_extensions`.
"""

from typing import Any

from curate.manifest.stated import DROPS
from tests.manifest.bad import GIVEN, Copy, bad, fine


def grow(m: Copy, version: str = "1.1.0", *, dropped: int = 0, quarantined: int = 0) -> dict[str, Any]:
    """Say that the manifest extends another, of which it kept all images that are in splits but two."""
    given = sum(row["split"] in GIVEN for row in m.images)
    told = {"kept": given - 2, "added": 2, "dropped": dropped, "quarantined": quarantined}
    m.info.update(version=version, extends={"name": "old", "digest": "0" * 64, "merge": "quarantine", **told})
    return m.info["extends"]


def exclude(m: Copy, reason: str, row: dict[str, Any] | None = None) -> None:
    """Take an image out of its split, by default the first one of train."""
    row = row or next(row for row in m.images if row["split"] == "train")
    row.update(split="excluded", excluded_reason=reason, fold=None, training_class=None)


@fine
def extension_that_added(m: Copy) -> None:
    grow(m)


@fine
def extension_by_dropping(m: Copy) -> None:
    grow(m)["merge"] = "drop"


@fine
def extension_that_dropped_for_every_reason(m: Copy) -> None:
    for reason in DROPS:
        exclude(m, reason)
    grow(m, "12.0.0", dropped=len(DROPS))


@fine
def extension_of_one_that_dropped(m: Copy) -> None:
    """What was dropped earlier stays so, and is not dropped again."""
    exclude(m, "label_lost")
    grow(m, "2.0.1")


@fine
def extension_that_set_one_aside(m: Copy) -> None:
    exclude(m, "quarantined", m.single("train"))
    grow(m, quarantined=1)


@bad({5}, by_proof=set())
def version_of_two_numbers(m: Copy) -> None:
    m.info["version"] = "1.0"


@bad({5}, by_proof=set())
def version_of_three_numbers_and_a_word(m: Copy) -> None:
    m.info["version"] = "1.0.0-final"


@bad({5}, by_proof=set())
def version_zero(m: Copy) -> None:
    grow(m, "0.1.0")


@bad({5}, by_proof=set())
def later_version_of_what_extends_nothing(m: Copy) -> None:
    m.info["version"] = "1.1.0"


@bad({5}, by_proof=set())
def first_version_of_an_extension(m: Copy) -> None:
    grow(m, "1.0.0")


@bad({5}, by_proof=set())
def first_version_of_an_extension_that_dropped(m: Copy) -> None:
    exclude(m, "quality_lost")
    grow(m, "1.0.0", dropped=1)


@bad({5}, by_proof=set())
def minor_version_of_an_extension_that_dropped(m: Copy) -> None:
    """Whoever trusts minor versions to lose nothing."""
    exclude(m, "quality_lost")
    grow(m, "2.1.0", dropped=1)


@bad({5}, by_proof=set())
def merge_policy_that_is_none(m: Copy) -> None:
    grow(m)["merge"] = "as it suits"


@bad({5})
def more_kept_than_there_are(m: Copy) -> None:
    grow(m)["kept"] += 1


@bad({5})
def newcomers_kept_quiet(m: Copy) -> None:
    grow(m)["added"] = 0


@bad({5})
def set_aside_and_kept_quiet(m: Copy) -> None:
    exclude(m, "quarantined", m.single("train"))
    grow(m)


@bad({5})
def set_aside_and_nobody_is(m: Copy) -> None:
    grow(m, quarantined=1)


@bad({5})
def set_aside_where_nothing_is_extended(m: Copy) -> None:
    exclude(m, "quarantined", m.single("train"))


@bad({5}, by_proof=set())
def dropped_where_nothing_is_extended(m: Copy) -> None:
    exclude(m, "merged_with_test")


@bad({5}, by_proof=set())
def more_dropped_than_rows_say(m: Copy) -> None:
    exclude(m, "quality_lost")
    grow(m, "2.0.0", dropped=2)


@bad({5}, by_proof=set())
def first_of_a_link_set_aside(m: Copy) -> None:
    """Set aside, and tied all the same."""
    exclude(m, "quarantined", m.pair("lesion", "train")[0])
    grow(m, quarantined=1)


@bad({5}, by_proof=set())
def second_of_a_link_set_aside(m: Copy) -> None:
    exclude(m, "quarantined", m.pair("lesion", "train")[1])
    grow(m, quarantined=1)
