"""Why two images are joined, or why they are not."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
from PIL import Image

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.errors import InputError
from curate.files import read_bytes
from curate.fingerprints.hashes import BITS, BYTES, ORIENTATIONS
from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.fingerprints.points import LOCAL
from curate.fingerprints.stage import cnn_features, store
from curate.graph.calibration import calibration_of
from curate.graph.drawing import drawn_pair
from curate.graph.evidence.cnn import exact_cosines
from curate.graph.evidence.local import VERSION as LOCAL_VERSION
from curate.graph.evidence.local import in_words
from curate.graph.policy import Policy
from curate.graph.verification import MEASURES, Verified, prepare, verify


@dataclass(frozen=True)
class Step:
    """One pair on the path between two images, with all evidence that ties it."""

    image_a: str
    image_b: str
    evidence: list[dict[str, Any]]


def explain_image(catalogue: Catalogue, image_id: str) -> dict[str, Any]:
    """Return an image's place: component, its other members, and the edges of the image itself.

    Raises:
        InputError: there is no such image, or it could not be read.
    """
    _require(catalogue, image_id)
    required_stage(catalogue, "link", "curate link")
    component = catalogue.value("SELECT component FROM components WHERE image_id = ?", [image_id])
    members = catalogue.rows("SELECT image_id FROM components WHERE component = ? ORDER BY 1", [component])
    assigned = catalogue.rows("SELECT split, excluded_reason, pinned, fold FROM assignments WHERE image_id = ?", [image_id])
    names = ("split", "excluded_reason", "pinned", "fold")
    return {
        "image": image_id,
        "component": component,
        "members": [m for (m,) in members],
        "edges": _edges(catalogue, "image_a = $1 OR image_b = $1", [image_id]),
        "assignment": dict(zip(names, assigned[0], strict=True)) if assigned else None,
    }


def explain_pair(catalogue: Catalogue, image_a: str, image_b: str) -> dict[str, Any]:
    """Return the shortest path of edges between two images or, where there is none, how near each evidence came.

    Raises:
        InputError: there is no such image, or it could not be read.
    """
    for image in (image_a, image_b):
        _require(catalogue, image)
    stored = required_stage(catalogue, "link", "curate link").settings["policy"]
    policy = Policy.model_validate(stored).model_dump()
    place = dict(catalogue.rows("SELECT image_id, component FROM components WHERE image_id IN (?, ?)", [image_a, image_b]))
    linked = place[image_a] == place[image_b]
    path: list[Step] = []
    if linked and image_a != image_b:
        rows = catalogue.rows(
            """SELECT e.image_a, e.image_b FROM edges e JOIN components c ON c.image_id = e.image_a WHERE c.component = ?
               ORDER BY ALL""",
            [place[image_a]],
        )
        nodes = nx.shortest_path(nx.Graph(rows), image_a, image_b)
        for one, other in pairwise(nodes):
            a, b = sorted((one, other))
            path.append(Step(one, other, _edges(catalogue, "image_a = $1 AND image_b = $2", [a, b])))
    return {
        "image_a": image_a,
        "image_b": image_b,
        "linked": linked,
        "component": place[image_a] if linked else None,
        "path": [vars(step) for step in path],
        "likeness": likeness(catalogue, image_a, image_b, policy),
    }


def likeness(catalogue: Catalogue, image_a: str, image_b: str, policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each candidate evidence measures on a pair, beside what the policy asks of it."""
    rows = {
        image: (hashes, energy, sha, pixel)
        for image, hashes, energy, sha, pixel in catalogue.rows(
            "SELECT image_id, hashes, hash_energy, sha256, pixel_sha256 FROM pictures WHERE image_id IN (?, ?)", [image_a, image_b]
        )
    }
    (hashes_a, energy_a, sha_a, pixel_a), (hashes_b, energy_b, sha_b, pixel_b) = rows[image_a], rows[image_b]
    upright = np.frombuffer(hashes_b, dtype=np.uint8)[:BYTES]
    turned = np.frombuffer(hashes_a, dtype=np.uint8).reshape(len(ORIENTATIONS), BYTES)
    distances = np.bitwise_count(turned ^ upright).sum(axis=1)
    best = int(distances.argmin())
    flat = min(energy_a, energy_b) < policy["hash_least_energy"]
    measured = [
        {"evidence": "bytes", "value": "identical" if sha_a == sha_b else "different", "asked": "identical"},
        {"evidence": "pixels", "value": "identical" if pixel_a == pixel_b else "different", "asked": "identical"},
        {
            "evidence": "hash",
            "value": f"{int(distances[best])} of {BITS} bits differ ({ORIENTATIONS[best]})"
            + (", too flat to count" if flat else ""),
            "asked": f"at most {policy['hash_accept']}",
        },
    ]
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["extractor"]
    if key is not None:
        positions = dict(
            catalogue.rows("SELECT sha256, position FROM features WHERE extractor = ? AND sha256 IN (?, ?)", [key, sha_a, sha_b])
        )
        pair = np.array([positions[sha_a]]), np.array([positions[sha_b]])
        cosine = exact_cosines(cnn_features(catalogue, key), *pair)[0]
        asked = f"at least {policy['cnn_accept']}, among {policy['cnn_neighbours']} nearest"
        measured.append({"evidence": "cnn", "value": f"cosine {cosine:.4f}", "asked": asked})
    by_content = (image_a, image_b) if sha_a < sha_b else (image_b, image_a)  # as `link` measures them
    if (verified := verified_pair(catalogue, *by_content)) is not None:
        measured.append(_local(catalogue, image_a, image_b, sorted((sha_a, sha_b)), verified.measures, policy))
    return measured


