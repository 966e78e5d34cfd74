"""Issuing a certificate: verify, count, say; no certificate where verification fails."""

from pathlib import Path
from typing import Any

from curate.errors import BrokenInvariantError
from curate.manifest.certificate.facts import facts_of
from curate.manifest.certificate.paragraphs import paragraphs
from curate.manifest.certificate.statements import evidence_words, level_words, proven, repeat, risk, unchecked
from curate.manifest.extends import extension_differences
from curate.manifest.read import load
from curate.manifest.verify import verify

LONGEST = 400  # characters of one word of the manifest that are printed


def certify(folder: Path, extends: Path | None = None) -> dict[str, Any]:
    """Verify a manifest and return its certificate: what was counted (`facts`) and what may be said of it.

    Args:
        folder: the manifest.
        extends: an older manifest; it is proven too that each of its assignments was kept.

    Returns:
        `facts` (`curate.manifest.certificate.facts.facts_of`), `proven` (one sentence per invariant), `levels` and `evidence` (a
        sentence each), `not_checked`, `risk`, `repeat` (commands), `paragraphs` (for authors). It depends on the content of the
        manifest, and of the older one, alone. Every word of the manifest in it is printable and of a length that is read.

    Raises:
        InputError: there is no manifest in a folder, or it is of a schema that this version does not read.
        BrokenInvariantError: verification fails, or a value that the certificate needs is missing; nothing is certified.
    """
    proof = verify(folder)
    if extends is not None:
        proof.add(12, f"every assignment of {extends.name} is kept", extension_differences(folder, extends))
    proof.require(f"{folder} gets no certificate.", folder, *(["--extends", str(extends)] if extends else []))
    manifest = load(folder)
    if manifest.digest != proof.digest:
        raise BrokenInvariantError(f"{folder} was changed while it was read.", "Nothing may write to a frozen manifest.")
    try:
        facts = _readable(facts_of(manifest, proof))
        return {
            "facts": facts,
            "proven": proven(facts),
            "levels": level_words(facts),
            "evidence": evidence_words(facts),
            "not_checked": unchecked(facts),
            "risk": risk(facts),
            "repeat": repeat(facts),
            "paragraphs": paragraphs(facts),
        }
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise BrokenInvariantError(
            f"{folder}: a certificate cannot be made, a value is missing or of another type ({type(error).__name__}: {error}).",
            "schemas/manifest/README.md says what manifest.json holds.",
        ) from error


def _readable(value: Any) -> Any:
    """Return facts in which no word of the manifest can steer a terminal, turn the writing round, or fill a page."""
    if isinstance(value, dict):
        return {_readable(key): _readable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(held) for held in value]
    if not isinstance(value, str):
        return value
    words = value if value.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
