"""The kinds of evidence, by name; each module turns what the catalogue holds into edges."""

from curate.graph.evidence import cnn, digests, exif, hash, ids
from curate.graph.evidence.interface import Edge, Evidence, Kind

KINDS: dict[str, Kind] = {
    "image_id": ids.same_image_id,
    "lesion": ids.same_lesion,
    "patient": ids.same_patient,
    "declared": ids.declared,
    "bytes": digests.same_bytes,
    "pixels": digests.same_pixels,
    "exif": exif.same_session,
    "hash": hash.near_hashes,
    "cnn": cnn.near_features,
}

__all__ = ["KINDS", "Edge", "Evidence", "Kind"]
