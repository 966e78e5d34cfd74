"""`curate sources`: the repositories that can be ingested."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.fetch import fetch
from curate.cli.hospital import pseudonymise, template
from curate.cli.options import Json

app = typer.Typer(help="The repositories that can be ingested.", invoke_without_command=True)
SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="An id, or a declaration of your own (.toml).")]


@app.callback()
def listing(context: typer.Context, as_json: Json = False) -> None:
    """List the repositories that can be ingested; `curate sources show ID` tells more of one."""
    if context.invoked_subcommand is None:
        list_sources(as_json)


@app.command("list")
def list_sources(as_json: Json = False) -> None:
    """List the repositories that can be ingested."""
    from curate.sources.overview import overview
    from curate.terminal import Terminal

    rows = overview()
    wide = {name: 2 + max(len(str(row[name])) for row in rows) for name in ("id", "licence")}
    lines = [f"{'id':<{wide['id']}}{'pictures':>9}  {'ids know':<10}{'licence':<{wide['licence']}}name"]
    lines += [
        f"{r['id']:<{wide['id']}}{r['expected_images'] or '':>9}  {r['level']:<10}{r['licence']:<{wide['licence']}}{r['name']}"
        for r in rows
    ]
    Terminal(as_json=as_json).result({"sources": rows}, lines)


@app.command()
def show(source_id: SourceId, as_json: Json = False) -> None:
    """Say what a repository is, what to download, what it gives, how far each id is trusted, and how its labels are mapped."""
    from curate.sources.overview import gives
    from curate.sources.registry import source
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    found = source(source_id, tree)
    d = found.declaration
    about = d.model_dump(
        include={
            "id",
            "name",
            "type",
            "licence",
            "attribution",
            "homepage",
            "download",
            "citation",
            "level",
            "expected_images",
            "expected_rows",
        }
    )
    trust = {k: v for k, v in d.trust.model_dump().items() if v}
    by_kind: dict[str, int] = {}
    for row in found.label_map:
        by_kind[row.how] = by_kind.get(row.how, 0) + 1
    lines = [f"{name.replace('_', ' '):<16}{value}" for name, value in about.items() if value is not None]
    lines += [f"{'gives':<16}{', '.join(gives(d))}"]
    lines += [f"{'trust, ' + name:<16}{value}" for name, value in trust.items()]
    lines += [f"{'labels':<16}{', '.join(f'{n} {how}' for how, n in sorted(by_kind.items()))}; `curate labels show {d.id}`"]
    content = {**about, "gives": gives(d), "trust": trust, "labels": by_kind, "declaration": d.model_dump(mode="json")}
    Terminal(as_json=as_json).result(content, lines)


@app.command()
def check(
    source_id: SourceId,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the repository was unpacked.", file_okay=False)],
    metadata_only: Annotated[bool, typer.Option("--metadata-only", help="Look at tables and side-cars only.")] = False,
    as_json: Json = False,
) -> None:
    """Say what a folder holds, what is missing and what would not fit, before anything is ingested."""
    from curate.sources.check import check_folder
    from curate.sources.registry import source
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    found = check_folder(source(source_id, tree), folder, tree, metadata_only=metadata_only)
    expected = {"images": found["expected_images"], "rows": found["expected_rows"]}
    lines = [f"{found['source']}: {found['files']} files in {folder}"]
    for role in (
        "images",
        "tables",
        "side_cars",
        "rejected",
        "ignored",
        "rows",
        "rows_without_picture",
        "rows_rejected",
        "relations",
    ):
        more = f"  (the publisher names {expected[role]})" if expected.get(role) else ""
        lines.append(f"  {found[role]:>8} {role.replace('_', ' ')}{more}")
    lines.append(f"  {found['lesions']:>8} lesions, {found['patients']} patients")
    for row in found["coverage"]:
        lines.append(f"  {row['with_node']:>8} images get a node, {row['with_leaf']} a leaf, {row['with_nine_class']} a nine-class")
    lines += [f"{f['severity']}: {f['message']}" for f in found["findings"]]
    Terminal(as_json=as_json).result(found, lines)


app.command()(fetch)
app.command()(template)
app.command()(pseudonymise)
