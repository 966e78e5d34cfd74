"""What the names and cells of DermaCon-IN hold: the photograph that a crop was cut from, and one site of several body parts.

A name is a camera's counter (`IMG_2950`), or a time stamp with underscores (`IMG_20230213_123021`) or without
(`IMG20240911160038`); crops of the photograph add numbers (`_1`, `_1_1`). Counters repeat between cameras, so a photograph is
known by its subject and its name.
"""

import re

from curate.sources.agreed import agreed

PHOTOGRAPH = re.compile(r"(?P<photograph>IMG_\d{8}_\d{6,9}|IMG\d{14,17}|.+?)(?:_\d{1,2})*", re.IGNORECASE)


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `photograph`, the file's name without the numbers of crops, and `site_word`."""
    found = PHOTOGRAPH.fullmatch(row.get("native_id", ""))
    return row | {
        "photograph": found["photograph"] if found else "",
        "site_word": agreed("dermacon_in", "site", row.get("Body_part", ""), ","),
    }
