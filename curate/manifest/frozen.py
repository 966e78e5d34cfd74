"""A manifest's rows as columns, and the questions that several invariants ask of them.

A million images and ten million edges as Python objects would take tens of gigabytes. So columns stay columns: what is asked of
all edges is asked of whole columns at once, and what is asked of images row by row reads just the columns that it names. Rows
become Python values where there is something to say of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Json = dict[str, Any]
Places = npt.NDArray[np.int64]
BATCH = 65_536  # rows in memory at once, as Python values


class Rows:
    """A table. Its length is its number of rows; going through it yields them as dicts."""

    def __init__(self, table: "pa.Table") -> None:
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.table.to_batches(max_chunksize=BATCH):
            yield from batch.to_pylist()

    def __getitem__(self, column: str) -> "pa.ChunkedArray":
        return self.table[column]

    def each(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield of each row the values of these columns."""
        for batch in self.table.select(columns).to_batches(max_chunksize=BATCH):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def where(self, holds: Any) -> "Rows":
        """Return the rows for which a column of truth values holds; null does not."""
        import pyarrow as pa

        return Rows(self.table.filter(pa.array(holds) if isinstance(holds, np.ndarray) else holds))

    def beside(self, **columns: Any) -> "Rows":
        """Return the rows with further columns."""
        table = self.table
        for name, column in columns.items():
            table = table.append_column(name, column)
        return Rows(table)

    def ascending(self, *columns: str, strictly: bool) -> bool:
        """Say whether each row is above the one before it (or, not strictly, the same), by these columns in this order."""
        import pyarrow.compute as pc

        count = len(self) - 1
        fits: Any = not strictly
        for column in reversed(columns):
            before, after = self[column].slice(0, max(count, 0)), self[column].slice(1)
            fits = pc.or_(pc.less(before, after), pc.and_(pc.equal(before, after), fits))
        return bool(pc.all(fits, min_count=0).as_py())

    def counted(self, column: str) -> Counter[Any]:
        """Return how often each value of a column stands there."""
        return Counter({pair["values"]: pair["counts"] for pair in self[column].value_counts().to_pylist()})


class Frozen:
    """The content of a manifest, and what several checks need of it.

    Attributes:
        images, edges: the rows of the tables.
        classes, info: `classes.json` and `manifest.json`.
        place_a, place_b: of each edge the place of its two ends among the images, -1 where there is no such image. An id that
            stands on several rows is that of the first.
        nodes: of the taxonomy, by id.
        three, nine: the names of the groups, by their node's id.
    """

    def __init__(self, images: Rows, edges: Rows, classes: Json, info: Json) -> None:
        self.images = images
        self.edges = edges
        self.classes = classes
        self.info = info
        self.place_a, self.place_b = (self._places(edges[end]) for end in ("image_a", "image_b"))
        self.nodes: dict[str, dict[str, Any]] = {n["node_id"]: n for n in classes["nodes"]}
        self.three: dict[str, str] = {g["node_id"]: g["name"] for g in classes["three"]}
        self.nine: dict[str, str] = {g["node_id"]: g["name"] for g in classes["nine"]}
        self._paths: dict[str, list[str]] = {}

    def _places(self, ids: "pa.ChunkedArray") -> Places:
        import pyarrow.compute as pc

        places: Places = pc.fill_null(pc.index_in(ids, value_set=self.images["image_id"]), -1).to_numpy().astype(np.int64)
        return places

    def ends(self, column: str) -> tuple[Any, Any]:
        """Return for each edge what a column of the images says of its two ends; null where there is no such image."""
        import pyarrow as pa

        values = self.images[column]
        a, b = (values.take(pa.array(places, mask=places < 0)) for places in (self.place_a, self.place_b))
        return a, b

    def path(self, node_id: str) -> list[str]:
        """Return the node and its ancestors, the root last; stops where a parent is missing or a circle closes."""
        if node_id not in self._paths:
            path: list[str] = []
            node: str | None = node_id
            while node is not None and node in self.nodes and node not in path:
                path.append(node)
                node = self.nodes[node]["parent_id"]
            self._paths[node_id] = path
        return self._paths[node_id]

    def three_of(self, node_id: str) -> str | None:
        """Return the three-class of a node, derived."""
        return next((self.three[n] for n in self.path(node_id) if n in self.three), None)

    def nine_of(self, node_id: str) -> str | None:
        """Return the nine-class of a node, derived; None above level 2."""
        return next((self.nine[n] for n in self.path(node_id) if n in self.nine), None)

    def exclude_each_other(self, nodes: Sequence[str]) -> bool:
        """Say whether two of the nodes are such that neither is the other or lies above it."""
        return any(a not in self.path(b) and b not in self.path(a) for n, a in enumerate(nodes) for b in nodes[n + 1 :])

    def tops(self, edges: Any = None) -> "pa.ChunkedArray":
        """Return for each image the first id that edges lead to: all of them, or those for which the column `edges` holds.

        At first each image is its own top. An edge whose ends have two tops hangs the later under the earlier, and tops of
        tops are then looked up, until no such edge is left. A top is only ever taken over along an edge, so images of one top
        are joined; and at the end no edge joins two tops, so images of two tops are not. The number of edges to look at falls
        with each round, and a round lowers at least one top, so there is an end.
        """
        there = (self.place_a >= 0) & (self.place_b >= 0)
        if edges is not None:
            there &= edges.to_numpy()
        a, b = self.place_a[there], self.place_b[there]
        top = np.arange(len(self.images))
        while len(a):
            of_a, of_b = top[a], top[b]
            np.minimum.at(top, np.maximum(of_a, of_b), np.minimum(of_a, of_b))
            while (higher := top[top]).tobytes() != top.tobytes():
                top = higher
            apart = top[a] != top[b]
            a, b = a[apart], b[apart]
        return self.images["image_id"].take(top[self._places(self.images["image_id"])])


def in_several(things: Any, places: Any, witnesses: Any) -> dict[str, dict[Any, str]]:
    """Return each thing that is in more than one place, with the places and the first witness of each; null is a place too.

    Args:
        things, places, witnesses: columns of one length, a row for each time that a witness shows a thing in a place.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    shown = pa.table({"thing": things, "place": places, "witness": witnesses})
    counted = shown.group_by("thing").aggregate([("place", "count_distinct", pc.CountOptions(mode="all"))])
    several = counted.filter(pc.greater(counted["place_count_distinct"], 1))["thing"]
    found: dict[str, dict[Any, str]] = defaultdict(dict)
    for thing, place, witness in Rows(shown.filter(pc.is_in(shown["thing"], several))).each("thing", "place", "witness"):
        found[thing].setdefault(place, witness)
    return found
