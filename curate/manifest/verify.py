"""Proving a frozen manifest from its files alone, by code that shares nothing with the code that made it."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from curate.manifest.invariants import CHECKS, Frozen, Json, Rows
from curate.manifest.pictures import Pictures
from curate.manifest.read import require_manifest
from curate.manifest.schema import EDGES, FILES, IMAGES, SCHEMA_NAME, SCHEMA_VERSION, SUMS, TEXT_FILES, with_later_columns
from curate.manifest.stated import STATED
from curate.manifest.text import text_differences

LISTED = 50  # violations of one invariant that are listed; the rest is counted
SUM_LINE = re.compile(r"([0-9a-f]{64})  ([^/\n]+)")


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: the invariant's number (DESIGN section 7; 0: the form of the tables), and what and where."""

    invariant: int
    message: str


@dataclass
class Proof:
    """What verification found.

    Attributes:
        digest: the manifest's digest, to be compared with a published one.
        checks: (number, name, violations) of each invariant that was checked.
        not_checked: what was not, and why.
    """

    manifest: str
    digest: str | None
    images: int = 0
    edges: int = 0
    pictures_checked: int = 0
    checks: list[tuple[int, str, int]] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.violations

    def as_json(self) -> Json:
        """Return the proof as one JSON object."""
        return {
            "ok": self.ok,
            **{k: v for k, v in asdict(self).items() if k != "checks"},
            "checks": [{"invariant": n, "name": name, "violations": v} for n, name, v in self.checks],
        }

    def add(self, invariant: int, name: str, messages: Iterable[str]) -> None:
        """Record a check with its violations, as many as are worth reading."""
        rest = iter(messages)
        listed = list(islice(rest, LISTED))
        more = sum(1 for _ in rest)
        self.violations += [Violation(invariant, _one_line(message)) for message in listed]
        if more:
            self.violations.append(Violation(invariant, f"… and {more} more of this kind"))
        self.checks.append((invariant, name, len(listed) + more))


def _one_line(words: str) -> str:
    """Return words of a manifest such that they cannot forge a line, steer a terminal, or fail to be printed."""
    return words if words.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)


def verify(folder: Path, pictures: Pictures | None = None, *, expected_digest: str | None = None) -> Proof:
    """Check a manifest against all invariants that its files can answer.

    Args:
        folder: the manifest.
        pictures: where the pictures lie; their bytes are compared with the frozen digests.
        expected_digest: the digest that was published; another one is a violation.

    Raises:
        InputError: there is no manifest in the folder, or it is of a schema that this version does not read.
    """
    require_manifest(folder)
    sums = folder / SUMS
    digest = hashlib.sha256(sums.read_bytes()).hexdigest() if sums.is_file() else None
    proof = Proof(manifest=folder.name, digest=digest)
    wrong_files = list(_files(folder))
    if expected_digest is not None and digest != expected_digest.lower():
        wrong_files.append(f"{SUMS}: the manifest's digest is {digest}, not {expected_digest}")
    proof.add(9, "files are those that SHA256SUMS names", wrong_files)
    content: list[Any] = []
    unreadable = []
    for name, reader in (("images.parquet", _images), ("edges.parquet", _edges), ("classes.json", _json), ("manifest.json", _json)):
        try:
            if not (folder / name).is_file():
                raise FileNotFoundError("there is no such file")
            content.append(reader(folder / name))
        except Exception as error:  # noqa: BLE001 - hostile bytes make readers fail in any way; each is a violation, named
            unreadable.append(
                f"{name}: cannot be read ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
            )
    if unreadable:
        proof.add(0, "tables are well formed", unreadable)
        proof.not_checked.append("invariants 1 to 8 and 10: a file cannot be read")
        return proof
    images, edges, classes, info = content
    if not wrong_files:  # a changed byte is damage, and no other schema
        _require_schema(folder, info)
    proof.images, proof.edges = len(images), len(edges)
    try:
        frozen = Frozen(images, edges, classes, info)
    except (KeyError, TypeError, AttributeError) as error:
        proof.add(0, "tables are well formed", [f"classes.json or manifest.json: {type(error).__name__}: {error}"])
        proof.not_checked.append("invariants 1 to 8 and 10: a file is not of the form that the schema says")
        return proof
    for number, name, check in (*CHECKS, *STATED):
        try:
            proof.add(number, name, list(check(frozen)))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            proof.add(number, name, [f"cannot be checked, a value is missing or of another type ({type(error).__name__}: {error})"])
    if any((folder / name).exists() for name in TEXT_FILES):
        proof.add(0, "the text form says what the tables say", text_differences(folder))
    _pictures(proof, frozen, pictures)
    return proof


