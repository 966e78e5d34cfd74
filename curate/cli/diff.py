"""`curate diff`: what changed between two manifests."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.cli.options import Json, Quiet

EXAMPLES = 3


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder of the older manifest.", file_okay=False)],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder of the newer manifest.", file_okay=False)],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two frozen manifests: images, moves by cause, labels, edges, components, settings, and the step of version."""
    from curate.manifest.diff import compare
    from curate.manifest.read import load
    from curate.terminal import Terminal

    found = compare(load(before), load(after)).as_json()
    Terminal(as_json=as_json, quiet=quiet).result(found, _lines(found))


def _lines(found: dict[str, Any]) -> Iterable[str]:
    for side in ("before", "after"):
        told = found[side]
        version = f" {told['version']}" if told["version"] else ""
        yield f"{side:<7}{told['name']}{version}, {told['images']} images, {told['edges']} edges, digest {told['digest'][:12]}…"
    yield f"step   {found['step'].upper() if found['step'] != 'none' else 'none, the two are the same'}"
    yield from (f"       {reason}" for reason in found["because"])
    yield from _table("split", found["splits"])
    yield from _table("evidence", found["evidence"])
    for title, name, row in (
        ("images added", "images_added", "{image_id} ({split})"),
        ("images removed", "images_removed", "{image_id} ({split})"),
        ("images with other content", "images_changed", "{image_id}"),
        ("images in another fold", "folds", "{image_id} {from} -> {to}"),
        ("edges with other values", "edges_changed", "{image_a} - {image_b} {evidence}: {column} {from} -> {to}"),
        ("components merged", "components_merged", "{component} of {from}"),
        ("components split", "components_split", "{component} into {to}"),
        ("components new", "components_new", "{component} ({images})"),
        ("components gone", "components_gone", "{component} ({images})"),
        ("settings changed", "settings", "{setting} {from} -> {to}"),
    ):
        yield from _examples(title, [row.format_map(r) for r in found[name]])
    for key, title in (("labels", "labels and classes changed"), ("facts", "other values changed"), ("reasons", "reasons changed")):
        yield from _grouped(title, found[key], "{column}", "{image_id} {from} -> {to}")
    yield from _grouped("images in another split", found["moved"], "{from} -> {to}, {cause}", "{image_id} ({detail})")
    for key, title in (
        ("classes", "training classes"),
        ("nodes", "taxonomy"),
        ("groups", "nine and three"),
        ("sources", "sources"),
    ):
        yield from _grouped(title, found[key], "{change}", "{id}")
    yield from _grouped("columns", found["columns"], "{change}", "{id}")
    yield from _grouped("notes", found["notes"], "{kind} {change}", "{note}")


def _table(title: str, rows: list[dict[str, Any]]) -> Iterable[str]:
    columns = [name for name in (rows[0] if rows else {}) if name != title]
    if rows:
        yield f"{title:<12}" + "".join(f"{name:>11}" for name in columns)
    yield from (f"{row[title]:<12}" + "".join(f"{row[name]:>11}" for name in columns) for row in rows)


def _examples(title: str, rows: list[str], indent: str = "") -> Iterable[str]:
    if rows:
        yield f"{indent}{len(rows)} {title}"
        yield from (f"{indent}    {row}" for row in rows[:EXAMPLES])
        if len(rows) > EXAMPLES:
            yield f"{indent}    … (--json has all)"


def _grouped(title: str, rows: list[dict[str, Any]], group: str, row: str) -> Iterable[str]:
    if rows:
        yield f"{len(rows)} {title}"
    groups: dict[str, list[str]] = defaultdict(list)
    for found in rows:
        groups[group.format_map(found)].append(row.format_map(found))
    for name, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield from _examples(name, members, "    ")
