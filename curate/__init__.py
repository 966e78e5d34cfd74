"""Curation of dermatology image sets: from folders of pictures to a frozen manifest whose split proves itself."""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.manifest.notebook import LoadedManifest

__version__ = "0.1.0"
__all__ = ["__version__", "load_manifest"]


def load_manifest(path: "str | PathLike[str]") -> "LoadedManifest":
    """Return a frozen manifest as pandas frames and a networkx graph; `curate.manifest.notebook.LoadedManifest` says what is in it.

    >>> import curate
    >>> demo = curate.load_manifest("data_manifests/demo")
    >>> int(demo.images.groupby("component").split.nunique().max())  # no component has images in two splits
    1
    >>> pairs = demo.graph()
    >>> pairs.number_of_nodes() == len(demo.images)
    True

    Raises:
        InputError: there is no manifest in the folder, or it is of a schema that this version does not read.
        BrokenInvariantError: a file is missing or cannot be read.
    """
    from curate.manifest.notebook import load_manifest as load  # here, so that `import curate` reads no pandas

    return load(path)
