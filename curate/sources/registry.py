"""The sources that dermcurate knows, and how one is found by its id."""

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from curate.errors import InputError
from curate.sources.declaration import Declaration, load_declaration
from curate.taxonomy.labels import LabelRow, read_label_map
from curate.taxonomy.tree import Tree

Row = dict[str, str]

HERE = Path(str(files("curate.sources")))
SOURCES = tuple(sorted(p.parent.name for p in HERE.glob("*/source.toml")))  # what can be ingested
LABEL_MAPS = tuple(sorted(p.parent.name for p in HERE.glob("*/label_map.csv")))  # also of repositories that cannot be, yet


@dataclass(frozen=True)
class Source:
    """A declared source with its label map and, where it has an adapter, the function that amends its rows."""

    declaration: Declaration
    label_map: tuple[LabelRow, ...]
    amend: Callable[[Row], Row]


def source(source_id: str, tree: Tree) -> Source:
    """Return a source by id.

    Raises:
        InputError: there is no such source; the message names the nearest one.
    """
    _require(source_id, SOURCES)
    amend: Callable[[Row], Row] = dict
    if (HERE / source_id / "adapter.py").is_file():  # what the declaration cannot say
        amend = importlib.import_module(f"curate.sources.{source_id}.adapter").amend
    declaration = load_declaration(HERE / source_id / "source.toml")
    return Source(declaration, tuple(read_label_map(HERE / source_id / "label_map.csv", tree)), amend)


def label_map(source_id: str, tree: Tree) -> list[LabelRow]:
    """Return the label map of a source; there are maps of repositories that cannot be ingested yet.

    Raises:
        InputError: there is no such map; the message names the nearest one.
    """
    _require(source_id, LABEL_MAPS)
    return read_label_map(HERE / source_id / "label_map.csv", tree)


def _require(source_id: str, known: tuple[str, ...]) -> None:
    if source_id not in known:
        near = difflib.get_close_matches(source_id, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"There is no source {source_id!r}.", f"{hint}Known are {', '.join(known)}.")
