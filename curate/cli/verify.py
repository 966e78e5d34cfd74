"""`curate verify`: the proof of a frozen manifest."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Images, Json, ManifestDir, Quiet, Workspace


def verify(
    manifest: ManifestDir,
    images: Images = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="HEX", help="The published digest that this manifest must have.")
    ] = None,
    extends: Annotated[
        Path | None,
        typer.Option(
            "--extends", metavar="OLD_DIR", help="Also prove that it keeps every assignment of this one.", file_okay=False
        ),
    ] = None,
    files_only: Annotated[bool, typer.Option("--files-only", help="Do not look at pictures.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove a manifest from its files alone, and its pictures where they are known; exits 3 when an invariant is broken."""
    from curate.catalogue import workspace_folder
    from curate.manifest.extends import extension_differences
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of
    from curate.manifest.verify import verify as prove
    from curate.terminal import Terminal

    pictures = None if files_only else Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    proof = prove(manifest, pictures, expected_digest=digest)
    if extends:
        proof.add(12, f"every assignment of {extends.name} is kept", extension_differences(manifest, extends))
    lines = [f"{'ok  ' if not violations else 'FAIL'} {number or '':>2} {name}" for number, name, violations in proof.checks]
    lines += [f"     invariant {v.invariant}: {v.message}" for v in proof.violations]
    lines += [f"not checked: {reason}" for reason in proof.not_checked]
    lines.append(f"{proof.images} images, {proof.edges} edges, {proof.pictures_checked} pictures compared; digest {proof.digest}")
    lines.append(f"{manifest}: {'verified' if proof.ok else f'NOT verified, {len(proof.violations)} violations'}")
    Terminal(as_json=as_json, quiet=quiet).result(proof.as_json(), lines)
    if not proof.ok:
        raise typer.Exit(3)
