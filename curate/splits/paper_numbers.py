"""The numbers that the paper prints (Esteva et al., Nature 542, 115, 2017), and which of them close.

What a manifest holds is set beside what the paper counted; where the paper's own numbers contradict each other, that is said
too, since nobody can reproduce a number that does not add up.
"""

from math import sqrt
from typing import NamedTuple

MALIGNANT, BENIGN = "malignant", "benign"
CLASSES = (MALIGNANT, BENIGN)
FULL = {  # by test: (malignant, benign)
    "epidermal": (450, 257),
    "melanocytic": (58, 167),
    "melanocytic-dermoscopy": (88, 922),
}
DRAWN = 140
SHOWN = {  # what readers saw of those drawn
    "epidermal": (65, 70),
    "melanocytic": (33, 97),
    "melanocytic-dermoscopy": (71, 40),
}
BALANCED = {"balanced-9x20": 20, "balanced-3x60": 60, "balanced-9xk": 76}  # by class
ACCURACIES = (  # of readers, in per cent of 180 images
    ("dermatologist 1, three-way", 65.56, 2),
    ("dermatologist 2, three-way", 66.0, 1),
    ("dermatologist 1, nine-way", 53.3, 1),
    ("dermatologist 2, nine-way", 55.0, 1),
)


class Check(NamedTuple):
    """One sum over printed numbers.

    Attributes:
        check: the sum.
        computed: its result.
        printed: what the paper prints.
        closes: whether both agree.
    """

    check: str
    computed: str
    printed: str
    closes: bool


def checks() -> list[Check]:
    """Return sums over the paper's own numbers, each computed here, with what the paper prints."""
    printed_sums = (
        ("training and validation + tests = images", (127_463, 1_942), 129_450),
        ("the three tests = images with biopsy", (707, 225, 1_010), 1_942),
        ("epidermal test, malignant + benign", FULL["epidermal"], 707),
        ("melanocytic test, malignant + benign", FULL["melanocytic"], 225),
        ("dermoscopy test, malignant + benign", FULL["melanocytic-dermoscopy"], 1_010),
        ("epidermal, shown to readers", SHOWN["epidermal"], 135),
        ("melanocytic, shown to readers", SHOWN["melanocytic"], 130),
        ("dermoscopy, shown to readers", SHOWN["melanocytic-dermoscopy"], 111),
        ("images of the t-SNE figure = epidermal + melanocytic", (707, 225), 932),
        ("confusion matrix of the network, 9 classes of 76", (76,) * 9, 684),
    )
    rows = [
        Check(f"{what}: {_plus(parts)}", f"{sum(parts):,}", f"{printed:,}", sum(parts) == printed)
        for what, parts, printed in printed_sums
    ]
    rows += [_is_share(who, percent, decimals, 180) for who, percent, decimals in ACCURACIES]
    mean = 127_463 / 757
    rows.append(Check("images per training class: 127,463 / 757", f"{mean:.1f}", "slightly less than 1,000", 900 <= mean < 1_000))
    return rows + [_drawn_without_strata(test) for test in FULL]


def _plus(parts: tuple[int, ...]) -> str:
    return f"{len(parts)} x {parts[0]}" if len(parts) > 2 and len(set(parts)) == 1 else " + ".join(f"{n:,}" for n in parts)


def _is_share(who: str, percent: float, decimals: int, images: int) -> Check:
    """Say whether a percentage, as it is rounded, is that of a whole number of images."""
    nearest = round(percent * images / 100)
    share = 100 * nearest / images
    return Check(
        f"{who}: {nearest} of {images} images",
        f"{share:.{decimals}f} %",
        f"{percent:.{decimals}f} %",
        round(share, decimals) == percent,
    )


def _drawn_without_strata(test: str) -> Check:
    """Say whether 140 drawn from all images of a test would hold as many malignant ones as readers saw, within three deviations."""
    malignant, benign = FULL[test]
    total, (shown, shown_benign) = malignant + benign, SHOWN[test]
    expected = DRAWN * malignant / total
    deviation = sqrt(expected * (benign / total) * (total - DRAWN) / (total - 1))
    least, most = shown, min(malignant, DRAWN - shown_benign)  # those removed may have been of either class
    nearest = min(max(expected, least), most)
    return Check(
        f"{test}: malignant of {DRAWN} drawn from {total:,} without strata",
        f"{expected:.1f} ± {deviation:.1f}",
        f"{least} to {most}",
        abs(nearest - expected) <= 3 * deviation,
    )
