"""From cases to pictures, and from twelve columns of body parts to one.

A case names up to three pictures. A picture of several cases makes these cases one group, since the same photograph is of the same
person; its row is that of its first case.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import networkx as nx

from curate.errors import InputError
from curate.sources.registry import Raw, Row

BODY_PARTS = "body_parts_"


def extend(raw: Raw, _rows: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    """Yield a row per picture with `case_id`, `case_group` and `shot_type`.

    Raises:
        InputError: an id is no whole number; a program that took it for one with a fraction has damaged it.
    """
    of_picture: dict[str, list[Row]] = defaultdict(list)
    for line, row in raw.get("cases", []):
        for number in (1, 2, 3):
            if path := row[f"image_{number}_path"]:
                picture = PurePosixPath(path).stem
                _require_whole(picture, line)
                _require_whole(row["case_id"], line)
                of_picture[picture].append(row | {"shot_type": row[f"image_{number}_shot_type"]})
    groups = _groups([[row["case_id"] for row in cases] for cases in of_picture.values()])
    for picture, cases in of_picture.items():
        yield picture, cases[0] | {"case_group": groups[cases[0]["case_id"]]}


def amend(row: Row) -> Row:
    """Return the row with `body_part`, where the user named exactly one."""
    named = [column for column, cell in row.items() if column.startswith(BODY_PARTS) and cell == "YES"]
    return row | {"body_part": named[0].removeprefix(BODY_PARTS)} if len(named) == 1 else row


def _require_whole(value: str, line: int) -> None:
    if not re.fullmatch(r"-?\d+", value):
        raise InputError(
            f"scin_cases.csv, line {line}: the id {value!r} is no whole number.",
            "Download the table again; a spreadsheet shortens numbers of 19 digits.",
        )


def _groups(together: list[list[str]]) -> dict[str, str]:
    """Return for each case the smallest of all cases that are joined to it by pictures."""
    graph = nx.Graph()
    for cases in together:
        nx.add_path(graph, cases)
    return {case: min(joined) for joined in nx.connected_components(graph) for case in joined}
