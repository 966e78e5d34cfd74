"""The tree of diseases: three roots, nine classes below them, diseases below those (Esteva et al. 2017, Extended Data Table 2)."""

import csv
import functools
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from curate.errors import InputError
from curate.resources import schemas


@dataclass(frozen=True)
class Node:
    """A place in the taxonomy; `parent_id` is None for the three roots."""

    node_id: str
    name: str
    parent_id: str | None
    malignancy: str


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
        digest: sha256 over everything that a result can depend on.
    """

    def __init__(self, version: str, nodes: Iterable[Node], three: Iterable[Group], nine: Iterable[Group]) -> None:
        self.version = version
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
        text = repr((version, sorted((n.node_id, n.name, n.parent_id or "", n.malignancy) for n in listed), self.three, self.nine))
        self.digest = hashlib.sha256(text.encode("utf-8")).hexdigest()

    @classmethod
    @functools.cache
    def shipped(cls) -> "Tree":
        """Return the taxonomy that comes with this version."""
        return cls.read(schemas().joinpath("taxonomy"))

    @classmethod
    def read(cls, folder: Traversable) -> "Tree":
        """Read `taxonomy.csv`, `classes.csv` and `version.txt` from a folder.

        Raises:
            InputError: a parent is missing, the links go in a circle, or the classes are not roots and their children.
        """
        rows = csv.DictReader(io.StringIO(folder.joinpath("taxonomy.csv").read_text(encoding="utf-8")))
        nodes = [Node(r["node_id"], r["name"], r["parent_id"] or None, r["malignancy"]) for r in rows]
        groups: dict[str, list[Group]] = {"three": [], "nine": []}
        for r in csv.DictReader(io.StringIO(folder.joinpath("classes.csv").read_text(encoding="utf-8"))):
            groups[r["level"]].append(Group(int(r["index"]), r["name"], r["node_id"]))
        version = folder.joinpath("version.txt").read_text(encoding="utf-8").strip()
        return cls(version, nodes, groups["three"], groups["nine"])

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
        roots = {n for n, path in self._paths.items() if len(path) == 1}
        seconds = {n for n, path in self._paths.items() if len(path) == 2}
        if roots != self._three.keys():
            raise InputError("The roots of the taxonomy are not the three classes.")
        if seconds != self._nine.keys():
            raise InputError("The second level of the taxonomy is not the nine classes.")
