"""What a source's `source.toml` may say: which files are what, how ids are made, which column means what."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from curate.errors import InputError

Template = Annotated[str, Field(description="text with {column} or {path group}; void where one of them is blank")]
PLACE = re.compile(r"\{([^{}]+)\}")


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


class Each(_Strict):
    """One of several pictures of a row: the template of its native id, and values that the row has for this picture."""

    key: Template
    set: dict[str, str] = {}


class TableSpec(Pattern):
    """A table whose rows speak of pictures.

    A row belongs to the picture `key`, or to several (`each`), or to all pictures of which `joins` gives the same as `key` (a
    table of lesions, cases or patients), or to none of these: then `adapter.py` makes something of it (`raw`).
    """

    name: str = Field(default="", description="by which an adapter knows the table")
    key: Template = ""
    each: list[Each] = []
    joins: Template = ""
    raw: bool = False
    columns: list[str] = Field(default=[], description="columns without which the table is refused")
    header: list[str] = Field(default=[], description="names of the columns of a table that has no line of them")
    blanks: bool = Field(default=False, description="values are separated by runs of blanks")
    required: bool = Field(default=False, description="refuse a folder in which no file matches")

    @model_validator(mode="after")
    def _one_way(self) -> "TableSpec":
        if sum((bool(self.key), bool(self.each), self.raw)) != 1:
            raise ValueError("a table has one of `key`, `each`, `raw`")
        if self.joins and not self.key:
            raise ValueError("`joins` needs `key`")
        return self

    def needed(self) -> list[str]:
        """Return the columns without which the table is refused: those declared, and those that its keys are made of."""
        return list(dict.fromkeys([*self.columns, *PLACE.findall(self.key)]))


class SideCarSpec(Pattern):
    """A JSON file about one picture; nested names are joined by dots."""

    key: Template
    many: bool = Field(default=False, description="it holds records of many pictures, in a list or as the values of an object")


class RelationSpec(Pattern):
    """A table of pictures that belong together: pairs (`a`, `b`), or groups (`group`, `member`); keys with their namespace."""

    a: Template = ""
    b: Template = ""
    group: Template = ""
    member: Template = ""
    where: dict[str, list[str]] = Field(default={}, description="only rows whose column holds one of these values")
    basis: Template = Field(description="what the list is, for people")

    @model_validator(mode="after")
    def _pairs_or_groups(self) -> "RelationSpec":
        if bool(self.a and self.b) == bool(self.group and self.member):
            raise ValueError("a relation has `a` and `b`, or `group` and `member`")
        return self


class OneHot(_Strict):
    """Columns of zeros and ones (or of marks) that together are one label."""

    field: str
    columns: list[str]
    none: str = Field(default="", description="the label where no column is 1; blank: no label")
    mark: str = Field(default="1", description="what a chosen column holds; 1 also as 1.0")


class LabelColumn(_Strict):
    """A column that holds one label, several between separators, or labels with weights."""

    column: str
    separator: str = Field(default="", description="what stands between several labels of one cell")
    weights: bool = Field(default=False, description="the cell is an object of label and weight, as JSON or Python writes it")


class Value(_Strict):
    """Where a fact comes from: columns or path groups, the first that is filled, or a constant; words may be translated."""

    column: str | list[str] = ""
    constant: str = ""
    values: dict[str, str] = Field(default={}, description="native word, in any letter case, to ours")
    missing: list[str] = Field(default=[], description="native words that mean: not known")

    @property
    def columns(self) -> list[str]:
        """The columns, in order."""
        return [self.column] if isinstance(self.column, str) and self.column else list(self.column)


class RecordSpec(_Strict):
    """How a row becomes a record."""

    image_keys: list[Template] = []
    lesion_keys: list[Template] = []
    patient_keys: list[Template] = []
    labels: list[LabelColumn] = Field(default=[], description="columns, the most trusted first; later ones may refine")
    fallback_labels: list[LabelColumn] = []
    confirmation: Value = Value()
    official_split: Value = Value()
    modality: Value = Value()
    shot_type: Value = Value()
    site: Value = Value()
    sex: Value = Value()
    skin_type: Value = Value()
    age: Value = Value()
    acquisition_day: Value = Value()
    licence: Value = Value()
    attribution: Value = Value()

    @field_validator("labels", "fallback_labels", mode="before")
    @classmethod
    def _names_are_columns(cls, columns: object) -> object:
        return [{"column": c} if isinstance(c, str) else c for c in columns] if isinstance(columns, list) else columns


class Trust(_Strict):
    """How far each id can be relied on, in a sentence with where that was seen."""

    image: str = ""
    lesion: str = ""
    patient: str = ""


class Declaration(_Strict):
    """A source, as its `source.toml` declares it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    type: Literal["archive", "atlas", "challenge", "collection", "hospital", "search_engine", "app", "lists"]
    licence: str
    attribution: str
    citation: str
    homepage: str
    download: str = Field(description="what to download, in a sentence")
    adapter: str = Field(default="", description="a shipped source whose adapter this one uses; a steward's own may need one")
    level: Literal["image", "lesion", "patient"] = Field(default="image", description="the coarsest level its ids know")
    expected_images: int | None = None
    expected_rows: int | None = None
    images: list[Pattern] = Field(default=[], description="patterns with a group `native_id`")
    ignore: list[Pattern] = []
    tables: list[TableSpec] = []
    side_cars: list[SideCarSpec] = []
    relations: list[RelationSpec] = []
    one_hot: list[OneHot] = []
    record: RecordSpec = RecordSpec()
    trust: Trust = Trust()

    @field_validator("images")
    @classmethod
    def _names_the_image(cls, patterns: list[Pattern]) -> list[Pattern]:
        for pattern in patterns:
            if "native_id" not in re.compile(pattern.pattern).groupindex:
                raise ValueError(f"the pattern {pattern.pattern!r} has no group (?P<native_id>…)")
        return patterns

    @model_validator(mode="after")
    def _has_something(self) -> "Declaration":
        if not self.images and not self.relations:
            raise ValueError("a source has `images`, or `relations`")
        return self

    def digest(self) -> str:
        """Return the sha256 of the declaration's content."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def column_names(self) -> set[str]:
        """Return every name of a column that the declaration uses; a table may write them in another letter case."""
        spec = self.record
        names = {c.column for c in (*spec.labels, *spec.fallback_labels)}
        names |= {c for fact in FACTS for c in getattr(spec, fact).columns}
        templates = [*spec.image_keys, *spec.lesion_keys, *spec.patient_keys]
        for table in self.tables:
            names |= {*table.columns, *table.header}
            templates += [table.key, table.joins, *(e.key for e in table.each)]
        for relation in self.relations:
            names |= set(relation.where)
            templates += [relation.a, relation.b, relation.group, relation.member, relation.basis]
        for one_hot in self.one_hot:
            names |= set(one_hot.columns)
        return names | {place for template in templates for place in PLACE.findall(template)}


FACTS = (
    "confirmation",
    "official_split",
    "modality",
    "shot_type",
    "site",
    "sex",
    "skin_type",
    "age",
    "acquisition_day",
    "licence",
    "attribution",
)


def load_declaration(path: Path) -> Declaration:
    """Read a declaration.

    Raises:
        InputError: the file is missing, is no TOML, or says something unknown; the message names the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The declaration {path} cannot be read: {error.strerror}.",
            "CONTRIBUTING.md shows one; `curate sources` lists known ids.",
        ) from error
    try:
        return Declaration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}.", "Correct the file and run the command again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: `{where}`: {first['msg']}.", "CONTRIBUTING.md lists what a declaration may say.") from error
