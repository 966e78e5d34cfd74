"""The whole job: each stage in its order, measured, skipped where nothing changed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue
from curate.engines import Engine
from curate.errors import InputError
from curate.fingerprints.extractors import find_extractor
from curate.fingerprints.stage import fingerprint_stage
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.manifest.extension import read_frozen
from curate.manifest.freeze import freeze
from curate.manifest.pictures import Pictures
from curate.manifest.verify import verify
from curate.project import Project, Split
from curate.report.build import build_report, report_folder
from curate.sources.ingest import ingest
from curate.sources.registry import source
from curate.splits.extend import frozen_protocol
from curate.splits.protocol import Protocol
from curate.splits.stage import split
from curate.splits.test_sets import Sets
from curate.stopwatch import measured
from curate.taxonomy.tree import Tree
from curate.terminal import Terminal


def run_project(
    project: Project, engine: Engine, terminal: Terminal, *, workspace: Path | None = None, batch_size: int = 256
) -> dict[str, Any]:
    """Run every stage of a project.

    Args:
        project: what to do.
        engine: where pictures are read.
        terminal: where progress goes.
        workspace: in place of the project's own.
        batch_size: pictures per commit; no result depends on it.

    Returns:
        `manifest`, `digest`, `report`, and `stages`: for each its summary, seconds, peak memory in MiB, whether it was skipped.

    Raises:
        BrokenInvariantError: the frozen manifest does not verify, or a picture changed since it was read.
        InputError: the workspace holds a source that the project does not name.
    """
    tree = Tree.shipped()
    place = workspace or project.workspace
    stages: list[dict[str, Any]] = []

    def stage(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        terminal.say(f"{name} …")
        with measured() as measure:
            summary = work()
        stages.append({"stage": name, "seconds": measure.seconds, "peak_mib": measure.peak_mib, **summary})
        terminal.say(f"{name}: {_in_words(summary)} ({measure.seconds:.1f} s)")
        return summary

    with Catalogue.write(place, "curate run") as catalogue:
        sources = [source(one.id, tree) for one in project.sources]
        named = [s.declaration.id for s in sources]
        if twice := sorted({i for i in named if named.count(i) > 1}):
            raise InputError(f"The project names {twice[0]} twice.", "Give a declaration of your own an id of its own.")
        if extra := sorted({s for (s,) in catalogue.rows("SELECT source_id FROM sources")} - set(named)):
            raise InputError(
                f"The workspace {place} also holds {extra[0]}, which the project does not name.",
                "Add it to the project file, or choose another --workspace.",
            )
        for one, found in zip(project.sources, sources, strict=True):
            read = partial(ingest, catalogue, found, one.folder, tree, metadata_only=one.metadata_only)
            stage(f"ingest {found.declaration.id}", read)
        extractor = find_extractor(project.fingerprints.features)
        with terminal.progress("fingerprint") as progress:
            stage(
                "fingerprint",
                lambda: fingerprint_stage(
                    catalogue, engine, extractor, points=project.fingerprints.points, batch_size=batch_size, progress=progress
                ),
            )
        policy = find_policy(project.link.policy, level=project.link.level, calibration=project.link.calibration)
        stage("link", lambda: link(catalogue, policy, engine))
        stage("split", lambda: _split(catalogue, project.split, tree, project.asked_sets()))
        frozen = stage(
            "freeze",
            lambda: freeze(
                catalogue,
                tree,
                project.name,
                project.manifest.out,
                max_class_size=project.partition.max_class_size,
                inclusive=project.partition.inclusive,
                allowed_licences=project.manifest.allowed_licences,
                text=project.manifest.text,
                publication=project.manifest,
                private=project.manifest.private,
            ),
        )
    folder = Path(frozen["folder"])
    pictures = Pictures.find(named, [], place)
    stage("verify", lambda: _verified(folder, pictures))
    reported = stage("report", lambda: build_report(folder, pictures, report_folder(folder)))
    result = {
        "name": project.name,
        "manifest": str(folder),
        "digest": frozen["digest"],
        "report": reported["report"],
        "stages": stages,
    }
    if project.train is not None:
        result["run"] = str(_train(project, folder, pictures, terminal, stage))
    return result


def _split(catalogue: Catalogue, asked: Split, tree: Tree, sets: Sets | None) -> dict[str, Any]:
    if asked.extend is None:
        return split(catalogue, Protocol.model_validate(asked.model_dump()), tree, sets=sets)
    frozen = read_frozen(asked.extend)
    return split(catalogue, frozen_protocol(frozen, asked.asked()), tree, frozen, asked.merge, sets=sets)


def _verified(folder: Path, pictures: Pictures) -> dict[str, Any]:
    proof = verify(folder, pictures)
    proof.require(f"{folder} does not verify.", folder)
    return {"images": proof.images, "edges": proof.edges, "pictures_checked": proof.pictures_checked, "violations": 0}


def _train(
    project: Project,
    folder: Path,
    pictures: Pictures,
    terminal: Terminal,
    stage: Callable[[str, Callable[[], dict[str, Any]]], object],
) -> Path:
    from train.evaluate import evaluate
    from train.fit import fit

    asked = project.train
    assert asked is not None
    run = asked.out / project.name
    with terminal.progress("train fit") as progress:
        stage(
            "train fit",
            lambda: fit(
                folder,
                pictures,
                run,
                config=asked.config,
                steps=asked.steps,
                batch_size=asked.batch_size,
                weights=asked.weights,
                progress=progress,
            ),
        )
    with terminal.progress("train evaluate") as progress:
        stage("train evaluate", lambda: _without_request(evaluate(folder, pictures, run, limit=asked.limit, progress=progress)))
    return run


def _without_request(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name != "request"}


def _in_words(summary: dict[str, Any]) -> str:
    """Return the numbers of a summary in one line."""
    if summary.get("skipped"):
        return "nothing changed"
    parts = []
    for name, value in summary.items():
        if isinstance(value, bool) or value in (None, {}, [], ""):
            continue
        if name == "calibration":
            parts.append(f"{value['expected_false_edges']} local edges expected to be false")
        elif isinstance(value, dict):
            inner = ", ".join(f"{k} {v}" for k, v in value.items() if v and not isinstance(v, dict | list))
            parts += [f"{name.replace('_', ' ')} ({inner})"] if inner else []
        elif isinstance(value, int | float):
            parts.append(f"{value} {name.replace('_', ' ')}")
    return ", ".join(parts)
