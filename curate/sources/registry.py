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

SOURCES = ("ham10000", "isic_archive", "isic_challenge_2017", "isic_class_folders", "pad_ufes_20")
ADAPTERS = ("isic_archive",)  # sources whose declaration cannot say it all


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
    if source_id not in SOURCES:
        near = difflib.get_close_matches(source_id, SOURCES, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"There is no source {source_id!r}.", f"{hint}`curate sources` lists all of them.")
    folder = Path(str(files("curate.sources").joinpath(source_id)))
    amend: Callable[[Row], Row] = dict
    if source_id in ADAPTERS:
        amend = importlib.import_module(f"curate.sources.{source_id}.adapter").amend
    declaration = load_declaration(folder / "source.toml")
    return Source(declaration, tuple(read_label_map(folder / "label_map.csv", tree)), amend)
