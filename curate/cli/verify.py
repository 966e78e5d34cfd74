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
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at counts and sizes only: what is missing or cut off, not what is wrong.")
    ] = False,
    subset: Annotated[
        str | None,
        typer.Option("--subset", metavar="N/OF", help="Read one slice of the pictures, such as 3/12; all else is checked whole."),
    ] = None,
    extends: Annotated[
        Path | None,
        typer.Option(
            "--extends", metavar="OLD_DIR", help="Also prove that it keeps every assignment of this one.", file_okay=False
        ),
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
    from curate.errors import InputError
    from curate.manifest.extends import extension_differences
    from curate.manifest.pictures import Pictures, Slice
    from curate.manifest.quick import look
    from curate.manifest.read import sources_of
    from curate.manifest.signature import Signers
    from curate.manifest.verify import verify as prove
    from curate.terminal import Terminal

    if quick and subset:
        raise InputError("--quick reads no picture, so there is no --subset of it.", "Leave one of the two out.")
    if quick and (signers or minisign_public_key):
        raise InputError("--quick checks no signature.", "Leave --quick or the signers out.")
    terminal = Terminal(as_json=as_json, quiet=quiet)
    pictures = None if files_only else Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    asked = Signers(signers, minisign_public_key) if signers or minisign_public_key else None
    if quick:
        proof = look(manifest, pictures, expected_digest=digest)
    else:
        with terminal.progress("pictures") as progress:
            part = Slice.parse(subset) if subset else None
            proof = prove(manifest, pictures, expected_digest=digest, signers=asked, subset=part, progress=progress)
    if extends:
        proof.add(12, f"every assignment of {extends.name} is kept", extension_differences(manifest, extends))
    lines = [f"{'ok  ' if not violations else 'FAIL'} {number or '':>2} {name}" for number, name, violations in proof.checks]
    lines += [f"     invariant {v.invariant}: {v.message}" for v in proof.violations]
    lines += [f"signed: {who}" for who in proof.signed_by]
    lines += [f"not checked: {reason}" for reason in proof.not_checked]
    lines.append(f"{proof.images} images, {proof.edges} edges, {proof.pictures_checked} pictures compared; digest {proof.digest}")
    good = "nothing is wrong at a quick look" if quick else "verified"
    lines.append(f"{manifest}: {good if proof.ok else f'NOT verified, {len(proof.violations)} violations'}")
    terminal.result(proof.as_json(), lines)
    if not proof.ok:
        raise typer.Exit(3)
