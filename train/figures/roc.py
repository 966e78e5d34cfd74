"""The ROC figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train.evaluate.metrics import Curve

RED, GREEN = "#c0392b", "#1e8449"  # readers and their mean, as in the paper's figure 3


def draw_roc(
    curves: Mapping[str, Curve], areas: Mapping[str, float], title: str, path: Path, *, readers: Mapping[str, Any] | None = None
) -> None:
    """Draw curves with their areas in the legend, as an SVG whose bytes depend on the numbers alone.

    Args:
        curves: by name.
        areas: by the same names.
        title: above the figure.
        path: of the file.
        readers: `readers`, `mean` and `standard_deviation` of a study: a point for each reader, and their mean with one deviation.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "dermcurate", "font.size": 10}):
        figure, axes = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle="--")
        for name, curve in curves.items():
            axes.plot(curve.false_positive_rate, curve.true_positive_rate, linewidth=1.6, label=f"{name} ({areas[name]:.3f})")
        if readers is not None:
            points = readers["readers"]
            false = [1 - r["specificity"] for r in points]
            axes.scatter(false, [r["sensitivity"] for r in points], s=22, color=RED, zorder=3, label=f"readers ({len(points)})")
            mean, deviation = readers["mean"], readers["standard_deviation"]
            axes.errorbar(
                1 - mean["specificity"],
                mean["sensitivity"],
                xerr=deviation["specificity"],
                yerr=deviation["sensitivity"],
                fmt="D",
                color=GREEN,
                markersize=7,
                capsize=3,
                zorder=4,
                clip_on=False,
                label="mean reader ± 1 s.d.",
            )
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1), title=title, aspect="equal")
        axes.legend(title="AUC", fontsize=8, loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
