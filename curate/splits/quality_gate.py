"""The quality gate: what a picture must be to stand in a test or validation set; in train it stands whatever it is.

As in Esteva et al. (2017), Methods, where blurry and far-away images were kept out of test and validation and used in training.
Here both are measures with thresholds; a publisher's word goes before the measure of distance, a reviewer's before all.
"""

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Modality = Literal["dermoscopic", "clinical", "tbp_tile", "tbp", "confocal", "histology"]
ShotType = Literal["close_up", "at_an_angle", "overview", "at_distance"]
Least = Annotated[float, Field(ge=0, allow_inf_nan=False)]
FRAMED = "clinical"  # pictures of other modalities are taken from one distance


class Seen(NamedTuple):
    """What the gate knows of a picture.

    Attributes:
        width, height: pixels.
        sharpness, contrast, framing: as `curate.fingerprints.quality` measures them; framing is None where it was not measured.
        modality, shot_type: terms of the vocabularies, or None.
        word: `fit` or `unfit`, as a reviewer said, or None.
    """

    width: int
    height: int
    sharpness: float
    contrast: float
    framing: float | None = None
    modality: str | None = None
    shot_type: str | None = None
    word: str | None = None


class QualityGate(BaseModel):
    """The thresholds. Those of sharpness and framing were calibrated by `curate quality calibrate` on public pictures: about one in
    a hundred of those as published lies below them (docs/performance.md says what else does)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_side: int = Field(96, ge=0, description="pixels of the shorter side")
    least_sharpness: Least = Field(4.0, description="variance of the Laplacian at 256 pixels, for modalities not named below")
    least_sharpness_of: dict[Modality, Least] = Field(
        {"dermoscopic": 10.0, "clinical": 8.0}, description="the same for pictures of one modality"
    )
    least_contrast: Least = Field(4.0, description="standard deviation of the grey picture at 256 pixels")
    far_shots: tuple[ShotType, ...] = Field(
        ("at_distance",), description="kinds of shot, as publishers name them, that are too far"
    )
    least_framing: float = Field(
        0.07, ge=0, le=1, description="diameter of what stands out, in longer sides, of clinical pictures without a kind of shot"
    )

    def fails(self, seen: Seen) -> str | None:
        """Return why a picture fails, codes joined by commas (`small`, `blurred`, `flat`, `far`; `reviewer` alone), or None."""
        if seen.word is not None:
            return None if seen.word == "fit" else "reviewer"
        codes = []
        if min(seen.width, seen.height) < self.least_side:
            codes.append("small")
        if seen.sharpness < self.least_sharpness_for(seen.modality):
            codes.append("blurred")
        if seen.contrast < self.least_contrast:
            codes.append("flat")
        if self._far(seen):
            codes.append("far")
        return ",".join(codes) or None

    def least_sharpness_for(self, modality: str | None) -> float:
        """Return the sharpness that is asked of pictures of a modality."""
        return next((least for of, least in self.least_sharpness_of.items() if of == modality), self.least_sharpness)

    def _far(self, seen: Seen) -> bool:
        if seen.shot_type is not None:
            return seen.shot_type in self.far_shots
        return seen.modality == FRAMED and seen.framing is not None and seen.framing < self.least_framing
