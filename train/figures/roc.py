"""The ROC figure."""

from collections.abc import Mapping
from pathlib import Path

from train.evaluate.metrics import Curve


def draw_roc(curves: Mapping[str, Curve], areas: Mapping[str, float], title: str, path: Path) -> None:
    """Draw curves with their areas in the legend, as an SVG whose bytes depend on the numbers alone."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "dermcurate", "font.size": 10}):
        figure, axes = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle="--")
        for name, curve in curves.items():
            axes.plot(curve.false_positive_rate, curve.true_positive_rate, linewidth=1.6, label=f"{name} ({areas[name]:.3f})")
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1), title=title, aspect="equal")
        axes.legend(title="AUC", fontsize=8, loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
