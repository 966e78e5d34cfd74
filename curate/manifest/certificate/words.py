"""The plain words of codes, and numbers in words."""

from collections.abc import Mapping
from typing import Any

EVIDENCE_WORDS = {
    "image_id": "one image id",
    "lesion": "one lesion id",
    "patient": "one patient id",
    "declared": "named as one by the publisher",
    "bytes": "the same bytes",
    "pixels": "the same pixels",
    "exif": "one camera within a short time",
    "hash": "alike by perceptual hash, in eight orientations",
    "cnn": "alike by CNN features",
    "local": "one skin by local features",
    "verdict": "a reviewer says the same",
}
LEVEL_WORDS = {"patient": "patient", "lesion": "lesion", "image": "image and pixels"}
EXCLUDED_WORDS = {
    "no_label": "no label of their own",
    "label_unmapped": "a label that has no place in the taxonomy yet",
    "labels_of_several_roots": "labels of several roots of the taxonomy",
    "label_without_node": "a label that names no disease",
    "overlaps_test": "overlap with a test image (one component) without being fit for the test",
    "overlaps_validation": "overlap with a validation image (one component) without being fit for validation",
    "quarantined": "set aside, since they would tie what an earlier manifest keeps apart",
    "merged_with_test": "found to be of one component with a test image of an earlier manifest",
    "merged_with_validation": "found to be of one component with a validation image of an earlier manifest",
    "merged_with_fold": "found to be of one component with images of another fold of an earlier manifest",
    "label_lost": "a label that was withdrawn since an earlier manifest",
    "quality_lost": "a quality gate that they no longer pass",
    "confirmation_lost": "a confirmation that was withdrawn since an earlier manifest",
    "label_conflict_in_test": "labels of one lesion in a test that exclude each other since an earlier manifest",
}
PINNED_WORDS = {
    "label_conflict": "labels of one lesion that exclude each other",
    "over_budget": "a component above its size budget",
    "weak_bridge": "a component that a single weak edge holds together",
    "quality": "a picture that fails the quality gate",
}
ASSIGNMENT_WORDS = {
    "random": "at random",
    "stratified": "so that disease class, source, modality and skin type are in proportion",
    "hashed": "by a keyed hash of their own images",
    "majority": "image by image at random, each component then going whole to the side that held most of its images",
}
PROTOCOL_WORDS = {  # {how}: of `ASSIGNMENT_WORDS`
    "holdout": "test and validation components were drawn {how}",
    "paper": (
        "test components were drawn {how} among those that hold an image of a source declared independent and confirmed by "
        "histopathology; whatever else such a component holds was excluded"
    ),
    "kfold": "no test was drawn, and components were dealt over the folds {how}",
    "official": "the publishers' own partition was adopted, and what of it was not sound was excluded",
}


def thresholds(gate: Mapping[str, Any]) -> str:
    """Return in words what a quality gate asks of a picture; gates of schema 1.0 ask for less."""
    own = gate.get("least_sharpness_of", {})
    sharp = [f"{least:g} ({modality})" for modality, least in sorted(own.items())]
    sharp.append(f"{gate['least_sharpness']:g}" + (" (others)" if own else ""))
    parts = [
        f"shorter side at least {gate['least_side']} pixels",
        f"sharpness at least {all_of(sharp)}",
        f"contrast at least {gate['least_contrast']:g}",
    ]
    if far := gate.get("far_shots"):
        parts.append(f"no shot that its publisher calls {' or '.join(shot.replace('_', ' ') for shot in far)}")
    if least := gate.get("least_framing"):
        parts.append(f"what stands out at least {least:g} of the longer side, in clinical pictures without a kind of shot")
    return ", ".join(parts) + ("; a reviewer's word before all" if "far_shots" in gate else "")


def reason_words(codes: str) -> str:
    """Return in words why images were excluded; a reason may join several codes by commas."""
    known = EXCLUDED_WORDS | PINNED_WORDS
    return " and ".join(known.get(code, code) for code in codes.split(","))


def number(n: int) -> str:
    """Return a whole number with separators."""
    return f"{n:,}"


def several(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def percent(part: int, whole: int) -> str:
    """Return a share in per cent with one decimal; that of nothing has none."""
    return f"{100 * part / whole:.1f} %" if whole else "no share"


def rounded(amount: float) -> str:
    """Return an expected number with one decimal, and one that would be 0.0 as less than that."""
    return f"{amount:.1f}" if amount >= 0.05 or amount == 0 else "less than 0.1"


def all_of(parts: list[str]) -> str:
    """Return parts of a sentence as one enumeration."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
