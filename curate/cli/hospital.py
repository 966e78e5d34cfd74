"""`curate sources template` and `curate sources pseudonymise`: what a hospital needs to make an export that is accepted."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json


def template(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE", help="A source that has a template, such as hospital_biopsy.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files are written.", file_okay=False)],
    as_json: Json = False,
) -> None:
    """Write an empty manifest with one invented row, and the schema that says what each column holds."""
    from curate.sources.hospital import write_template
    from curate.terminal import Terminal

    files = write_template(source_id, out)
    lines = [
        *map(str, files),
        "The row is invented; take it out, fill in your own, and read the folder with `curate sources check`.",
    ]
    Terminal(as_json=as_json).result({"source": source_id, "files": list(map(str, files))}, lines)


def pseudonymise(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table with patient numbers and dates.", dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="The new table; nothing is overwritten.", dir_okay=False)],
    patient: Annotated[str, typer.Option("--patient", metavar="COLUMN", help="The column of patient numbers.")],
    key_file: Annotated[
        Path,
        typer.Option(
            "--key-file", metavar="FILE", help="The secret, 16 bytes or more; keep it apart from the data.", dir_okay=False
        ),
    ],
    date: Annotated[
        list[str] | None, typer.Option("--date", metavar="COLUMN", help="A column of calendar dates; repeatable.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="COLUMN", help="A further number to be replaced, of a lesion or a visit; repeatable."),
    ] = None,
    month_first: Annotated[
        bool | None,
        typer.Option("--month-first/--day-first", help="How dates such as 03/04/2021 are read.", show_default="refused"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a table anew: patient numbers as keyed hashes, dates as days since the patient's first, no columns of identifiers."""
    from curate.sources.hospital import pseudonymise as write
    from curate.sources.hospital import read_key
    from curate.terminal import Terminal

    done = write(table, out, patient=patient, dates=date or [], key=read_key(key_file), also=also or [], month_first=month_first)
    lines = [f"{out}: {done['rows']} rows of {done['patients']} patients"]
    lines += [f"dropped: {', '.join(done['dropped'])}"] if done["dropped"] else []
    lines += [f"{old} is now {new}" for old, new in done["renamed"].items()]
    lines += [f"left: line {p['line']}, column {p['column']!r}: {p['what']}" for p in done["left"]]
    if done["left"]:
        lines.append(
            f"{len(done['left'])} places still look like identifiers and will be refused; correct the table and run again."
        )
    Terminal(as_json=as_json).result(done, lines)
