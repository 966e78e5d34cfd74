"""`curate init`: an empty workspace."""

from curate.cli.options import Json, Quiet, Workspace


def init(workspace: Workspace = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Make a workspace, or bring an old one to this version."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.terminal import Terminal

    place = workspace_folder(workspace)
    with Catalogue.write(place, "curate init"):
        pass
    next_step = "curate ingest SOURCE_ID FOLDER; `curate sources` lists the sources."
    Terminal(as_json=as_json, quiet=quiet).result(
        {"workspace": str(place.resolve())}, [f"Workspace {place.resolve()} is ready. Next: {next_step}"]
    )
