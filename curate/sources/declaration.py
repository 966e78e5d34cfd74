"""What a source's `source.toml` may say: which files are what, how ids are made, which column means what."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from curate.errors import InputError

Template = Annotated[str, Field(description="text with {column} or {path group}; void where one of them is blank")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(_Strict):
    """A regular expression on a file's path below the source's folder (whole path, letter case ignored)."""

    pattern: str
    reason: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    def match(self, path: str) -> dict[str, str] | None:
        """Return the named groups when the whole path matches, else None."""
        found = re.fullmatch(self.pattern, path, flags=re.IGNORECASE)
        return {k: v for k, v in found.groupdict().items() if v is not None} if found else None


class TableSpec(Pattern):
    """A table whose rows speak of pictures: `key` is the template of the native id that a row belongs to."""

    key: Template
    columns: list[str] = Field(default=[], description="columns without which the table is refused")
    required: bool = Field(default=False, description="refuse a folder in which no file matches")


class SideCarSpec(Pattern):
    """A JSON file about one picture; nested names are joined by dots."""

    key: Template
    many: bool = Field(default=False, description="it holds records of many pictures, in a list or as the values of an object")


class OneHot(_Strict):
    """Columns of zeros and ones that together are one label."""

    field: str
    columns: list[str]
    none: str = Field(description="the label where no column is 1")


class LabelColumn(_Strict):
    """A column that holds one label, several between separators, or labels with weights."""

    column: str
    separator: str = Field(default="", description="what stands between several labels of one cell")
    weights: bool = Field(default=False, description="the cell is an object of label and weight, as JSON or Python writes it")


class Value(_Strict):
    """Where a fact of a record comes from: a column or path group, or a constant; native words may be translated."""

    column: str = ""
    constant: str = ""
    values: dict[str, str] = {}
    missing: list[str] = Field(default=[], description="native words that mean: not known")


class RecordSpec(_Strict):
    """How a row becomes a record."""

    image_keys: list[Template] = []
    lesion_keys: list[Template] = []
    patient_keys: list[Template] = []
    labels: list[LabelColumn] = Field(min_length=1, description="columns, the most trusted first; later ones may refine")
    fallback_labels: list[LabelColumn] = []
    confirmation: Value = Value()
    official_split: Value = Value()
    modality: Value = Value()
    site: Value = Value()
    sex: Value = Value()
    skin_type: Value = Value()
    age: Value = Value()
    licence: Value = Value()
    attribution: Value = Value()

    @field_validator("labels", "fallback_labels", mode="before")
    @classmethod
    def _names_are_columns(cls, columns: object) -> object:
        return [{"column": c} if isinstance(c, str) else c for c in columns] if isinstance(columns, list) else columns


class Declaration(_Strict):
    """A source, as its `source.toml` declares it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    type: Literal["archive", "atlas", "challenge", "collection", "hospital", "search_engine", "app"]
    licence: str
    attribution: str
    citation: str
    homepage: str
    download: str = Field(description="what to download, in a sentence")
    expected_images: int | None = None
    images: list[Pattern] = Field(min_length=1, description="patterns with a group `native_id`")
    ignore: list[Pattern] = []
    tables: list[TableSpec] = []
    side_cars: list[SideCarSpec] = []
    one_hot: list[OneHot] = []
    record: RecordSpec

    @field_validator("images")
    @classmethod
    def _names_the_image(cls, patterns: list[Pattern]) -> list[Pattern]:
        for pattern in patterns:
            if "native_id" not in re.compile(pattern.pattern).groupindex:
                raise ValueError(f"the pattern {pattern.pattern!r} has no group (?P<native_id>…)")
        return patterns

    def digest(self) -> str:
        """Return the sha256 of the declaration's content."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def load_declaration(path: Path) -> Declaration:
    """Read a declaration.

    Raises:
        InputError: the file is missing, is no TOML, or says something unknown; the message names the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"The declaration {path} cannot be read: {error.strerror}.") from error
    try:
        return Declaration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}.", "Correct the file and run the command again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: `{where}`: {first['msg']}.", "CONTRIBUTING.md lists what a declaration may say.") from error
