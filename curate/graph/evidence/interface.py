"""What a kind of evidence is: a function from the catalogue to edges."""

from collections.abc import Callable
from typing import Any, NamedTuple

from curate.catalogue import Catalogue
from curate.graph.policy import Policy


class Edge(NamedTuple):
    """One reason to think that two images belong together; `image_a < image_b`.

    Attributes:
        score: in [0, 1], rounded to four digits; 1 for must-link evidence.
        must_link: never overruled silently.
        weak: candidate evidence between its two thresholds.
        probability: calibrated, that the two show one lesion; None where nothing calibrated it.
        basis: what it is, for people: the shared key, the distance, the seconds between two shots.
    """

    image_a: str
    image_b: str
    evidence: str
    score: float
    must_link: bool
    weak: bool
    basis: str
    probability: float | None = None


class Evidence(NamedTuple):
    """What one kind of evidence found.

    Attributes:
        edges: accepted edges, one per pair.
        pairs_compared: pairs that were looked at (0 where keys are grouped, not compared).
        findings: what a person should look at.
        calibration: what its probabilities rest on, and how many false edges they foretell.
        near: pairs that came near enough for verification to say.
        nearest_found: by what was searched approximately, the share of the exactly nearest that was found, on a sample.
        not_run: why this evidence could not run; empty when it did.
    """

    edges: list[Edge]
    pairs_compared: int = 0
    findings: list[dict[str, Any]] = []  # noqa: RUF012 - never changed
    not_run: str = ""
    calibration: dict[str, Any] | None = None
    near: list[tuple[str, str]] = []  # noqa: RUF012 - never changed
    nearest_found: dict[str, float] = {}  # noqa: RUF012 - never changed


Kind = Callable[[Catalogue, Policy], Evidence]
