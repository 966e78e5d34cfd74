"""`train evaluate`: the nine- and three-way figures of a model on a held-out split."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import Manifest
from train.config import Config
from train.data.dataset import SplitImages
from train.data.rows import Row, class_ids, rows_of
from train.data.trusted import trusted_manifest
from train.evaluate.binary import measure_binary, require_measured, write_binary
from train.evaluate.metrics import Curve, auc, auc_interval, roc
from train.evaluate.readers import Reader, Study, read_readers, read_study
from train.evaluate.rollup import Matrix, roll_up
from train.figures.roc import draw_roc
from train.fit.fit import MODEL_FILE, RUN_FILE
from train.model.inception import build

FEW = 10  # positives or negatives below which a figure says that it is not worth much


def evaluate(
    folder: Path,
    pictures: Pictures,
    run: Path,
    *,
    split: str = "test",
    limit: int | None = None,
    batch_size: int = 32,
    loaders: int = 0,
    seed: int = 2017,
    readers: Sequence[Path] = (),
    reader_keys: Sequence[Path] = (),
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure a run on a split of the manifest that it was trained on.

    Writes below the run `evaluation-SPLIT/`: `metrics.json`, `predictions.csv` (one row per image with the probabilities of
    the three and nine classes), `roc.csv`, `roc-nine.svg`, `roc-malignant.svg`, and what `write_binary` writes of the tests.

    Args:
        folder: the manifest; it is verified first, with every picture.
        pictures: where its pictures lie.
        run: a folder written by `fit`.
        split: test or validation.
        limit: at most so many images, drawn by seed; the figures say so.
        batch_size: images per forward pass.
        loaders: processes that read pictures beside this one.
        seed: of the draw and of the bootstrap.
        readers: what readers answered in reader studies, as files or folders.
        reader_keys: the keys of these studies.
        progress: called with (done, all) images.

    Returns:
        The metrics.

    Raises:
        InputError: there is no finished run, it was trained on another manifest, or answers of readers cannot be used.
        BrokenInvariantError: the manifest or a picture is not what was frozen.
    """
    if split not in ("test", "validation"):
        raise InputError(f"A model is not measured on {split}.", "Use test or validation.")
    content = _run(run)
    manifest = trusted_manifest(folder, pictures)
    asked = content["settings"]
    if asked["manifest_digest"] != manifest.digest:
        raise BrokenInvariantError(
            f"{run} was trained on the manifest {asked['manifest']} with digest {asked['manifest_digest'][:16]}…, not on {folder}"
            f" ({manifest.digest[:16]}…): nothing says that their splits do not overlap.",
            "Evaluate on the manifest that it was trained on.",
        )
    studies, answered = _readers(manifest, readers, reader_keys)
    rows = rows_of(manifest, split, limit=limit, seed=seed)
    require_measured(studies, rows)
    out = run / f"evaluation-{split}"
    request = {
        "split": split,
        "limit": limit,
        "seed": seed,
        "manifest_digest": manifest.digest,
        "model_sha256": _sha256(run / MODEL_FILE),
        "readers": [asdict(reader) for reader in answered],
    }
    if (out / "metrics.json").is_file():
        old: dict[str, Any] = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
        if old.get("request") == request:
            return {**old, "skipped": True}
    config = Config.model_validate(asked["config"])
    network = _network(run, manifest, config)
    probabilities = _probabilities(
        network, SplitImages(rows, pictures, config.input.side, augment=False), batch_size, loaders, progress
    )
    metrics, curves, nine, three = measure(manifest, rows, probabilities, seed=seed)
    binary, of_sets = measure_binary(manifest, rows, probabilities, studies, answered, seed=seed)
    metrics = {"request": request, "run": run.name, "manifest": manifest.info["name"], **metrics, **binary}
    out.mkdir(exist_ok=True)
    write_binary(out, manifest.info["name"], binary, of_sets)
    _write(out, manifest, rows, nine, three, metrics, curves)
    return {**metrics, "skipped": False}


