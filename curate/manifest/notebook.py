"""A frozen manifest as a notebook wants it: pandas frames and a networkx graph."""

from collections import defaultdict
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import pandas as pd
import pyarrow as pa

from curate.manifest.read import load
from curate.manifest.schema import SPLITS


class _Reason(NamedTuple):
    evidence: str
    score: float
    probability: float | None
    must_link: bool


@dataclass(frozen=True, eq=False)
class LoadedManifest:
    """A frozen manifest in memory, for looking at. Changing the frames changes nothing on disk.

    Attributes:
        folder: where it lies.
        digest: sha256 of its SHA256SUMS; what is to be quoted with every number that was computed from it.
        info: `manifest.json`: `policy`, `protocol`, `seed`, `counts`, `sources`, `findings`, `not_checked`, …
        classes: `classes.json`: `nine`, `three`, `nodes`, `training_classes`.
        images: one row per ingested image, sorted by `image_id`; the columns are those of `images.parquet` and
            schemas/manifest/README.md says what each means: `image_id`, `source`, `path`, `sha256`, `split` (`train`, `validation`,
            `test`, `excluded`), `excluded_reason`, `fold` (an integer or missing), `component`, `node_id`, `training_class`,
            `nine_class`, `three_class`, `labels` (a list of dicts), `lesion_keys` and `patient_keys` (lists), `confirmation`,
            `modality`, `site`, `sex`, `skin_type`, `age`, `licence`, …
        edges: one row per pair and kind of evidence, accepted edges only: `image_a`, `image_b`, `evidence`, `score`,
            `probability` (missing where nobody calibrated it), `must_link`, `basis`.
    """

    folder: Path
    digest: str
    info: dict[str, Any]
    classes: dict[str, Any]
    images: pd.DataFrame
    edges: pd.DataFrame

    def graph(self) -> nx.Graph:
        """Return the images and what ties them; its connected components are the components of the manifest.

        Nodes are image ids with `split` and `component`. An edge joins each pair that has evidence, with `evidence` (the kinds,
        sorted), `score` (the best of them), `probability` (the best that was calibrated, or None) and `must_link`.
        """
        graph = nx.Graph(name=self.info["name"], digest=self.digest)
        for image, split, component in zip(self.images.image_id, self.images.split, self.images.component, strict=True):
            graph.add_node(image, split=split, component=component)
        reasons: dict[tuple[str, str], list[_Reason]] = defaultdict(list)
        columns = (self.edges[name] for name in ("image_a", "image_b", "evidence", "score", "probability", "must_link"))
        for a, b, kind, score, probability, must_link in zip(*columns, strict=True):
            reasons[a, b].append(_Reason(kind, float(score), None if pd.isna(probability) else float(probability), bool(must_link)))
        for (a, b), given in reasons.items():
            graph.add_edge(
                a,
                b,
                evidence=sorted(reason.evidence for reason in given),
                score=max(reason.score for reason in given),
                probability=max((reason.probability for reason in given if reason.probability is not None), default=None),
                must_link=any(reason.must_link for reason in given),
            )
        return graph

    def __repr__(self) -> str:
        counts = ", ".join(f"{int((self.images.split == s).sum())} {s}" for s in SPLITS)
        return f"<manifest {self.info['name']}: {len(self.images)} images ({counts}), digest {self.digest[:12]}…>"


def load_manifest(path: "str | PathLike[str]") -> LoadedManifest:
    """Read a frozen manifest into frames; it is not verified here (`curate verify` does that).

    Raises:
        InputError: there is no manifest in the folder, or it is of a schema that this version does not read.
        BrokenInvariantError: a file is missing or cannot be read.
    """
    manifest = load(Path(path))
    return LoadedManifest(
        manifest.folder, manifest.digest, manifest.info, manifest.classes, _frame(manifest.images), _frame(manifest.edges)
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a frame in which whole numbers stay whole where some are missing, and lists are lists."""
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int16(): pd.Int16Dtype()}.get)
    for field in table.schema:
        if pa.types.is_list(field.type):
            frame[field.name] = table.column(field.name).to_pylist()
    return frame