def _files(folder: Path) -> Iterable[str]:
    """9: every file is named in SHA256SUMS and has that digest; none is missing, none is extra."""
    present = {p.name for p in folder.iterdir()}
    if not (folder / SUMS).is_file():
        yield f"{SUMS} is missing"
        return
    text = (folder / SUMS).read_bytes().decode("utf-8", errors="replace")
    named: dict[str, str] = {}
    if not text.endswith("\n"):
        yield f"{SUMS}: does not end with a line end"
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        if not (found := SUM_LINE.fullmatch(line)):
            yield f"{SUMS}, line {number}: not a digest, two blanks and a name"
        elif found.group(2) in named:
            yield f"{SUMS}, line {number}: {found.group(2)} is named twice"
        else:
            named[found.group(2)] = found.group(1)
    if list(named) != sorted(named):
        yield f"{SUMS}: not sorted by name"
    for name in sorted(set(FILES) - named.keys()):
        yield f"{SUMS} does not name {name}"
    for name in sorted(present - named.keys() - {SUMS}):
        yield f"{name}: not named in {SUMS}"
    for name, digest in named.items():
        if name not in present or not (folder / name).is_file():
            yield f"{name}: named in {SUMS} and missing"
            continue
        with (folder / name).open("rb") as handle:
            found_digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if found_digest != digest:
            yield f"{name}: its bytes are not those that {SUMS} names"


def _images(path: Path) -> Rows:
    return _table(path, IMAGES)


def _edges(path: Path) -> Rows:
    return _table(path, EDGES)


def _table(path: Path, schema: Any) -> Rows:
    import pyarrow.parquet as pq

    table = with_later_columns(pq.ParquetFile(path).read(), schema)
    for column in schema:
        if column.name not in table.column_names:
            raise ValueError(f"no column {column.name}")
        if not table.schema.field(column.name).type.equals(column.type):
            raise ValueError(f"column {column.name} is {table.schema.field(column.name).type}, not {column.type}")
        if not column.nullable and table.column(column.name).null_count:
            raise ValueError(f"column {column.name} has blanks")
    rows: Rows = table.select(schema.names).to_pylist()
    return rows


def _json(path: Path) -> Json:
    content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Return an object; one that says a name twice is refused, since programs differ in which they believe."""
    if len(content := dict(pairs)) < len(pairs):
        raise ValueError("an object says a name twice")
    return content


def _require_schema(folder: Path, info: Json) -> None:
    from curate.errors import InputError

    name, version = info.get("schema"), str(info.get("schema_version"))
    if name == SCHEMA_NAME and version.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".")[0]:
        raise InputError(
            f"{folder} is of schema {name} {version}; this version verifies {SCHEMA_VERSION}.",
            "Install the dermcurate that made it.",
        )


def _pictures(proof: Proof, frozen: Frozen, pictures: Pictures | None) -> None:
    sources = {row["source"] for row in frozen.images}
    missing = sorted(sources) if pictures is None else pictures.missing(sources)
    if missing:
        proof.not_checked.append(f"the pictures of {', '.join(missing)}: give --images {missing[0]}=FOLDER")
    if pictures is not None and len(missing) < len(sources):
        rows = [(r["image_id"], r["source"], r["path"], r["sha256"]) for r in frozen.images if r["source"] in pictures.folders]
        proof.pictures_checked = len(rows)
        proof.add(9, "pictures are those that were frozen", pictures.differences(rows))
    stated = frozen.info.get("not_checked")
    if isinstance(stated, list) and all(isinstance(reason, str) for reason in stated):
        proof.not_checked += map(_one_line, stated)
    else:
        proof.add(0, "manifest.json says what was not checked", ["manifest.json: not_checked is no list of words"])
