"""Connected components of accepted edges: the atoms of every split."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np


def components(images: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the component of each image (scipy's connected components; 100 times faster than networkx at this size).

    A component is named after its smallest image id, so that its name depends neither on the order of the edges nor on
    which other components there are: `c-` and the first 16 hex digits of the sha256 of that id.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    position = {image: n for n, image in enumerate(images)}
    ends = np.array([(position[a], position[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(len(images), len(images)))
    _, labels = connected_components(graph, directed=False)
    smallest: dict[int, str] = {}
    for image, label in zip(images, labels.tolist(), strict=True):
        if image < smallest.get(label, "\U0010ffff"):
            smallest[label] = image
    names = {label: "c-" + hashlib.sha256(image.encode("utf-8")).hexdigest()[:16] for label, image in smallest.items()}
    return {image: names[label] for image, label in zip(images, labels.tolist(), strict=True)}
