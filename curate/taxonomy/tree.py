"""The tree of diseases: three roots, nine classes below them, diseases below those (Esteva et al. 2017, Extended Data Table 2)."""

import csv
import functools
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable

from curate.errors import InputError
from curate.resources import schemas

XREFS = ("doid", "mondo", "ncit", "icd10cm", "mesh", "orphanet", "sctid")
COLUMNS = (
    "node_id",
    "name",
    "parent_id",
    "malignancy",
    "synonyms",
    *(f"xref_{x}" for x in XREFS),
    "also_under",
    "source",
    "confidence",
)
MALIGNANCY = ("benign", "malignant", "premalignant", "uncertain", "not_applicable")


@dataclass(frozen=True)
class Node:
    """A place in the taxonomy.

    Attributes:
        node_id: `DC:` and seven digits; it keeps its disease for ever.
        name: US spelling, unique whatever the letter case.
        parent_id: None for the three roots.
        malignancy: one of `MALIGNANCY`, of the disease itself; actinic keratosis is premalignant under a malignant root.
        synonyms: each of one node only.
        xrefs: ids in other vocabularies, by vocabulary (`XREFS`).
        also_under: other sensible parents; the tree does not use them.
        source: where name and ids come from: `mondo`, `doid`, `ncit`, `ordo`, or `curated` (no ontology has the name).
        confidence: `high`, `medium` or `low`: trust in name, match and place together.
    """

    node_id: str
    name: str
    parent_id: str | None
    malignancy: str
    synonyms: tuple[str, ...] = ()
    xrefs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also_under: tuple[str, ...] = ()
    source: str = "curated"
    confidence: str = "medium"


@dataclass(frozen=True)
class Retired:
    """A node that is no more: its id and last name, the node that takes its images, since which version, and why."""

    node_id: str
    name: str
    successor: str
    version: str
    reason: str


@dataclass(frozen=True)
class Group:
    """One of the three or of the nine classes: its index in the paper's order, its short name, its node."""

    index: int
    name: str
    node_id: str


