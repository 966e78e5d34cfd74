"""All files of a manifest that say what its tables say: by name, with their content."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from curate.manifest.about import croissant, readme
from curate.manifest.about.licences import ATTRIBUTION, Tally, attribution_text, file_names, licence_text

if TYPE_CHECKING:
    import pyarrow as pa


def about_files(
    info: dict[str, Any], images: "pa.Table", edges: "pa.Schema", digests: Mapping[str, str], *, text: bool
) -> dict[str, str]:
    """Return the content of each file by its name in the manifest's folder.

    Args:
        info: the manifest's `manifest.json`.
        images, edges: the table of images, and the columns of that of edges.
        digests: sha256 of `images.parquet` and `edges.parquet`, by name.
        text: whether the tables are there as CSV too.
    """
    columns = (images.column(name).to_pylist() for name in ("source", "split", "licence", "attribution"))
    tally = Tally.of(zip(*columns, strict=True))
    licences = tally.licences()
    homes = {source["id"]: source["name"] for source in info["sources"]}
    described = croissant.croissant(info, {"images": images.schema, "edges": edges}, digests, licences)
    return {
        ATTRIBUTION: attribution_text(tally),
        croissant.NAME: json.dumps(described, indent=1, ensure_ascii=False) + "\n",
        readme.NAME: readme.readme(info, tally, text=text),
        **{name: licence_text(of, tally.sources_of(of), homes) for of, name in file_names(licences).items()},
    }
