"""One word for a cell that holds several: a fact is told where all of them say the same."""

import functools

from curate.sources.declaration import load_declaration
from curate.sources.records import Fact
from curate.sources.registry import HERE


@functools.cache
def _fact(source_id: str, name: str) -> tuple[Fact, str]:
    value = getattr(load_declaration(HERE / source_id / "source.toml").record, name)
    return Fact(name, value), value.columns[0]


def agreed(source_id: str, name: str, cell: str, separator: str) -> str:
    """Return of a cell's native words the one that stands for all, by the translations that the source declares.

    It is a word that is not understood where there is one (so that a finding names it), else the first where all are
    understood as the same, else none.
    """
    fact, column = _fact(source_id, name)
    words = [word for part in cell.split(separator) if (word := part.strip())]
    unknown = next((word for word in words if fact.untranslated({column: word})), None)
    if unknown or not words:
        return unknown or ""
    return words[0] if len({fact.told({column: word}) for word in words}) == 1 else ""
