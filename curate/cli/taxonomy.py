"""`curate taxonomy`: the tree of diseases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.cli.options import Json

if TYPE_CHECKING:
    from curate.taxonomy.tree import Tree

app = typer.Typer(help="The tree of diseases: show, find, check, compare, export.", no_args_is_help=True)
Folder = Annotated[
    Path | None, typer.Option("--folder", help="A taxonomy other than the shipped one.", show_default="shipped", file_okay=False)
]


def _tree(folder: Path | None) -> "Tree":
    from curate.taxonomy.tree import Tree

    return Tree.read(folder) if folder else Tree.shipped()


@app.command()
def show(
    node: Annotated[str | None, typer.Argument(metavar="[NODE]", help="Id or name; all three roots where not said.")] = None,
    depth: Annotated[int, typer.Option("--depth", min=0, help="Levels below it.")] = 1,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Show a node and the tree below it."""
    from curate.taxonomy.show import described, drawn, find_node
    from curate.terminal import Terminal

    tree = _tree(folder)
    if node is None:
        roots = [g.node_id for g in tree.three]
        content = {"version": tree.version, "roots": [described(tree, r, depth) for r in roots]}
        Terminal(as_json=as_json).result(content, [line for r in roots for line in drawn(tree, r, depth)])
        return
    node_id = find_node(tree, node)
    about = described(tree, node_id, depth)
    lines = [f"{name.replace('_', ' '):<12}{value}" for name, value in about["facts"].items() if value]
    Terminal(as_json=as_json).result(about, [*lines, "", *drawn(tree, node_id, depth)])


@app.command()
def find(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A name, a synonym, a label, an id of another vocabulary.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many nodes.")] = 8,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Find nodes by name, synonym, likeness, or another vocabulary's id (such as MONDO:0005105)."""
    from curate.taxonomy.show import found_by_reference
    from curate.terminal import Terminal

    tree = _tree(folder)
    rows = found_by_reference(tree, text, limit)
    lines = [f"{r['node_id']}  {r['score']:>5g}  {r['name']}  ({r['matched']}; {' > '.join(r['path'])})" for r in rows]
    Terminal(as_json=as_json).result({"found": rows}, lines or [f"Nothing like {text!r}."])


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A taxonomy other than the shipped one.", file_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove a taxonomy: three roots, nine classes, one parent each, unique names, no shared synonym; exits 3 when a check fails."""
    from curate.taxonomy.check import LISTED, check_taxonomy
    from curate.terminal import Terminal

    proof = check_taxonomy(_tree(folder))
    counts = proof.counts
    lines = [f"{'FAIL' if wrong else 'ok  '} {name}" for name, wrong in proof.checks]
    lines += [f"     {sentence}" for _, wrong in proof.checks for sentence in wrong[:LISTED]]
    lines += ["", f"taxonomy {proof.version}: {counts['nodes']} nodes, {counts['leaves']} leaves, {counts['synonyms']} synonyms, "]
    lines[-1] += f"{counts['leaves_with_cross_reference']} leaves with an id elsewhere, {counts['retired']} retired nodes"
    for title, name in (("leaves by nine-class", "leaves_by_nine_class"), ("leaves by level", "leaves_by_level")):
        lines += ["", title, *(f"{n:>8} {key}" for key, n in counts[name].items())]
    Terminal(as_json=as_json).result(proof.as_json(), lines)
    if not proof.ok:
        raise typer.Exit(3)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder of a taxonomy.", file_okay=False)],
    new: Annotated[Path | None, typer.Argument(metavar="[NEW]", help="The shipped one where not said.", file_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Compare two versions: nodes added, retired, renamed, moved, and where images change their class."""
    from curate.taxonomy.diff import compare
    from curate.terminal import Terminal

    found = compare(_tree(old), _tree(new))
    lines = [f"{found['old']} -> {found['new']}"]
    for kind in ("added", "retired", "lost", "renamed", "moved", "reclassed"):
        lines.append(f"{len(found[kind]):>7} {kind}")
        lines += [f"        {sentence}" for sentence in found[kind]]
    Terminal(as_json=as_json).result(found, lines)


@app.command()
def export(
    to: Annotated[str, typer.Option("--to", help="obo, skos (JSON-LD) or sssom (mappings to other vocabularies, TSV).")],
    out: Annotated[Path | None, typer.Option("--out", help="The file.", show_default="stdout", dir_okay=False)] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Write the taxonomy in a format of the ontology world."""
    from curate.taxonomy.export import export_text, write_export
    from curate.terminal import Terminal

    tree = _tree(folder)
    if out is None:
        text = export_text(tree, to)
        Terminal(as_json=as_json).result({"format": to, "content": text}, [text.rstrip("\n")])
    else:
        Terminal(as_json=as_json).result({"format": to, "file": str(write_export(tree, to, out))}, [str(out)])
