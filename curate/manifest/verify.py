"""Proving a frozen manifest from its files alone, by code that shares nothing with the code that made it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.about.check import about_differences, allowance_differences
from curate.manifest.folder import minor_of, names_below, to_be_named
from curate.manifest.frozen import Frozen, Json, Rows
from curate.manifest.invariants import CHECKS
from curate.manifest.pictures import Pictures, Slice, is_portable
from curate.manifest.read import require_manifest, said_once
from curate.manifest.schema import EDGES, FILES, IMAGES, SCHEMA_NAME, SCHEMA_VERSION, SUMS, TEXT_FILES, with_later_columns
from curate.manifest.signature import Signers, unread_signatures
from curate.manifest.stated import STATED
from curate.manifest.text import text_differences

LISTED = 50  # violations of one invariant that are listed; the rest is counted
# What comes of a value that is missing or of another type than the schema says, however deep a check meets it.
MISTYPED = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError)
SUM_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


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
        signed_by: whose signatures were found good, where they were asked for.
        checks: (number, name, violations) of each invariant that was checked.
        not_checked: what was not, and why.
    """

    manifest: str
    digest: str | None
    images: int = 0
    edges: int = 0
    pictures_checked: int = 0
    signed_by: list[str] = field(default_factory=list)
    checks: list[tuple[int, str, int]] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.violations

    def require(self, refusal: str, folder: Path, *more: str) -> None:
        """Raise where something is wrong.

        Args:
            refusal: the sentence that says what is not done then.
            folder: of the manifest.
            more: options with which `curate verify` lists all that is wrong.

        Raises:
            BrokenInvariantError: with the first violation.
        """
        if self.ok:
            return
        first = self.violations[0]
        others = f" ({len(self.violations)} violations in all)" if len(self.violations) > 1 else ""
        raise BrokenInvariantError(
            f"{refusal} Invariant {first.invariant}: {first.message}{others}.",
            f"`{' '.join(('curate verify', str(folder), *more))}` lists all.",
        )

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


def verify(
    folder: Path,
    pictures: Pictures | None = None,
    *,
    expected_digest: str | None = None,
    signers: Signers | None = None,
    subset: Slice | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """Check a manifest against all invariants that its files can answer.

    Args:
        folder: the manifest.
        pictures: where the pictures lie; their bytes are compared with the frozen digests.
        expected_digest: the digest that was published; another one is a violation.
        signers: whose signatures are asked for; one that is missing, damaged or of somebody else is a violation.
        subset: the slice of the pictures that is read, in place of all; everything else is checked as a whole.
        progress: called with (done, all) while pictures are read.

    Raises:
        InputError: there is no manifest in the folder, or it is of a schema that this version does not read; the signers cannot
            be read, or the program that checks signatures is missing.
    """
    require_manifest(folder)
    sums = folder / SUMS
    digest = hashlib.sha256(sums.read_bytes()).hexdigest() if sums.is_file() else None
    proof = Proof(manifest=folder.name, digest=digest)
    wrong_files = list(files_differ(folder))
    if expected_digest is not None and digest != expected_digest.lower():
        wrong_files.append(f"{SUMS}: the manifest's digest is {digest}, not {expected_digest}")
    proof.add(9, "files are those that SHA256SUMS names", wrong_files)
    proof.not_checked += unread_signatures(folder, signers)
    if signers is not None:
        signed_by, unsigned = signers.signed_by(folder)
        proof.signed_by = signed_by
        proof.add(9, "signed by whom it should be", unsigned)
    content: dict[str, Any] = {}
    unreadable = []
    readers: tuple[tuple[str, Callable[[Path], Any]], ...] = (
        ("manifest.json", _json),
        ("classes.json", _json),
        ("images.parquet", lambda path: _table(path, IMAGES, older=minor_of(content.get("manifest.json", {})) < 1)),
        ("edges.parquet", lambda path: _table(path, EDGES)),
    )
    for name, reader in readers:
        try:
            if not (folder / name).is_file():
                raise FileNotFoundError("there is no such file")
            content[name] = reader(folder / name)
        except Exception as error:  # noqa: BLE001 - hostile bytes make readers fail in any way; each is a violation, named
            unreadable.append(
                f"{name}: cannot be read ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
            )
    if unreadable:
        proof.add(0, "tables are well formed", unreadable)
        proof.not_checked.append("invariants 1 to 8 and 10: a file cannot be read")
        return proof
    images, edges, classes, info = (content[n] for n in ("images.parquet", "edges.parquet", "classes.json", "manifest.json"))
    if not wrong_files:  # a changed byte is damage, and no other schema
        proof.not_checked += require_schema(folder, info)
    proof.images, proof.edges = len(images), len(edges)
    try:
        frozen = Frozen(images, edges, classes, info)
    except MISTYPED as error:
        proof.add(0, "tables are well formed", [f"classes.json or manifest.json: {type(error).__name__}: {error}"])
        proof.not_checked.append("invariants 1 to 8 and 10: a file is not of the form that the schema says")
        return proof
    for number, name, check in (*CHECKS, *STATED):
        try:
            proof.add(number, name, list(check(frozen)))
        except MISTYPED as error:
            proof.add(number, name, [f"cannot be checked, a value is missing or of another type ({type(error).__name__}: {error})"])
    proof.add(0, "what the folder says of itself is what the tables say", about_differences(folder, images, info))
    proof.add(10, "allowed licences are those of the expression", allowance_differences(info))
    if any((folder / name).exists() for name in TEXT_FILES):
        proof.add(0, "the text form says what the tables say", text_differences(folder))
    _pictures(proof, frozen, pictures, subset, progress)
    return proof


def files_differ(folder: Path) -> Iterable[str]:
    """9: every file is named in SHA256SUMS and has that digest; none is missing, none is extra."""
    present = set(names_below(folder))
    if not (folder / SUMS).is_file():
        yield f"{SUMS} is missing"
        return
    text = (folder / SUMS).read_bytes().decode("utf-8", errors="replace")
    named: dict[str, str] = {}
    if not text.endswith("\n"):
        yield f"{SUMS}: does not end with a line end"
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        if not (found := SUM_LINE.fullmatch(line)) or not is_portable(found.group(2)):
            yield f"{SUMS}, line {number}: not a digest, two blanks and the name of a file in this folder"
        elif found.group(2) in named:
            yield f"{SUMS}, line {number}: {found.group(2)} is named twice"
        else:
            named[found.group(2)] = found.group(1)
    if list(named) != sorted(named):
        yield f"{SUMS}: not sorted by name"
    for name in sorted(set(FILES) - named.keys()):
        yield f"{SUMS} does not name {name}"
    for name in sorted(set(to_be_named(folder)) - named.keys()):
        yield f"{name}: not named in {SUMS}"
    for name, digest in named.items():
        if name not in present or not (folder / name).is_file():
            yield f"{name}: named in {SUMS} and missing"
            continue
        with (folder / name).open("rb") as handle:
            found_digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if found_digest != digest:
            yield f"{name}: its bytes are not those that {SUMS} names"


def _table(path: Path, schema: Any, *, older: bool = False) -> Rows:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    if older:
        table = with_later_columns(table, schema)
    for column in schema:
        if column.name not in table.column_names:
            raise ValueError(f"no column {column.name}")
        if not table.schema.field(column.name).type.equals(column.type):
            raise ValueError(f"column {column.name} is {table.schema.field(column.name).type}, not {column.type}")
        if not column.nullable and table.column(column.name).null_count:
            raise ValueError(f"column {column.name} has blanks")
        if pa.types.is_list(column.type) and pc.list_flatten(table.column(column.name)).null_count:
            raise ValueError(f"column {column.name} has blanks in its lists")
    table.validate(full=True)  # text is UTF-8, lists end where others begin
    return Rows(table.select(schema.names))


def _json(path: Path) -> Json:
    content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=said_once)
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content


