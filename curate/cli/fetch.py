"""`curate sources fetch`: pictures and their table from an archive that has a public interface."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet


def fetch(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE", help="Where from: isic, the ISIC Archive.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder, or one of an earlier fetch.", file_okay=False)],
    collection: Annotated[
        list[int] | None, typer.Option("--collection", metavar="NUMBER", min=1, help="A collection's number; repeatable.")
    ] = None,
    query: Annotated[
        str, typer.Option("--query", help="A search in the archive's words: 'diagnosis_3:\"Nevus\" AND sex:male'.")
    ] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Pictures at most.", show_default="all")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many pictures and bytes, and write nothing.")] = False,
    api: Annotated[str, typer.Option("--api", envvar="CURATE_ISIC_API", hidden=True)] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring public pictures and their table into a folder; given again, it goes on, and checks what is there."""
    from dataclasses import asdict

    from curate.errors import InputError
    from curate.sources.fetch import API, fetch_isic, measure_isic, size_in_words
    from curate.terminal import Terminal

    if source_id not in ("isic", "isic_archive"):
        raise InputError(
            f"No way to fetch {source_id!r} is known; isic can be fetched.",
            "`curate sources show ID` says where a repository is to be downloaded.",
        )
    terminal = Terminal(as_json=as_json, quiet=quiet)
    if dry_run:
        extent = measure_isic(out, collections=collection or [], query=query, limit=limit, api=api or API)
        lines = [
            f"{extent.images} pictures, {size_in_words(extent.bytes)}",
            f"{out}: {extent.here} pictures are there already, {size_in_words(extent.free_bytes)} are free",
        ]
        terminal.result({"source": "isic", "dry_run": True, "folder": str(out), **extent._asdict()}, lines)
        return
    with terminal.progress("fetch isic") as progress:
        done = fetch_isic(out, collections=collection or [], query=query, limit=limit, api=api or API, progress=progress)
    lines = [f"{out}: {done.images} pictures, {size_in_words(done.bytes)}"]
    lines += [
        f"  {count:>7} {words}"
        for count, words in (
            (done.fetched, f"fetched, {size_in_words(done.received_bytes)} received"),
            (done.replaced, "replaced: exchanged by the archive, or damaged here"),
            (done.kept, "were here already, unchanged"),
        )
        if count
    ]
    lines += [f"note: {note}" for note in done.notes]
    terminal.result({"source": "isic", "dry_run": False, "folder": str(out), **asdict(done)}, lines)
