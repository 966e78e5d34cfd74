"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace", envvar="CURATE_WORKSPACE", help="Folder of the catalogue.", show_default=".curate", file_okay=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes that read pictures.", show_default="one per processor")
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Pictures per commit; no result depends on it.")]
Images = Annotated[
    list[str] | None,
    typer.Option("--images", metavar="SOURCE=FOLDER", help="Where pictures lie, or a root with one folder per source; repeatable."),
]
ManifestDir = Annotated[Path, typer.Argument(metavar="MANIFEST_DIR", help="Folder of a frozen manifest.", file_okay=False)]