def require_schema(folder: Path, info: Json) -> list[str]:
    """Return what is not checked of a manifest since a later version of its schema knows more than this one.

    Raises:
        InputError: it is of another schema, or of a later one whose files may mean something else.
    """
    name, version = info.get("schema"), str(info.get("schema_version"))
    numbers, own = _numbers(version), _numbers(SCHEMA_VERSION)
    if name != SCHEMA_NAME or numbers[:1] != own[:1]:
        raise InputError(
            f"{folder} is of schema {name} {version}; this version verifies {SCHEMA_NAME} {SCHEMA_VERSION}.",
            "Install the dermcurate that made it.",
        )
    return [f"what schema {version} added to {SCHEMA_VERSION}, which this version verifies"] if numbers > own else []


def _numbers(version: str) -> list[int]:
    """Return the numbers of a version; none where it is not numbers."""
    parts = version.split(".")
    return [int(part) for part in parts] if all(re.fullmatch("[0-9]{1,6}", part) for part in parts) else []


def _pictures(
    proof: Proof,
    frozen: Frozen,
    pictures: Pictures | None,
    subset: Slice | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    sources = set(frozen.images.counted("source"))
    missing = sorted(sources) if pictures is None else pictures.missing(sources)
    if missing:
        proof.not_checked.append(f"the pictures of {', '.join(missing)}: give --images {missing[0]}=FOLDER")
    if pictures is not None and len(missing) < len(sources):
        known = [row for row in frozen.images.each("image_id", "source", "path", "sha256") if row[1] in pictures.folders]
        rows = [row for row in known if subset is None or subset.holds(row[0])]
        proof.pictures_checked = len(rows)
        name = "pictures are those that were frozen"
        if subset is not None:
            name += f", slice {subset.number} of {subset.of}"
            proof.not_checked.append(
                f"{len(known) - len(rows)} of {len(known)} pictures: slice {subset.number} of {subset.of} alone was read"
            )
        proof.add(9, name, pictures.differences(rows, progress))
    stated = frozen.info.get("not_checked")
    if isinstance(stated, list) and all(isinstance(reason, str) for reason in stated):
        proof.not_checked += map(_one_line, stated)
    else:
        proof.add(0, "manifest.json says what was not checked", ["manifest.json: not_checked is no list of words"])
