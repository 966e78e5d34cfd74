"""Invariant 3, checked from the frozen tables: what stands in a test or validation set is fit for it."""

from collections.abc import Iterator
from math import inf

from curate.manifest.folder import minor_of
from curate.manifest.frozen import Frozen, Json

HELD_OUT = ("validation", "test")
BEFORE_1_1: Json = {"least_sharpness_of": {}, "far_shots": [], "least_framing": 0.0}  # thresholds that schema 1.0 did not have
SEEN = ("width", "height", "sharpness", "contrast", "framing", "modality", "shot_type", "quality_word")
WORDS = (None, "fit", "unfit")
FRAMED = "clinical"  # the modality whose pictures without a kind of shot have a measured framing


def gate_is_one(frozen: Frozen) -> Iterator[str]:
    """0: the quality gate has all its thresholds, and each is a number (below what is none lies no measure)."""
    gate = frozen.info["protocol"]["quality"]
    if minor_of(frozen.info):
        yield from (f"manifest.json: the quality gate lacks {name}" for name in BEFORE_1_1 if name not in gate)
    gate, named = BEFORE_1_1 | gate, ("least_side", "least_sharpness", "least_contrast", "least_framing")
    of = {f"least_sharpness_of {modality}": least for modality, least in gate["least_sharpness_of"].items()}
    for name, least in ({name: gate[name] for name in named} | of).items():
        if type(least) not in (int, float) or not -inf < least < inf:
            yield f"manifest.json: {name} of the quality gate is {least!r}, no number"
    if not isinstance(gate["far_shots"], list) or not all(isinstance(shot, str) for shot in gate["far_shots"]):
        yield "manifest.json: far_shots of the quality gate is no list of words"


def held_out_is_fit(frozen: Frozen) -> Iterator[str]:
    """3: every test image is independent, confirmed and of quality, as the protocol asks; validation passes the gate too."""
    requires = frozen.info["protocol"]["test_requires"]
    gate = BEFORE_1_1 | frozen.info["protocol"]["quality"]
    independent = set(frozen.info["protocol"]["independent"])
    columns = ("image_id", "source", "split", "quality_fail", "independent", "confirmation")
    for image, source, split, fails, is_independent, confirmation, *seen in frozen.images.each(*columns, *SEEN):
        codes = _fails(gate, *seen)
        if (fails or "") != codes:
            yield f"{image}: quality_fail is {fails!r}, its measures say {codes or None!r}"
        if gate["least_framing"] > 0 and (seen[4], seen[5], seen[6]) == (None, FRAMED, None):
            yield f"{image}: {FRAMED}, of no kind of shot, and its framing is not given"
        if seen[-1] not in WORDS:
            yield f"{image}: quality_word is {seen[-1]!r}, and no word that a reviewer may say"
        if is_independent != (source in independent):
            yield f"{image}: independent does not fit the protocol's list"
        if requires["quality"] and split in HELD_OUT and codes:
            yield f"{image}: in {split}, and fails the quality gate ({codes})"
        if split == "test":
            if requires["independent"] and not is_independent:
                yield f"{image}: in test, and its source is not independent"
            if requires["confirmed"] and confirmation != "histopathology":
                yield f"{image}: in test, and not confirmed by histopathology"


def _fails(
    gate: Json,
    width: int,
    height: int,
    sharpness: float,
    contrast: float,
    framing: float | None,
    modality: str | None,
    shot_type: str | None,
    word: str | None,
) -> str:
    """Return why a picture fails the gate, codes joined by commas."""
    if word is not None:
        return "" if word == "fit" else "reviewer"
    codes = []
    if min(width, height) < gate["least_side"]:
        codes.append("small")
    if sharpness < gate["least_sharpness_of"].get(modality, gate["least_sharpness"]):
        codes.append("blurred")
    if contrast < gate["least_contrast"]:
        codes.append("flat")
    if shot_type in gate["far_shots"] or (framing is not None and framing < gate["least_framing"]):
        codes.append("far")
    return ",".join(codes)
