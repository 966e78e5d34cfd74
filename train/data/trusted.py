"""No training and no figure without proof: a manifest is verified, pictures and all, before it is used."""

from pathlib import Path

from curate.errors import InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import Manifest, load
from curate.manifest.verify import verify


def trusted_manifest(folder: Path, pictures: Pictures) -> Manifest:
    """Return a manifest after all its invariants were checked and all its pictures compared with the frozen digests.

    Raises:
        InputError: there is no manifest, or the pictures of a source are not at hand.
        BrokenInvariantError: a file was changed, an invariant is broken, or a picture is not the one that was frozen; the
            message names it.
    """
    verify(folder, pictures).require(f"{folder} is not trusted.", folder)
    manifest = load(folder)
    if missing := pictures.missing(manifest.images.column("source").to_pylist()):
        raise InputError(f"Where the pictures of {', '.join(missing)} lie is not known.", f"Say --images {missing[0]}=FOLDER.")
    return manifest
