"""The paper's binary tasks: a model's curve on each test of the manifest and on each set that readers saw, with the readers.

An image of a test is known to be epidermal, or melanocytic, so only training classes of that branch count (the paper, Methods):
P(malignant) = P(malignant node) / (P(malignant node) + P(benign node)), the nodes being those of the nine above the test's.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import InputError
from curate.manifest.read import Manifest
from train.data.rows import Row
from train.evaluate.metrics import Curve, Vector, auc, auc_interval, roc
from train.evaluate.readers import Reader, Study, summary
from train.evaluate.rollup import Matrix
from train.figures.roc import draw_roc


def malignancy(manifest: Manifest, probabilities: Matrix, name: str) -> Vector:
    """Return P(malignant) of each image in the task of a test or drawn set; 0.5 where the model gives its branch nothing.

    A balanced sample has no branch: all training classes count.

    Args:
        manifest: whose sets and classes they are.
        probabilities: shape (images, training classes).
        name: of a test or drawn set.
    """
    stated = manifest.info["drawn_sets"]
    of = {one["name"]: one["of"] for one in stated["reader_sets"]}
    test = next((t for t in stated["tests"] if t["name"] == of.get(name, name)), None)
    training = manifest.classes["training_classes"]
    if test is None:
        sides = [[c["three"] == "malignant" for c in training], [c["three"] != "malignant" for c in training]]
    else:
        branches = [_branches(manifest, part["nodes"]) for part in test["classes"]]
        sides = [[c["nine"] in branch or c["three"] in branch for c in training] for branch in branches]
    malignant, benign = (probabilities @ np.array(side, dtype=np.float64) for side in sides)
    both = malignant + benign
    score: Vector = np.divide(malignant, both, out=np.full(len(both), 0.5), where=both > 0)
    return score


def require_measured(studies: Sequence[Study], rows: Sequence[Row]) -> None:
    """Raise InputError where a study has images that are not among those to be measured."""
    measured = {row.image_id for row in rows}
    for study in studies:
        if absent := sorted(set(study.images.values()) - measured):
            raise InputError(
                f"The study of {study.name} has {len(absent)} images that are not measured here ({absent[0]}).",
                "Evaluate the split that the set is drawn from, with --split and without --limit.",
            )


def measure_binary(
    manifest: Manifest,
    rows: Sequence[Row],
    probabilities: Matrix,
    studies: Sequence[Study] = (),
    readers: Sequence[Reader] = (),
    *,
    seed: int = 2017,
) -> tuple[dict[str, Any], dict[str, Curve]]:
    """Return figures and curves of every test with images among the rows, and of every study with its readers.

    Args:
        manifest: whose tests they are.
        rows: the images that were measured.
        probabilities: shape (images, training classes).
        studies: what readers saw, all of it among the rows (`require_measured`).
        readers: what came back.
        seed: of the bootstrap.
    """
    position = {row.image_id: n for n, row in enumerate(rows)}
    figures: dict[str, Any] = {"tests": {}, "reader_studies": []}
    curves: dict[str, Curve] = {}
    columns = manifest.images.select(["image_id", "tests"]).to_pylist()
    for test in manifest.info.get("drawn_sets", {"tests": []})["tests"]:
        name = test["name"]
        members = [position[r["image_id"]] for r in columns if name in r["tests"] and r["image_id"] in position]
        figure, curve = _figure(manifest, rows, probabilities, name, members, seed)
        if curve is not None:
            figures["tests"][name] = figure
            curves[name] = curve
    for study in studies:
        members = [position[image] for image in study.images.values()]
        figure, curve = _figure(manifest, rows, probabilities, study.name, members, seed)
        assert curve is not None  # a study without positives or negatives is refused when it is read
        told = summary(study, readers)
        below = sum(_is_below(curve, r["sensitivity"], r["specificity"]) for r in told["readers"])
        figures["reader_studies"].append({**told, "model": {**figure, "readers_below_curve": below}})
        curves[f"{study.name}, question {study.question}"] = curve
    return figures, curves


def write_binary(out: Path, name: str, figures: dict[str, Any], curves: dict[str, Curve]) -> None:
    """Write `roc-tests.csv`, `roc-test-NAME.svg`, and of studies `readers.csv` and `readers-NAME-QUESTION.svg`.

    Args:
        out: the folder of the evaluation.
        name: of the manifest.
        figures, curves: as `measure_binary` gives them.
    """
    with (out / "roc-tests.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["set", "threshold", "false_positive_rate", "true_positive_rate"])
        for which, c in curves.items():
            for point in zip(c.threshold, c.false_positive_rate, c.true_positive_rate, strict=True):
                writer.writerow([which, *(f"{v:.6f}" for v in point)])
    for test, figure in figures["tests"].items():
        draw_roc({test: curves[test]}, {test: figure["auc"]}, f"{name}: {test}", out / f"roc-test-{test}.svg")
    if not figures["reader_studies"]:
        return
    with (out / "readers.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["set", "question", "study", "reader", "sensitivity", "specificity", "seconds_per_case"])
        for told in figures["reader_studies"]:
            of = [told["set"], told["question"], told["study"]]
            for r in told["readers"]:
                writer.writerow([*of, *r.values()])
    for told in figures["reader_studies"]:
        drawn = {"model": curves[f"{told['set']}, question {told['question']}"]}
        title = f"{name}: {told['set']}, question {told['question']}"
        path = out / f"readers-{told['set']}-{told['question']}.svg"
        draw_roc(drawn, {"model": told["model"]["auc"]}, title, path, readers=told)


def lines(figures: dict[str, Any]) -> list[str]:
    """Return the figures in words."""
    told = []
    for name, row in figures["tests"].items():
        told.append(f"  test {name:<27}{row['auc']:.3f}{_interval(row)}  {row['positives']} against {row['negatives']}")
    for study in figures["reader_studies"]:
        model, mean, deviation = study["model"], study["mean"], study["standard_deviation"]
        spread = {what: "" if deviation[what] is None else f" ± {deviation[what]:.3f}" for what in mean}
        told.append(
            f"  {study['set']}, question {study['question']}: {len(study['readers'])} readers, mean sensitivity "
            f"{mean['sensitivity']:.3f}{spread['sensitivity']}, specificity {mean['specificity']:.3f}{spread['specificity']}; "
            f"model AUC {model['auc']:.3f}{_interval(model)}, {model['readers_below_curve']} readers below its curve"
        )
    return told


def _interval(row: dict[str, Any]) -> str:
    return f" [{row['interval_95'][0]:.3f}, {row['interval_95'][1]:.3f}]" if row["interval_95"] else ""


def _branches(manifest: Manifest, nodes: Sequence[str]) -> set[str]:
    """Return the nine-classes that nodes lie in, or the three-class of a node above them; nothing for a node not in use."""
    parent = {n["node_id"]: n["parent_id"] for n in manifest.classes["nodes"]}
    names = {g["node_id"]: g["name"] for g in (*manifest.classes["three"], *manifest.classes["nine"])}
    found = set()
    for node in nodes:
        at: str | None = node
        while at is not None and at not in names:
            at = parent.get(at)
        if at is not None:
            found.add(names[at])
    return found


def _figure(
    manifest: Manifest, rows: Sequence[Row], probabilities: Matrix, name: str, members: Sequence[int], seed: int
) -> tuple[dict[str, Any], Curve | None]:
    chosen = np.array(members, dtype=np.int64)
    positive = np.array([rows[n].three_class == "malignant" for n in members], dtype=bool)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return {}, None
    score = np.round(malignancy(manifest, probabilities[chosen], name), 7)
    interval = auc_interval(score, positive, [rows[n].component for n in members], seed=seed)
    figure = {
        "auc": round(auc(score, positive), 4),
        "interval_95": [round(v, 4) for v in interval] if interval else None,
        "positives": positives,
        "negatives": negatives,
    }
    return figure, roc(score, positive)


def _is_below(curve: Curve, sensitivity: float, specificity: float) -> bool:
    """Say whether some threshold of the model does at least as well on both and better on one."""
    better, also = curve.true_positive_rate - sensitivity, (1 - curve.false_positive_rate) - specificity
    near = 5e-5  # rates are rounded to four digits
    return bool(((better >= -near) & (also >= -near) & ((better > near) | (also > near))).any())