def _local(
    catalogue: Catalogue, image_a: str, image_b: str, contents: list[str], measures: dict[str, float], policy: dict[str, Any]
) -> dict[str, Any]:
    """Return what verification says of a pair, and whether the pair was a candidate at all."""
    calibration = calibration_of(policy["calibration"])
    found = catalogue.rows(
        "SELECT r.modality FROM images i LEFT JOIN records r USING (image_id) WHERE i.image_id IN (?, ?)", [image_a, image_b]
    )
    modalities = {modality or "" for (modality,) in found}
    modality = modalities.pop() if len(modalities) == 1 else ""
    values = np.array([[measures[name] for name in MEASURES]])
    probability = float(calibration.probability(values, [modality])[0])
    candidate = catalogue.value(
        "SELECT count(*) FROM pair_measures WHERE sha256_a = ? AND sha256_b = ? AND version = ?", [*contents, LOCAL_VERSION]
    )
    return {
        "evidence": "local",
        "value": f"probability {probability:.4f}: {in_words(measures)}",
        "asked": f"at least {Policy.model_validate(policy).least_probability(modality)} "
        f"({policy['local_all_over_accept']} where the skin agrees all over), "
        f"detail {policy['local_least_detail']} and tiles {policy['local_least_tiles']}, "
        f"detail {policy['local_clear_detail']} or tiles {policy['local_clear_tiles']}, "
        f"{policy['local_in_place_tiles']} of the lower tiles where nothing moved, "
        f"among {policy['local_candidates']} candidates of either"
        + ("" if candidate else " (it is none: other pictures, or their copies, had more votes)"),
        "probability": probability,
        "measures": {name: round(value, 4) for name, value in measures.items()},
    }


def verified_pair(catalogue: Catalogue, image_a: str, image_b: str) -> Verified | None:
    """Return what verification measures on a pair, however little agrees; None where no points were taken."""
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary.get("points")
    positions = dict(
        catalogue.rows(
            """SELECT p.image_id, f.position FROM pictures p JOIN features f USING (sha256)
               WHERE f.extractor = ? AND p.image_id IN (?, ?)""",
            [key, image_a, image_b],
        )
    )
    if key is None or len(positions) < 2:
        return None
    one, other = store(catalogue, key).records(LOCAL, [positions[image_a], positions[image_b]])
    return verify(prepare(one), prepare(other), thorough=True)


def draw_pair(catalogue: Catalogue, image_a: str, image_b: str) -> Image.Image:
    """Return a picture of the aligned pair with its matches.

    Raises:
        InputError: no points were taken, or a picture cannot be read any more.
    """
    verified = verified_pair(catalogue, image_a, image_b)
    if verified is None:
        raise InputError("There are no points of these pictures.", "Run `curate fingerprint --points` first.")
    shown = []
    for image in (image_a, image_b):
        source, path = catalogue.rows("SELECT source_id, path FROM images WHERE image_id = ?", [image])[0]
        try:
            shown.append(decode(read_bytes(catalogue.folder_of(source), path)).rgb)
        except (OSError, UnreadablePictureError) as error:
            raise InputError(f"{image} cannot be read: {error}.", "Ingest its source again from where it lies now.") from error
    return drawn_pair(shown[0], shown[1], verified)


def _edges(catalogue: Catalogue, condition: str, parameters: list[str]) -> list[dict[str, Any]]:
    names = ("image_a", "image_b", "evidence", "score", "probability", "must_link", "weak", "basis")
    rows = catalogue.rows(f"SELECT {', '.join(names)} FROM edges WHERE {condition} ORDER BY 1, 2, 3", parameters)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _require(catalogue: Catalogue, image_id: str) -> None:
    if catalogue.rows("SELECT 1 FROM pictures WHERE image_id = ?", [image_id]):
        return
    broken = catalogue.rows(
        """SELECT coalesce(c.error, p.error) FROM image_contents c LEFT JOIN fingerprints p USING (sha256) WHERE c.image_id = ?""",
        [image_id],
    )
    if broken:
        raise InputError(f"{image_id} has no fingerprints: {broken[0][0] or 'not computed yet'}.", "Run `curate fingerprint`.")
    tail = image_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    near = catalogue.rows("SELECT image_id FROM images WHERE contains(image_id, ?) ORDER BY 1 LIMIT 3", [tail])
    hint = f"Did you mean {' or '.join(i for (i,) in near)}?" if near else "An image id is SOURCE:NATIVE_ID."
    raise InputError(f"There is no image {image_id}.", hint)
