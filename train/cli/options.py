"""Options that both commands take."""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.errors import MissingExtraError

if TYPE_CHECKING:
    from curate.manifest.pictures import Pictures

ManifestDir = Annotated[Path, typer.Argument(metavar="MANIFEST_DIR", help="Folder of a frozen manifest.", file_okay=False)]
Images = Annotated[
    list[str] | None,
    typer.Option("--images", metavar="SOURCE=FOLDER", help="Where pictures lie, or a root with one folder per source; repeatable."),
]
Workspace = Annotated[
    Path | None,
    typer.Option("--workspace", envvar="CURATE_WORKSPACE", help="Its sources' folders are used where --images says nothing."),
]
Loaders = Annotated[int, typer.Option("--loaders", min=0, help="Processes that read pictures beside the one that computes.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")]


def pictures_of(manifest: Path, images: list[str] | None, workspace: Path | None) -> "Pictures":
    """Return where the pictures of a manifest lie."""
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of

    place = workspace or Path(os.environ.get("CURATE_WORKSPACE") or ".curate")
    return Pictures.find(sources_of(manifest), images or [], place)


def require_extra() -> None:
    """Raise MissingExtraError where the packages of the extra `train` are not installed."""
    missing = [p for p in ("torch", "torchvision", "safetensors", "matplotlib") if importlib.util.find_spec(p) is None]
    if missing:
        raise MissingExtraError(f"Training needs {missing[0]}, which is not installed.", "pip install 'dermcurate[train]'")
