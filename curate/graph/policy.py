"""Policies: which evidence counts, and from where."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from curate.errors import InputError


class Policy(BaseModel):
    """Which evidence makes an edge.

    Thresholds of candidate evidence come in two steps: from `…_accept` on a pair is an edge; an edge that has not reached
    `…_strong` is weak, and a component that hangs together by a single weak edge is kept on the train side until somebody
    has looked at it. The shipped thresholds were read off curves over 11,427 public pictures with ids ignored
    (docs/performance.md has them); they are no probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    level: Literal["lesion", "patient"] = Field(description="`patient`: one patient's images stay together, where ids tell")
    evidence: tuple[str, ...]
    exif_window_seconds: float = Field(
        120.0, description="two shots of one camera this near or nearer are one session (paper: 120)"
    )
    exif_cameras: Literal["same", "different"] = Field(
        "same", description="`different`: the authors' code, which ties shots of two models within less than the window"
    )
    file_names: bool = Field(False, description="whether two files of one name are one image, as in the authors' code")
    exif_same_second: int = Field(10, description="more shots than this in one second of one camera: a scanner's clock, no burst")
    exif_longest_burst: int = Field(20, description="a longer chain of shots is a working day, no burst")
    hash_accept: int = Field(28, description="bits of 256, over eight orientations")
    hash_strong: int = Field(24, description="bits of 256")
    hash_near: int = Field(40, description="bits of 256 up to which verification is asked")
    hash_least_energy: float = Field(
        4.0, description="standard deviation of 64 x 64 grey values; flatter pictures get no hash edge"
    )
    cnn_accept: float = Field(0.942, description="cosine of EfficientNet-Lite0 features")
    cnn_strong: float = Field(0.96, description="cosine")
    cnn_neighbours: int = Field(10, description="nearest neighbours asked per image (paper's code: at most 10)")
    local_candidates: int = Field(20, description="pictures verified per picture, those with the most votes")
    local_alike: int = Field(3, description="and those nearest by CNN features, where these were computed")
    local_accept: float = Field(0.4, description="calibrated probability that two pictures show one lesion")
    local_accept_of: dict[str, float] = Field(
        {"dermoscopic": 0.3}, description="the same for two pictures of a modality whose model was learnt on many pairs"
    )
    local_all_over_accept: float = Field(0.1, description="the same of pictures that agree all over once they are aligned:")
    local_all_over_tiles: float = Field(0.3, description="… the correlation of the lower quartile of their tiles")
    local_least_detail: float = Field(
        0.25, description="correlation of the detail of the aligned pictures without which no probability makes an edge"
    )
    local_least_tiles: float = Field(0.15, description="the same of the median tile")
    local_clear_detail: float = Field(0.3, description="one of the two must be clear: the detail from here on …")
    local_clear_tiles: float = Field(0.25, description="… or the median tile from here on")
    local_least_overlap: float = Field(0.05, description="share of the coarser picture that the finer one shows")
    local_in_place: float = Field(
        1.0, description="pictures that lie on each other as they are (moved by less, in tens of lengths) must agree all over:"
    )
    local_in_place_size: float = Field(0.03, description="… enlarged and sheared less (logarithms)")
    local_in_place_tiles: float = Field(0.6, description="… the correlation of the lower quartile of their tiles")
    local_strong: float = Field(0.9, description="calibrated probability")
    calibration: str | None = Field(None, description="written by `curate calibrate`; None: the one in the package")
    largest_share: float = Field(0.01, description="budget of a component, as a share of the pictures …")
    largest_count: int = Field(30, description="… or this number, whichever is more")

    def least_probability(self, modality: str) -> float:
        """Return the calibrated probability that is asked of two pictures of one modality, `""` where it is not one or unknown."""
        return self.local_accept_of.get(modality, self.local_accept)


IDS = ("image_id", "lesion", "patient", "declared")
PIXELS = ("bytes", "pixels", "exif", "hash", "local")
POLICIES = {
    "strict": Policy(name="strict", level="patient", evidence=(*IDS, *PIXELS)),
    "paper": Policy(name="paper", level="patient", evidence=(*IDS, "bytes", "pixels", "exif", "cnn")),
    # What the authors' published code does: a time edge between different cameras only, files of one name, no patients.
    "paper-code": Policy(
        name="paper-code",
        level="lesion",
        evidence=("image_id", "lesion", "exif", "cnn"),
        exif_cameras="different",
        file_names=True,
        cnn_neighbours=10,
    ),
}


def find_policy(name: str, *, without_ids: bool = False, level: str | None = None, calibration: Path | None = None) -> Policy:
    """Return a policy by name, at another level or without every edge that rests on ids or file names where asked.

    Raises:
        InputError: there is no such policy or level.
    """
    if name not in POLICIES:
        raise InputError(f"There is no policy {name!r}.", f"Use one of {', '.join(POLICIES)}.")
    if level not in (None, "lesion", "patient"):
        raise InputError(f"There is no level {level!r}.", "Use lesion or patient.")
    policy = POLICIES[name]
    changes: dict[str, object] = {"level": level or policy.level, "calibration": str(calibration) if calibration else None}
    if without_ids:
        changes["evidence"] = tuple(e for e in policy.evidence if e not in IDS)
    return policy.model_copy(update=changes)