def measure(
    manifest: Manifest, rows: Sequence[Row], probabilities: Matrix, *, seed: int = 2017
) -> tuple[dict[str, Any], dict[str, dict[str, Curve]], Matrix, Matrix]:
    """Return metrics, ROC curves by figure and class, and the probabilities of the nine and of the three classes.

    Args:
        manifest: whose classes the columns are.
        rows: the images.
        probabilities: shape (images, training classes), rows adding up to 1.
        seed: of the bootstrap.
    """
    training = manifest.classes["training_classes"]
    nine_names = [g["name"] for g in manifest.classes["nine"]]
    three_names = [g["name"] for g in manifest.classes["three"]]
    nine = roll_up(probabilities, training, "nine", nine_names)
    three = roll_up(probabilities, training, "three", three_names)
    components = [r.component for r in rows]
    with_nine = np.array([r.nine_class is not None for r in rows])
    nine_true = np.array([nine_names.index(r.nine_class) if r.nine_class else -1 for r in rows])
    three_true = np.array([three_names.index(r.three_class) for r in rows])
    metrics: dict[str, Any] = {
        "images": len(rows),
        "components": len(set(components)),
        "without_nine_class": int((~with_nine).sum()),
        "accuracy": {
            "training_class": _share(probabilities.argmax(1) == np.array([r.target for r in rows])),
            "nine": _share((nine.argmax(1) == nine_true)[with_nine]),
            "three": _share(three.argmax(1) == three_true),
        },
        "auc": {"nine": {}, "three": {}},
        "notes": [],
    }
    curves: dict[str, dict[str, Curve]] = {"nine": {}, "three": {}}
    for level, names, scores, truth, keep in (
        ("nine", nine_names, nine, nine_true, with_nine),
        ("three", three_names, three, three_true, np.ones(len(rows), dtype=bool)),
    ):
        kept = [c for c, k in zip(components, keep, strict=True) if k]
        for n, name in enumerate(names):
            positive = (truth == n)[keep]
            score = np.round(scores[keep][:, n], 7)
            positives, negatives = int(positive.sum()), int((~positive).sum())
            if not positives or not negatives:
                continue
            interval = auc_interval(score, positive, kept, seed=seed)
            metrics["auc"][level][name] = {
                "auc": round(auc(score, positive), 4),
                "interval_95": [round(v, 4) for v in interval] if interval else None,
                "positives": positives,
                "negatives": negatives,
            }
            if score.min() == score.max():
                metrics["notes"].append(
                    f"{level}: {name}: every image has the same probability; the model has learnt nothing of it"
                )
            if min(positives, negatives) < FEW:
                metrics["notes"].append(f"{level}: {name}: only {min(positives, negatives)} on one side; the AUC says little")
            curves[level][name] = roc(score, positive)
    return metrics, curves, nine, three


def _readers(manifest: Manifest, readers: Sequence[Path], keys: Sequence[Path]) -> tuple[list[Study], list[Reader]]:
    """Return the studies that somebody answered, and who did."""
    if bool(readers) != bool(keys):
        given, missing = ("--readers", "--reader-key") if readers else ("--reader-key", "--readers")
        raise InputError(f"{given} was given without {missing}.", "Answers can be read with the key of their study alone.")
    studies = {study.study: study for study in (read_study(key, manifest) for key in keys)}
    answered = read_readers(readers, studies)
    if silent := [study for study in studies.values() if not any(r.study == study.study for r in answered)]:
        raise InputError(
            f"Nobody answered study {silent[0].study} of {silent[0].name}.",
            "Leave its key out, or name its answers with --readers.",
        )
    return list(studies.values()), answered


def _share(correct: Any) -> float | None:
    return round(float(correct.mean()), 4) if len(correct) else None


def _run(run: Path) -> dict[str, Any]:
    if not (run / RUN_FILE).is_file() or not (run / MODEL_FILE).is_file():
        raise InputError(f"{run} holds no finished run.", "`train fit MANIFEST_DIR --out RUN_DIR` makes one.")
    content: dict[str, Any] = json.loads((run / RUN_FILE).read_text(encoding="utf-8"))
    return content


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _network(run: Path, manifest: Manifest, config: Config) -> torch.nn.Module:
    from safetensors.torch import load_file

    network = build(len(class_ids(manifest)), dropout=config.model.dropout, auxiliary=config.loss.auxiliary_weight > 0, seed=0)
    try:
        network.load_state_dict(load_file(run / MODEL_FILE))
    except Exception as error:
        raise InputError(f"{run / MODEL_FILE} is not the model of this run: {type(error).__name__}.", "Train it again.") from error
    return network.eval()


def _probabilities(
    network: torch.nn.Module, data: SplitImages, batch_size: int, loaders: int, progress: Callable[[int, int], None] | None
) -> Matrix:
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, num_workers=loaders)
    parts = []
    done = 0
    with torch.inference_mode():
        for images, _ in loader:
            parts.append(torch.softmax(network(images).double(), dim=1).numpy())
            done += len(images)
            if progress:
                progress(done, len(data))
    return np.concatenate(parts)


def _write(
    out: Path,
    manifest: Manifest,
    rows: Sequence[Row],
    nine: Matrix,
    three: Matrix,
    metrics: dict[str, Any],
    curves: dict[str, dict[str, Curve]],
) -> None:
    """Write everything, `metrics.json` last: where it is, the evaluation is whole."""
    names = [*(f"three:{g['name']}" for g in manifest.classes["three"]), *(f"nine:{g['name']}" for g in manifest.classes["nine"])]
    with (out / "predictions.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["image_id", "component", "nine_class", "three_class", *names])
        for row, values in zip(rows, np.hstack([three, nine]), strict=True):
            writer.writerow([row.image_id, row.component, row.nine_class or "", row.three_class, *(f"{v:.6f}" for v in values)])
    with (out / "roc.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["level", "class", "threshold", "false_positive_rate", "true_positive_rate"])
        for level, by_class in curves.items():
            for name, c in by_class.items():
                for point in zip(c.threshold, c.false_positive_rate, c.true_positive_rate, strict=True):
                    writer.writerow([level, name, *(f"{v:.6f}" for v in point)])
    for level, title, chosen in (
        ("nine", "each of the nine classes against the rest", None),
        ("malignant", "malignant against the rest", "malignant"),
    ):
        by_class = curves["nine"] if chosen is None else {k: c for k, c in curves["three"].items() if k == chosen}
        areas = metrics["auc"]["nine" if chosen is None else "three"]
        if by_class:
            draw_roc(by_class, {k: areas[k]["auc"] for k in by_class}, f"{metrics['manifest']}: {title}", out / f"roc-{level}.svg")
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")
