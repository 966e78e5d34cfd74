"""`train fit`: steps of training on the train split."""

import csv
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from curate.errors import InputError
from curate.manifest.pictures import Pictures
from train.config import Config, load_config
from train.data.dataset import SplitImages
from train.data.rows import class_ids, rows_of
from train.data.trusted import trusted_manifest
from train.fit.rmsprop import TensorFlowRMSProp
from train.model.inception import build, weights_digest

RUN_FILE = "run.json"
MODEL_FILE = "model.safetensors"
LOG_FILE = "log.csv"


def fit(
    folder: Path,
    pictures: Pictures,
    out: Path,
    *,
    config: str = "esteva2017",
    steps: int,
    batch_size: int = 32,
    weights: Path | None = None,
    seed: int = 2017,
    loaders: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Train Inception v3 on the train split of a manifest and write the model.

    Args:
        folder: the manifest; it is verified first, with every picture.
        pictures: where its pictures lie.
        out: the run's folder: `model.safetensors`, `run.json`, `log.csv`. A finished run is not overwritten: asked for the
            same again, nothing is done; asked for another, it is refused.
        config: name or path of a configuration.
        steps: optimizer steps.
        batch_size: images per step, at least 2 (batch normalisation).
        weights: state dict to start from; None: random.
        seed: of weights, order and augmentation.
        loaders: processes that read pictures beside this one; no result depends on them.
        progress: called with (done, all) steps.

    Returns:
        The summary: classes, images, steps, epochs, first and last loss, run folder.

    Raises:
        InputError: a setting is impossible, or the folder holds another run.
        BrokenInvariantError: the manifest or a picture is not what was frozen.
    """
    if steps < 1 or batch_size < 2:
        raise InputError(f"{steps} steps of {batch_size} images cannot be trained.", "At least 1 step, and 2 images per step.")
    settings = load_config(config)
    manifest = trusted_manifest(folder, pictures)
    classes = class_ids(manifest)
    rows = rows_of(manifest, "train")
    asked = {
        "manifest": manifest.info["name"],
        "manifest_digest": manifest.digest,
        "config": settings.model_dump(),
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "weights_sha256": weights_digest(weights),
        "classes": classes,
    }
    if done := _finished(out, asked):
        return {**done, "skipped": True}
    out.mkdir(parents=True, exist_ok=True)
    network = build(
        len(classes), dropout=settings.model.dropout, auxiliary=settings.loss.auxiliary_weight > 0, seed=seed, weights=weights
    )
    optimizer = TensorFlowRMSProp(
        network.parameters(),
        lr=settings.optimizer.learning_rate,
        rho=settings.optimizer.rho,
        momentum=settings.optimizer.momentum,
        epsilon=settings.optimizer.epsilon,
        weight_decay=settings.optimizer.weight_decay,
    )
    size = min(batch_size, len(rows))
    data = SplitImages(rows, pictures, settings.input.side, augment=True)
    settle = settings.model.settle_batches
    batches = list(_batches(len(rows), size, steps + settle, seed))
    loader = torch.utils.data.DataLoader(data, batch_sampler=batches, num_workers=loaders)
    network.train()
    log = []
    for step, (images, targets) in enumerate(loader):
        if step >= steps:
            _settle(network, images, first=step == steps)
            continue
        epoch = step * size // len(rows)
        rate = learning_rate(settings, epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = _loss(network(images), targets, settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        log.append({"step": step + 1, "epoch": epoch, "learning_rate": rate, "loss": round(float(loss.detach()), 6)})
        if progress:
            progress(step + 1, steps)
    summary = {
        "run": str(out),
        "classes": len(classes),
        "images": len(rows),
        "steps": steps,
        "epochs": round(steps * size / len(rows), 3),
        "first_loss": log[0]["loss"],
        "last_loss": log[-1]["loss"],
    }
    _write(out, network, asked, summary, log)
    return {**summary, "skipped": False}


def learning_rate(config: Config, epoch: int) -> float:
    """Return the rate of an epoch: divided by the decay factor after each `decay_epochs` epochs."""
    return config.optimizer.learning_rate / config.optimizer.decay_factor ** (epoch // config.optimizer.decay_epochs)


def _settle(network: torch.nn.Module, images: torch.Tensor, *, first: bool) -> None:
    """Take batch normalisation's means and variances over batches, all alike; a short run's still hold their first values."""
    if first:
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # an average over all batches
    with torch.no_grad():
        network(images)


def _loss(outputs: Any, targets: torch.Tensor, config: Config) -> torch.Tensor:
    smoothing = config.loss.label_smoothing
    if isinstance(outputs, torch.Tensor):  # without the second head
        return torch.nn.functional.cross_entropy(outputs, targets, label_smoothing=smoothing)
    loss = torch.nn.functional.cross_entropy(outputs.logits, targets, label_smoothing=smoothing)
    if outputs.aux_logits is not None:
        auxiliary = torch.nn.functional.cross_entropy(outputs.aux_logits, targets, label_smoothing=smoothing)
        loss = loss + config.loss.auxiliary_weight * auxiliary
    return loss


def _batches(count: int, size: int, steps: int, seed: int) -> Iterator[list[tuple[int, int]]]:
    """Yield (position, draw) of each batch: every image once per epoch, in an order that seed and epoch give."""
    waiting: list[tuple[int, int]] = []
    epoch = 0
    for _ in range(steps):
        while len(waiting) < size:
            order = list(range(count))
            random.Random(f"order {seed} {epoch}").shuffle(order)
            waiting += [(i, int.from_bytes(hashlib.sha256(f"{seed} {epoch} {i}".encode()).digest()[:8], "big")) for i in order]
            epoch += 1
        yield waiting[:size]
        waiting = waiting[size:]


def _finished(out: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    path = out / RUN_FILE
    if not path.is_file():
        if out.is_dir() and any(out.iterdir()) and not (out / LOG_FILE).exists():
            raise InputError(f"{out} holds something else than a run.", "Name another folder with --out.")
        return None
    run = json.loads(path.read_text(encoding="utf-8"))
    if run["settings"] != json.loads(json.dumps(asked)):
        differs = sorted(k for k in asked if run["settings"].get(k) != json.loads(json.dumps(asked[k])))
        raise InputError(f"{out} holds a finished run with another {differs[0]}.", "Name another folder with --out.")
    return {**run["summary"], "run": str(out)}


def _write(out: Path, network: torch.nn.Module, asked: dict[str, Any], summary: dict[str, Any], log: list[dict[str, Any]]) -> None:
    """Write model and log first and `run.json` last: where it is, the run is finished."""
    from safetensors.torch import save_file

    partial = out / f"{MODEL_FILE}.new"
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, partial)
    partial.replace(out / MODEL_FILE)
    with (out / LOG_FILE).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(log[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(log)
    content = {"settings": asked, "summary": {k: v for k, v in summary.items() if k != "run"}}
    beside = out / f"{RUN_FILE}.new"
    beside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(out / RUN_FILE)
