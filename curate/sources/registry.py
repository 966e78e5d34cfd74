"""The sources that dermcurate knows, and how one is found: by its id, or as a steward's own declaration."""

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from curate.errors import InputError
from curate.sources.declaration import Declaration, load_declaration
from curate.taxonomy.labels import LabelRow, read_label_map
from curate.taxonomy.tree import Tree

Row = dict[str, str]
Raw = Mapping[str, list[tuple[int, Row]]]
Extend = Callable[[Raw, Mapping[str, Row]], Iterable[tuple[str, Row]]]

HERE = Path(str(files("curate.sources")))
SOURCES = tuple(sorted(p.parent.name for p in HERE.glob("*/source.toml")))
LABEL_MAP = "label_map.csv"


@dataclass(frozen=True)
class Source:
    """A declared source with its label map and, where it has an adapter, what the declaration cannot say.

    Attributes:
        amend: from a record's row to the row with what an adapter adds.
        extend: from the rows of tables that are declared as `raw` (by table name) and the rows by native id, to further
            (native id, row) pairs.
    """

    declaration: Declaration
    label_map: tuple[LabelRow, ...]
    amend: Callable[[Row], Row] = dict
    extend: Extend = lambda _raw, _rows: ()


def source(name: str, tree: Tree) -> Source:
    """Return a source by its id, or a steward's own by the path of its declaration (`.toml`, its `label_map.csv` beside it).

    Raises:
        InputError: there is no such source; the message names the nearest one.
    """
    if name.endswith(".toml"):
        path = Path(name)
        declaration, labels = load_declaration(path), path.with_name(LABEL_MAP)
        if declaration.adapter not in ("", *SOURCES):
            raise InputError(f"{path}: there is no source {declaration.adapter!r} whose adapter it could use.")
        if any(table.raw for table in declaration.tables) and not declaration.adapter:
            raise InputError(
                f"{path}: a table is `raw`, and no adapter reads it.", 'Add `adapter = "…"`, the source that this is a copy of.'
            )
        rows = tuple(read_label_map(labels, tree)) if labels.is_file() else ()
        return Source(declaration, rows, *_adapter(declaration.adapter))
    if name not in SOURCES:
        near = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"There is no source {name!r}.", f"{hint}`curate sources` lists them; a .toml of your own is one too.")
    declaration = load_declaration(HERE / name / "source.toml")
    return Source(declaration, tuple(label_map(name, tree)), *_adapter(declaration.adapter or name))


def _adapter(name: str) -> tuple[Callable[[Row], Row], Extend]:
    there = name and (HERE / name / "adapter.py").is_file()
    adapter = importlib.import_module(f"curate.sources.{name}.adapter") if there else None
    return getattr(adapter, "amend", dict), getattr(adapter, "extend", lambda _raw, _rows: ())


def label_map(name: str, tree: Tree) -> list[LabelRow]:
    """Return the label map of a source; empty where it has no labels.

    Raises:
        InputError: there is no such source; the message names the nearest one.
    """
    path = HERE / name / LABEL_MAP
    if not path.parent.is_dir() or not name:
        near = difflib.get_close_matches(name, LABEL_MAPS, n=1)
        raise InputError(
            f"There is no source {name!r}.", f"Did you mean {near[0]}?" if near else f"Known are {', '.join(LABEL_MAPS)}."
        )
    return read_label_map(path, tree) if path.is_file() else []


LABEL_MAPS = tuple(sorted(p.parent.name for p in HERE.glob(f"*/{LABEL_MAP}")))
