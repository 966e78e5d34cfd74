"""The project file: which folders, under which policy and protocol, become which manifest."""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from curate.errors import InputError
from curate.manifest.about.publication import Publication
from curate.splits.protocol import Protocol
from curate.splits.test_sets import PAPER_SETS, Sets


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One repository and the folder that holds it, relative to the project file."""

    id: str = Field(description="of a known source, or the path of a declaration of your own (.toml)")
    folder: Path
    metadata_only: bool = Field(False, description="read its tables and leave its pictures alone")

    def below(self, base: Path) -> "Source":
        """Return it with its relative paths resolved."""
        own = self.id.endswith(".toml")
        return Source(
            id=str(base / Path(self.id).expanduser()) if own else self.id,
            folder=base / self.folder.expanduser(),
            metadata_only=self.metadata_only,
        )


class Fingerprints(_Strict):
    """How pictures are described."""

    features: str = Field("auto", description="auto, none, efficientnet-lite0, inception-v3, or a path of an .onnx or .pt file")
    points: bool = Field(True, description="whether to take the points that find one lesion in two photographs")


class Link(_Strict):
    """Which evidence ties images."""

    policy: Literal["strict", "paper", "paper-code"] = "strict"
    level: Literal["lesion", "patient"] | None = Field(None, description="None: the policy's own")
    calibration: Path | None = Field(None, description="written by `curate calibrate`; None: the one in the package")


class Split(Protocol):
    """How components become splits, or which frozen manifest the split extends: then the protocol is its own.

    With `extend`, what is said of the protocol must be what the frozen manifest says, and nothing need be said.
    """

    extend: Path | None = Field(
        None, exclude=True, description="folder of a frozen manifest; its protocol and assignments are kept"
    )
    merge: Literal["drop", "quarantine"] | None = Field(
        None, exclude=True, description="what gives way where frozen splits are tied: frozen images, or newcomers; None: as before"
    )

    @model_validator(mode="after")
    def _shares_fit(self) -> "Split":
        """Leave what is said beside `extend` to be held to the frozen manifest: it need not make a protocol by itself."""
        if self.extend is None:
            if self.merge is not None:
                raise ValueError("`merge` says how a manifest is extended, and none is named: add `extend`, or take `merge` out")
            super()._shares_fit()  # type: ignore[operator]  # pydantic leaves the method as it was written
        return self

    def asked(self) -> dict[str, Any]:
        """Return what the file says of the protocol, by field; of the quality gate the thresholds that it names."""
        return self.model_dump(mode="json", exclude_unset=True)


class Partition(_Strict):
    """How the tree is cut into training classes."""

    max_class_size: int = Field(1000, ge=1)
    inclusive: bool = Field(True, description="whether a class may have exactly that many images; the published line 15 says fewer")


class Manifest(Publication):
    """Where the frozen manifest goes, and what is said of its publication; its name is the project's."""

    out: Path = Path("data_manifests")
    allowed_licences: tuple[str, ...] | None = Field(
        None, description="SPDX expressions, any of which may do for an image in a split; None: anything"
    )
    private: tuple[str, ...] = Field(
        (), description="sources whose patient and lesion keys are made anew, besides those under a hospital's agreement"
    )
    text: bool = Field(False, description="its tables also as CSV, which the stand-alone proof reads")


class Train(_Strict):
    """A model to be trained on the manifest and evaluated; left out, none is."""

    out: Path = Path("runs")
    config: str = Field("esteva2017", description="a shipped configuration, or a path")
    steps: int = Field(ge=1)
    batch_size: int = Field(32, ge=1)
    weights: Path | None = Field(None, description="state dict to start from; None: random")
    limit: int | None = Field(None, ge=1, description="images per evaluated split, drawn by seed; None: all")


class Project(_Strict):
    """A project file. Paths are relative to the folder of the file."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
    workspace: Path = Path(".curate")
    sources: tuple[Source, ...] = Field(min_length=1)
    fingerprints: Fingerprints = Fingerprints()
    link: Link = Link()
    split: Split = Split()
    tests: Sets = PAPER_SETS
    partition: Partition = Partition()
    manifest: Manifest = Manifest()
    train: Train | None = None

    def asked_sets(self) -> Sets | None:
        """Return what the file says of tests and samples; None where it says nothing of them."""
        return self.tests if "tests" in self.model_fields_set else None

    @field_validator("sources")
    @classmethod
    def _each_once(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        ids = [s.id for s in sources]
        if len(set(ids)) != len(ids):
            raise ValueError("a source stands in it twice")
        return sources


def load_project(path: Path) -> Project:
    """Read a project file, its relative paths resolved against its folder.

    Raises:
        InputError: the file is missing, is no TOML, or says something unknown or impossible; the message names the key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        project = Project.model_validate(content)
    except OSError as error:
        raise InputError(f"The project file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}.", "Correct the file and run the command again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: `{where}`: {said}.", "docs/project.md lists what a project file may say.") from error
    base = path.resolve().parent
    features = project.fingerprints.features
    train = project.train
    return project.model_copy(
        update={
            "workspace": base / project.workspace,
            "sources": tuple(s.below(base) for s in project.sources),
            "fingerprints": project.fingerprints.model_copy(
                update={"features": str(base / features) if features.endswith((".onnx", ".pt")) else features}
            ),
            "link": project.link.model_copy(
                update={"calibration": base / project.link.calibration if project.link.calibration else None}
            ),
            "split": project.split.model_copy(update={"extend": base / project.split.extend if project.split.extend else None}),
            **({"tests": project.tests.below(base)} if project.asked_sets() else {}),
            "manifest": project.manifest.model_copy(update={"out": base / project.manifest.out}),
            "train": train
            and train.model_copy(
                update={
                    "out": base / train.out,
                    "weights": base / train.weights if train.weights else None,
                    "config": str(base / train.config) if train.config.endswith(".toml") else train.config,
                }
            ),
        }
    )
