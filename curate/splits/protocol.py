"""Protocols: how components become splits."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curate.splits.quality_gate import QualityGate


class Protocol(BaseModel):
    """How components become splits.

    `holdout` draws test and validation components. `paper` takes for its test only components that hold an image of an
    independent source with confirmation by histopathology, up to the share; what else such a component holds is excluded.
    `kfold` draws no test. `official` adopts the publishers' own splits and audits them. Shares are of the images that can stand
    in a split, and of no account in `kfold` and `official`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["holdout", "paper", "kfold", "official"] = "holdout"
    assignment: Literal["random", "stratified", "hashed", "majority"] = Field(
        "random", description="`majority`: the authors' code; images are drawn, a component follows most of its images"
    )
    tolerance: float = Field(
        0.05, ge=0, le=1, description="by how much a stratum's share in a set may differ from that of all (`stratified`)"
    )
    test: float = Field(0.2, ge=0, lt=1)
    validation: float = Field(0.1, ge=0, lt=1)
    folds: int = Field(0, ge=0, le=100, description="cross-validation folds over train and validation; the paper has nine")
    seed: int = Field(2017, ge=0)
    independent: tuple[str, ...] = Field((), description="source ids whose images may be tests of the `paper` protocol")
    adopt: tuple[str, ...] = Field((), description="source ids whose own split `official` adopts; none: all that have one")
    quality: QualityGate = QualityGate()

    @model_validator(mode="after")
    def _shares_fit(self) -> "Protocol":
        if self.test + self.validation >= 1:
            raise ValueError("test and validation together leave nothing to train on")
        if self.protocol == "paper" and not self.independent:
            raise ValueError("the protocol paper needs `independent`: the sources whose images may be tests")
        if self.protocol == "kfold" and self.folds < 2:
            raise ValueError("the protocol kfold needs at least 2 folds")
        if self.adopt and self.protocol != "official":
            raise ValueError("`adopt` names sources whose own split is adopted, which the protocol official alone does")
        return self

    def shares(self) -> dict[str, float]:
        """Return the share of each set that is held out."""
        drawn = self.protocol != "kfold"
        return {"test": self.test if drawn else 0.0, "validation": self.validation if drawn else 0.0}
