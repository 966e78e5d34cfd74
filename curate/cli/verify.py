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
    files_only: Annotated[bool, typer.Option("--files-only", help="Do not look at pictures.")] = False,
    signers: Annotated[
        Path | None,
        typer.Option(
            "--signers", metavar="FILE", help="Ask for a signature of one of these: allowed signers of OpenSSH.", dir_okay=False
        ),
    ] = None,
    minisign_public_key: Annotated[
        Path | None,
        typer.Option("--minisign-public-key", metavar="FILE", help="Ask for a signature by this key of minisign.", dir_okay=False),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove a manifest from its files alone, and its pictures where they are known; exits 3 when an invariant is broken."""
    from curate.catalogue import workspace_folder
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of
    from curate.manifest.signature import Signers
    from curate.manifest.verify import verify as prove
    from curate.terminal import Terminal

    pictures = None if files_only else Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    asked = Signers(signers, minisign_public_key) if signers or minisign_public_key else None
    proof = prove(manifest, pictures, expected_digest=digest, signers=asked)
    lines = [f"{'ok  ' if not violations else 'FAIL'} {number or '':>2} {name}" for number, name, violations in proof.checks]
    lines += [f"     invariant {v.invariant}: {v.message}" for v in proof.violations]
    lines += [f"signed: {who}" for who in proof.signed_by]
    lines += [f"not checked: {reason}" for reason in proof.not_checked]
    lines.append(f"{proof.images} images, {proof.edges} edges, {proof.pictures_checked} pictures compared; digest {proof.digest}")
    lines.append(f"{manifest}: {'verified' if proof.ok else f'NOT verified, {len(proof.violations)} violations'}")
    Terminal(as_json=as_json, quiet=quiet).result(proof.as_json(), lines)
    if not proof.ok:
        raise typer.Exit(3)
