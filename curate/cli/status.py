"""`curate status`: where a workspace stands."""

from curate.cli.options import Json, Quiet, Workspace


def status(workspace: Workspace = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say what the workspace holds and which stages have run."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.status import status as report_status
    from curate.terminal import Terminal

    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        found = report_status(catalogue)
    lines = [f"workspace {found['workspace']}"]
    lines += [f"  {s['images']:>8} images, {s['rejected']} rejected  {s['id']}  {s['folder']}" for s in found["sources"]]
    lines.append(f"{found['images']} images, {found['rejected']} rejected, {found['fingerprinted']} fingerprinted")
    lines.append("edges: " + (", ".join(f"{n} {k}" for k, n in found["edges"].items()) or "none"))
    lines.append(f"components: {found['components']}")
    lines.append("splits: " + (", ".join(f"{n} {k}" for k, n in found["splits"].items()) or "none"))
    lines += [f"finding {k}: {n}" for k, n in found["findings"].items()]
    lines.append("stages done: " + (", ".join(found["stages"]) or "none"))
    Terminal(as_json=as_json, quiet=quiet).result(found, lines)
