"""Candidate evidence from EXIF: one camera, shots seconds apart (Esteva et al. 2017, Methods: "image EXIF metadata").

The same make and model, and where both files name one the same serial number; never the model alone, never a position.
The paper's window of 120 s is taken with its boundary: a difference of exactly the window still counts.
"""

from collections import Counter
from datetime import UTC, datetime
from itertools import combinations, pairwise
from typing import Any

from curate.catalogue import Catalogue
from curate.graph.evidence.groups import tied
from curate.graph.evidence.interface import Edge, Evidence
from curate.graph.policy import Policy

SECOND = 1_000_000
FIRST_YEAR = 1995  # before it, a clock that was never set

Shot = tuple[int, str]  # microseconds, image id


def same_session(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie shots of one camera within the window, and files that carry one unique image id."""
    if policy.exif_cameras == "different":
        return _different_cameras(catalogue, policy)
    findings: list[dict[str, Any]] = []
    edges: dict[tuple[str, str], Edge] = {}
    window = round(policy.exif_window_seconds * SECOND)
    cameras = catalogue.rows(
        """SELECT camera, coalesce(serial, 'no serial, ' || source_id), list(taken_us ORDER BY taken_us, image_id),
                  list(image_id ORDER BY taken_us, image_id)
           FROM pictures WHERE camera IS NOT NULL AND taken_us IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    for camera, serial, times, images in cameras:
        shots = _believable(list(zip(times, images, strict=True)), f"{camera} ({serial})", policy, findings)
        for session in _sessions(shots, window):
            if len(session) > policy.exif_longest_burst:
                findings.append(_finding("exif.long-session", f"{camera}: {len(session)} shots in one chain; not tied.", session))
                continue
            for (early, first), (late, second) in combinations(session, 2):
                if late - early <= window:
                    a, b = sorted((first, second))
                    seconds = (late - early) / SECOND
                    score = round(1 - seconds / (2 * policy.exif_window_seconds), 4)
                    edges[a, b] = Edge(a, b, "exif", score, False, True, f"{camera} ({serial}), {seconds:g} s apart")
    for edge in _unique_ids(catalogue, policy, findings):
        edges[edge.image_a, edge.image_b] = edge
    return Evidence(list(edges.values()), findings=findings)


def _different_cameras(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie shots of two camera models less than the window apart, as the authors' code does; a missing model is a value of its own.

    Kept to reproduce that code; it ties no burst of one camera, and whatever two cameras did at one moment.
    """
    window = round(policy.exif_window_seconds * SECOND)
    shots = catalogue.rows(
        "SELECT taken_us, image_id, coalesce(camera, '') FROM pictures WHERE taken_us IS NOT NULL ORDER BY taken_us, image_id"
    )
    edges = []
    first = 0
    for n, (time, image, camera) in enumerate(shots):
        while time - shots[first][0] >= window:
            first += 1
        for earlier, other, other_camera in shots[first:n]:
            if camera != other_camera:
                a, b = sorted((image, other))
                seconds = (time - earlier) / SECOND
                score = round(1 - seconds / (2 * policy.exif_window_seconds), 4)
                edges.append(Edge(a, b, "exif", score, False, True, f"two cameras, {seconds:g} s apart"))
    return Evidence(edges)


def _believable(shots: list[Shot], camera: str, policy: Policy, findings: list[dict[str, Any]]) -> list[Shot]:
    """Leave out shots of a clock that was never set, and times that a scanner or a batch program stamped on many files."""
    unset = [s for s in shots if _never_set(datetime.fromtimestamp(s[0] // SECOND, UTC))]
    per_second = Counter(time // SECOND for time, _ in shots)
    stamped = [s for s in shots if per_second[s[0] // SECOND] > policy.exif_same_second]
    if unset:
        findings.append(
            _finding("exif.clock-not-set", f"{camera}: {len(unset)} shots of a clock that was never set; not tied.", unset)
        )
    if stamped:
        findings.append(
            _finding("exif.batch-stamp", f"{camera}: {len(stamped)} files with one time stamp each second; not tied.", stamped)
        )
    left_out = {image for _, image in (*unset, *stamped)}
    return [shot for shot in shots if shot[1] not in left_out]


def _never_set(moment: datetime) -> bool:
    return moment.year < FIRST_YEAR or (moment.month, moment.day, moment.hour, moment.minute) == (1, 1, 0, 0)


def _sessions(shots: list[Shot], window: int) -> list[list[Shot]]:
    """Cut a camera's shots, in order of time, wherever the gap exceeds the window."""
    sessions: list[list[Shot]] = [shots[:1]] if shots else []
    for earlier, later in pairwise(shots):
        if later[0] - earlier[0] <= window:
            sessions[-1].append(later)
        else:
            sessions.append([later])
    return sessions


def _unique_ids(catalogue: Catalogue, policy: Policy, findings: list[dict[str, Any]]) -> list[Edge]:
    groups = catalogue.rows(
        """SELECT unique_id, coalesce(camera, ''), list(image_id ORDER BY image_id) FROM pictures
           WHERE unique_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2"""
    )
    edges = []
    for unique_id, camera, images in groups:
        if len(images) > policy.exif_same_second:
            shots = [(0, image) for image in images]
            findings.append(
                _finding("exif.unique-id-of-many", f"{camera}: unique id {unique_id} on {len(images)} files; not tied.", shots)
            )
        else:
            edges += [Edge(a, b, "exif", 1.0, False, False, f"unique image id {unique_id}") for a, b in tied(images)]
    return edges


def _finding(finding_id: str, message: str, shots: list[Shot]) -> dict[str, Any]:
    images = sorted(image for _, image in shots)
    return {"id": finding_id, "severity": "warning", "message": message, "component": None, "images": images}
