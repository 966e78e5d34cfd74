"""Must-link evidence from identical content: the same bytes, or the same upright RGB pixels in other bytes."""

from curate.catalogue import Catalogue
from curate.graph.evidence.groups import must_link
from curate.graph.evidence.interface import Evidence
from curate.graph.policy import Policy


def same_bytes(catalogue: Catalogue, _: Policy) -> Evidence:
    """Tie files with one sha256."""
    return _by_digest(catalogue, "bytes", "sha256")


def same_pixels(catalogue: Catalogue, _: Policy) -> Evidence:
    """Tie pictures with one pixel digest."""
    return _by_digest(catalogue, "pixels", "pixel_sha256")


def _by_digest(catalogue: Catalogue, evidence: str, column: str) -> Evidence:
    groups = catalogue.rows(
        f"""SELECT 'sha256 ' || left({column}, 12), list(image_id ORDER BY image_id) FROM pictures
            GROUP BY {column} HAVING count(*) > 1 ORDER BY {column}"""
    )
    return Evidence(must_link(evidence, groups))