class Tree:
    """A checked taxonomy.

    Attributes:
        version: of the shipped files.
        nodes: by id, parents before children.
        three, nine: the groups, in the order of their index.
        retired: nodes of earlier versions, by id.
        digest: sha256 over everything that a result can depend on.
    """

    def __init__(
        self, version: str, nodes: Iterable[Node], three: Iterable[Group], nine: Iterable[Group], retired: Iterable[Retired] = ()
    ) -> None:
        self.version = version
        self.retired = {r.node_id: r for r in retired}
        listed = list(nodes)
        self.nodes = {node.node_id: node for node in listed}
        if len(self.nodes) != len(listed):
            raise InputError("The taxonomy names a node twice.")
        self.three = tuple(sorted(three, key=lambda g: g.index))
        self.nine = tuple(sorted(nine, key=lambda g: g.index))
        self.children: dict[str, list[str]] = defaultdict(list)
        for node in listed:
            if node.parent_id is not None:
                self.children[node.parent_id].append(node.node_id)
        self._paths: dict[str, tuple[str, ...]] = {}
        for node in listed:
            self._paths[node.node_id] = self._path(node)
        self._three = {g.node_id: g.name for g in self.three}
        self._nine = {g.node_id: g.name for g in self.nine}
        self._check()
        # What a person reads (synonyms, ids elsewhere) changes no result and is left out of the digest.
        text = repr((version, sorted((n.node_id, n.name, n.parent_id or "", n.malignancy) for n in listed), self.three, self.nine))
        self.digest = hashlib.sha256(text.encode("utf-8")).hexdigest()

    @classmethod
    @functools.cache
    def shipped(cls) -> "Tree":
        """Return the taxonomy that comes with this version."""
        return cls.read(schemas().joinpath("taxonomy"))

    @classmethod
    def read(cls, folder: Traversable) -> "Tree":
        """Read `taxonomy.csv`, `classes.csv`, `retired.csv` (where there is one) and `version.txt` from a folder.

        Raises:
            InputError: a file or column is missing, a parent is missing, the links go in a circle, or the classes are not
                roots and their children.
        """
        try:
            nodes = [_node(r) for r in _rows(folder.joinpath("taxonomy.csv"))]
            groups: dict[str, list[Group]] = {"three": [], "nine": []}
            for r in _rows(folder.joinpath("classes.csv")):
                groups[r["level"]].append(Group(int(r["index"]), r["name"], r["node_id"]))
            retired = (
                [Retired(**r) for r in _rows(folder.joinpath("retired.csv"))] if folder.joinpath("retired.csv").is_file() else []
            )
            version = folder.joinpath("version.txt").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InputError(f"{folder} is no taxonomy: {error.filename} cannot be read: {error.strerror}.") from error
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder} is no taxonomy: a column or value is missing ({error}).") from error
        return cls(version, nodes, groups["three"], groups["nine"], retired)

    def current(self, node_id: str) -> str | None:
        """Return the node that an id stands for in this version: itself, or the successor of a retired one; None if unknown."""
        for _ in self.retired:
            if node_id not in self.retired:
                break
            node_id = self.retired[node_id].successor
        return node_id if node_id in self.nodes else None

    def path(self, node_id: str) -> tuple[str, ...]:
        """Return the ids from the root down to the node, both included."""
        return self._paths[node_id]

    def depth(self, node_id: str) -> int:
        """Return the level of a node; roots are at level 1, the nine classes at level 2."""
        return len(self._paths[node_id])

    def three_class(self, node_id: str) -> str:
        """Return the name of the node's root."""
        return self._three[self._paths[node_id][0]]

    def nine_class(self, node_id: str) -> str | None:
        """Return the name of the nine-class that a node is or lies under; None for a root."""
        path = self._paths[node_id]
        return self._nine[path[1]] if len(path) > 1 else None

    def conflict(self, a: str, b: str) -> bool:
        """Say whether two labels exclude each other: neither node is the other or lies above it."""
        return a not in self._paths[b] and b not in self._paths[a]

    def leaves(self, node_id: str) -> list[str]:
        """Return the leaves at or below a node."""
        return [n for n in self.descendants(node_id) if not self.children.get(n)]

    def cover(self, node_ids: Iterable[str]) -> str | None:
        """Return the lowest node that is each of the nodes or lies above it; None when they are of several roots."""
        paths = [self._paths[n] for n in node_ids]
        common = None
        for level in zip(*paths, strict=False):
            if len(set(level)) > 1:
                break
            common = level[0]
        return common

    def descendants(self, node_id: str) -> Iterator[str]:
        """Yield a node and all below it, parents first."""
        yield node_id
        for child in self.children.get(node_id, ()):
            yield from self.descendants(child)

    def closure(self) -> list[tuple[str, str, int]]:
        """Return (ancestor, descendant, distance) for every node and each node on its path, itself at distance 0."""
        return [
            (ancestor, node, len(path) - 1 - level) for node, path in self._paths.items() for level, ancestor in enumerate(path)
        ]

    def _path(self, node: Node) -> tuple[str, ...]:
        path = [node.node_id]
        parent = node.parent_id
        while parent is not None:
            if parent in path:
                raise InputError(f"The taxonomy goes in a circle at {parent}.")
            if parent not in self.nodes:
                raise InputError(f"The taxonomy has no node {parent}, the parent of {path[-1]}.")
            path.append(parent)
            parent = self.nodes[parent].parent_id
        return tuple(reversed(path))

    def _check(self) -> None:
        if again := sorted(self.retired.keys() & self.nodes.keys()):
            raise InputError(f"The taxonomy retired {again[0]} and has it still.")
        if lost := sorted(r for r in self.retired if self.current(r) is None):
            raise InputError(f"The successor of {lost[0]}, which the taxonomy retired, does not exist.")
        roots = {n for n, path in self._paths.items() if len(path) == 1}
        seconds = {n for n, path in self._paths.items() if len(path) == 2}
        if roots != self._three.keys():
            raise InputError("The roots of the taxonomy are not the three classes.")
        if seconds != self._nine.keys():
            raise InputError("The second level of the taxonomy is not the nine classes.")


def _rows(file: Traversable) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def _node(row: dict[str, str]) -> Node:
    return Node(
        row["node_id"],
        row["name"],
        row["parent_id"] or None,
        row["malignancy"],
        _listed(row["synonyms"]),
        {x: _listed(row[f"xref_{x}"]) for x in XREFS if row[f"xref_{x}"]},
        _listed(row["also_under"]),
        row["source"],
        row["confidence"],
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)
