"""Where the files that travel with the package are: `schemas/` inside an installed wheel, or beside `curate/` in a checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def schemas() -> Traversable:
    """Return the folder `schemas/` (taxonomy, manifest and project JSON Schemas, vocabularies)."""
    inside = files("curate").joinpath("schemas")
    return inside if inside.is_dir() else files("curate").joinpath("..", "schemas")
