"""Labels to nodes to classes, as joins over the catalogue's tables: one query per result."""

from typing import Any

from curate.catalogue import Catalogue

CLASSES = """
SELECT i.image_id, i.source_id, n.node_id, t.name, t.nine_class, t.three_class
FROM images i LEFT JOIN image_nodes n USING (image_id) LEFT JOIN taxonomy_nodes t USING (node_id)
ORDER BY i.image_id
"""

IMAGES_BY_NODE = """
SELECT n.node_id, count(*) FROM image_nodes n
LEFT JOIN assignments a USING (image_id)
WHERE a.split IS NULL OR a.split <> 'excluded'
GROUP BY 1
"""

UNMAPPED = """
SELECT l.source_id, l.field, l.label, count(DISTINCT r.image_id), count(DISTINCT r.record_id),
       coalesce(list(DISTINCT r.image_id ORDER BY r.image_id) FILTER (r.image_id IS NOT NULL), [])[:3]
FROM labels l JOIN records r USING (record_id)
LEFT JOIN label_places p ON p.source_id = l.source_id AND p.field = l.field AND p.native_label = l.label
WHERE p.native_label IS NULL
GROUP BY ALL ORDER BY 4 DESC, 5 DESC, 1, 2, 3
"""

COVERAGE = """
WITH inner_nodes AS (SELECT DISTINCT parent_id AS node_id FROM taxonomy_nodes WHERE parent_id IS NOT NULL)
SELECT i.source_id, count(*), count(n.node_id), count(*) FILTER (n.node_id IS NOT NULL AND e.node_id IS NULL), count(t.nine_class)
FROM images i LEFT JOIN image_nodes n USING (image_id) LEFT JOIN taxonomy_nodes t USING (node_id)
LEFT JOIN inner_nodes e ON e.node_id = n.node_id
GROUP BY ALL ORDER BY 1
"""


def image_classes(catalogue: Catalogue) -> list[tuple[Any, ...]]:
    """Return (image, source, node, name, nine-class, three-class) of every image; the last four are None without a node."""
    return catalogue.rows(CLASSES)


def images_by_node(catalogue: Catalogue) -> dict[str, int]:
    """Return how many images lie on each node, each image once; what the split excluded is left out, where there is a split."""
    return dict(catalogue.rows(IMAGES_BY_NODE))


def unmapped_labels(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return labels without a place, the most frequent first: how many images and records (also without picture), examples."""
    names = ("source", "field", "native_label", "images", "records", "examples")
    return [dict(zip(names, row, strict=True)) for row in catalogue.rows(UNMAPPED)]


def coverage(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return, by source, how many images there are, and how many have a node, a leaf, a nine-class."""
    names = ("source", "images", "with_node", "with_leaf", "with_nine_class")
    return [dict(zip(names, row, strict=True)) for row in catalogue.rows(COVERAGE)]
