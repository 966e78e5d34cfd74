"""The official split of derm7pt: three files of row numbers, from 0, into the table of cases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from curate.errors import InputError
from curate.sources.registry import Raw, Row

PARTS = ("train", "valid", "test")


def extend(raw: Raw, rows: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    """Yield `part` for both pictures of each case that an index file names; the case of row n is number n + 1.

    Raises:
        InputError: an index is no row number, or names a row that another part has.
    """
    pictures: dict[str, list[str]] = defaultdict(list)
    for native_id, row in rows.items():
        pictures[row.get("case_num", "")].append(native_id)
    taken: dict[int, str] = {}
    for part in PARTS:
        for line, row in raw.get(part, []):
            index = _index(part, line, row["indexes"])
            if taken.setdefault(index, part) != part:
                raise InputError(
                    f"{part}_indexes.csv, line {line}: row {index} is in {taken[index]}_indexes.csv too.",
                    "Unpack the three index files of the release again.",
                )
            for native_id in pictures.get(str(index + 1), []):
                yield native_id, {"part": part}


def _index(part: str, line: int, cell: str) -> int:
    if not cell.isdecimal():
        raise InputError(
            f"{part}_indexes.csv, line {line}: {cell!r} is no row number.", "Unpack the three index files of the release again."
        )
    return int(cell)
