"""`curate certificate`: what a frozen manifest proves, for a journal and its readers."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, ManifestDir, Quiet


def certificate(
    manifest: ManifestDir,
    extends: Annotated[
        Path | None,
        typer.Option(
            "--extends", metavar="OLD_DIR", help="Also prove that it keeps every assignment of this one.", file_okay=False
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as a page too, to be read or printed.", dir_okay=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify a manifest and say what that proves, at which level, by which evidence, at what risk; with paragraphs to paste.

    Exits 3 without a certificate when an invariant is broken.
    """
    from curate.manifest.certificate.issue import certify
    from curate.manifest.certificate.text import certificate_lines
    from curate.report.certificate_page import require_place, write_certificate_page
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    if html is not None:
        require_place(html, manifest)
    issued = certify(manifest, extends)
    if html is not None:
        write_certificate_page(issued, html)
        terminal.say(f"{html} written")
    terminal.result({**issued, "html": html and str(html)}, certificate_lines(issued))
