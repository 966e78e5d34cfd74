"""What the quality gate keeps out: counted on the catalogue's pictures, and its thresholds learnt from them.

Nobody says of public pictures which are blurred or far away. So pictures are made so, by known amounts: a threshold is the value
that about one in a hundred as published lies below, and what it is worth is the share of blurred and of far ones that do.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from curate.catalogue import Catalogue, stage_record
from curate.catalogue.verdicts import last_words, stored_verdicts
from curate.engines import Engine
from curate.errors import NotReadyError
from curate.files import read_bytes
from curate.fingerprints.degraded import blurred, farther
from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.fingerprints.quality import framing, sharpness_and_contrast
from curate.splits.atom import draw
from curate.splits.protocol import Protocol
from curate.splits.quality_gate import FRAMED, QualityGate, Seen

PUBLISHED_BELOW = 0.01  # about the share of pictures as published that lie below a threshold
BLURS = (1 / 256, 1.5 / 256, 2 / 256, 3 / 256)  # standard deviations, in longer sides
TIMES = (2, 4, 6)  # as far as they were taken
LEAST_PICTURES = 50  # of a modality, from which on a threshold is learnt
CODES = ("small", "blurred", "flat", "far", "reviewer")


class Drawn(NamedTuple):
    """A picture that takes part: where its source lies, and where it lies below."""

    folder: Path
    path: str


def gate_counts(catalogue: Catalogue) -> dict[str, Any]:
    """Count by source and modality which pictures the gate of the last split (or the default one) keeps out of tests, and why.

    Returns:
        `gate`: the thresholds; `rows`: `source, modality, pictures, fail`, and one count for each of `CODES` (a picture may have
        several); `words`: pictures on which a reviewer's word stands, by word.
    """
    gate, words = _gate(catalogue), last_words(stored_verdicts(catalogue))
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for image, source, *seen in catalogue.rows(
        """SELECT p.image_id, p.source_id, p.width, p.height, p.sharpness, p.contrast, p.framing, r.modality, r.shot_type
           FROM pictures p LEFT JOIN records r USING (image_id)"""
    ):
        look = Seen(*seen)._replace(word=words.get(image))
        found, codes = counts[source, look.modality or ""], gate.fails(look)
        found.update(["pictures", *(["fail", *codes.split(",")] if codes else [])])
    if not counts:
        raise NotReadyError("No pictures are in the catalogue.", "Run `curate fingerprint` first.")
    rows = [
        {"source": source, "modality": modality, **{name: found[name] for name in ("pictures", "fail", *CODES)}}
        for (source, modality), found in sorted(counts.items())
    ]
    return {"gate": gate.model_dump(mode="json"), "rows": rows, "words": dict(sorted(Counter(words.values()).items()))}


def calibrate_gate(catalogue: Catalogue, engine: Engine, *, number: int, seed: int) -> dict[str, Any]:
    """Learn the thresholds of sharpness, by modality, and of framing, from a seeded sample of the catalogue's pictures.

    Args:
        catalogue: with fingerprints.
        engine: where the pictures are read.
        number: pictures of each modality, at most.
        seed: of the draw.

    Returns:
        `sharpness`: for each modality with enough pictures `modality, pictures`, and of the threshold that was `learnt` and of
        the gate's `present` one: `threshold, published_below`, and `caught`: rows `strength` (standard deviation in longer sides)
        and `share`; `framing`: the same of clinical pictures that have no kind of shot, or None; `too_few`: other modalities with
        the number of their pictures that can be read.
    """
    folders = {s: Path(f) for s, f in catalogue.rows("SELECT source_id, folder FROM ingests")}
    of_modality: dict[str, list[tuple[str, Drawn, bool]]] = defaultdict(list)
    for image, source, path, modality, shot in catalogue.rows(
        """SELECT p.image_id, p.source_id, p.path, coalesce(r.modality, ''), r.shot_type
           FROM pictures p LEFT JOIN records r USING (image_id)"""
    ):
        of_modality[modality].append((image, Drawn(folders[source], path), shot is None))
    gate = _gate(catalogue)
    told: dict[str, Any] = {"sharpness": [], "framing": None, "too_few": {}}
    for modality, pictures in sorted(of_modality.items()):
        part = sorted(pictures, key=lambda p: draw(seed, "quality", p[0]))[:number]
        found = list(engine.map(_measured, (drawn for _, drawn, _ in part), _ready, ()))
        read = [(measures, without) for measures, (_, _, without) in zip(found, part, strict=True) if measures is not None]
        if len(read) < LEAST_PICTURES:
            told["too_few"][modality] = len(read)
            continue
        sharp = np.array([measures[0] for measures, _ in read])
        present = gate.least_sharpness_for(modality)
        told["sharpness"].append({"modality": modality, **_thresholds(sharp, BLURS, present)})
        framed = [measures[1] for measures, without in read if without]
        if modality == FRAMED and len(framed) >= LEAST_PICTURES:
            told["framing"] = {"modality": modality, **_thresholds(np.array(framed), TIMES, gate.least_framing)}
    return told


def _gate(catalogue: Catalogue) -> QualityGate:
    last = stage_record(catalogue, "split")
    return Protocol.model_validate(last.settings["protocol"]).quality if last else QualityGate()


def _thresholds(values: Any, strengths: Sequence[float], present: float) -> dict[str, Any]:
    """Learn a threshold; say what it and the present one catch. The first column of the values is of the pictures as published."""
    seen, first = np.unique(np.sort(values[:, 0]), return_index=True)
    place = int(np.abs(first / len(values) - PUBLISHED_BELOW).argmin())  # so many lie below the first of a value
    learnt = float(np.floor(seen[place] * 100) / 100)
    if place and learnt <= seen[place - 1]:
        learnt = float(seen[place])

    def caught(threshold: float) -> dict[str, Any]:
        published, *worse = (round(float(share), 4) for share in (values < threshold).mean(axis=0))
        rows = [{"strength": strength, "share": share} for strength, share in zip(strengths, worse, strict=True)]
        return {"threshold": threshold, "published_below": published, "caught": rows}

    return {"pictures": len(values), "learnt": caught(learnt), "present": caught(present)}


def _ready() -> None:
    """Nothing has to be loaded into a worker."""


def _measured(drawn: Drawn) -> tuple[list[float], list[float]] | None:
    """Return sharpness as published and under each blur, and framing as published and from each distance."""
    try:
        rgb = decode(read_bytes(*drawn)).rgb
    except (OSError, UnreadablePictureError):
        return None
    small = rgb.copy()
    small.thumbnail((512, 512))  # to blur 24 megapixels would take seconds, and the measures look at 256 pixels
    sharp = [sharpness_and_contrast(rgb)[0], *(sharpness_and_contrast(blurred(small, share))[0] for share in BLURS)]
    return sharp, [framing(rgb), *(framing(farther(small, times)) for times in TIMES)]
