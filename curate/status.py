"""Where a workspace stands, in numbers that close."""

from typing import Any

from curate.catalogue import Catalogue


def status(catalogue: Catalogue) -> dict[str, Any]:
    """Return what the catalogue holds: images, rejected, edges by evidence, components, splits, by source, stages, findings."""
    sources = [
        {
            "id": s,
            "images": images,
            "rejected": rejected,
            "files": files,
            "rows": rows,
            "rows_without_picture": without,
            "folder": folder,
        }
        for s, images, rejected, files, rows, without, folder in catalogue.rows(
            """SELECT i.source_id,
                      (SELECT count(*) FROM images m WHERE m.source_id = i.source_id)
                          - (SELECT count(*) FROM rejected_files r JOIN images m USING (source_id, path)
                              WHERE r.source_id = i.source_id),
                      (SELECT count(*) FROM rejected_files r WHERE r.source_id = i.source_id),
                      (SELECT count(*) FROM files f WHERE f.source_id = i.source_id),
                      i."rows", i.rows_without_picture, i.folder
               FROM ingests i ORDER BY 1"""
        )
    ]
    return {
        "workspace": str(catalogue.workspace.resolve()),
        "images": sum(s["images"] for s in sources),
        "rejected": sum(s["rejected"] for s in sources),
        "fingerprinted": catalogue.value("SELECT count(*) FROM pictures"),
        "edges": dict(catalogue.rows("SELECT evidence, count(*) FROM edges GROUP BY 1 ORDER BY 1")),
        "components": catalogue.value("SELECT count(DISTINCT component) FROM components"),
        "splits": dict(catalogue.rows("SELECT split, count(*) FROM assignments GROUP BY 1 ORDER BY 1")),
        "sources": sources,
        "stages": [f"{stage} {scope}".strip() for stage, scope in catalogue.rows("SELECT stage, scope FROM stages ORDER BY 1, 2")],
        "findings": dict(catalogue.rows("SELECT id, count(*) FROM findings GROUP BY 1 ORDER BY 1")),
        "label_nodes": catalogue.value("SELECT count(DISTINCT node_id) FROM image_nodes"),
    }
