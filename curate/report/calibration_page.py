"""The page of a calibration: precision and recall, reliability, and how components grow as the threshold falls."""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from curate.graph.calibration import Calibration, Model
from curate.report.page import style, template

WIDTH, HEIGHT, EDGE = 320, 240, 36  # of a figure, and of the room for its scales, in pixels


def write_calibration_page(calibration: Calibration, path: Path) -> None:
    """Write one HTML file without external parts."""
    import curate

    models = [{"name": name, "model": model, **_curves(model)} for name, model in sorted(calibration.models.items())]
    most = max((row["largest"] for row in calibration.components), default=1)
    sizes = [(row["threshold"], row["largest"] / most, f"{row['largest']:g} images") for row in calibration.components]
    figure = _figure(sizes, "threshold", f"largest, of {most:g}")
    page = template("calibration.html.j2").render(
        calibration=calibration, models=models, sizes=Markup(figure), style=Markup(style()), version=curate.__version__
    )
    path.write_text(page, encoding="utf-8")


def _curves(model: Model) -> dict[str, Markup]:
    curve = [(row["recall"], row["precision"], f"from {row['threshold']:g}") for row in model.curve]
    reliability = [(row["mean"], row["share"], f"{row['pairs']:g} pairs") for row in model.reliability]
    return {
        "curve": Markup(_figure(curve, "recall", "precision")),
        "reliability": Markup(_figure(reliability, "mean probability", "share right", True)),
    }


def _figure(points: list[tuple[float, float, str]], across: str, up: str, diagonal: bool = False) -> str:
    """Return a line through points of the unit square as SVG; each point says its words when pointed at."""

    def place(x: float, y: float) -> tuple[float, float]:
        return round(EDGE + x * (WIDTH - EDGE - 8), 1), round(HEIGHT - EDGE - y * (HEIGHT - EDGE - 8), 1)

    parts: list[Any] = [
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{up} against {across}">',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x0, y), (x1, _) = place(0, tick), place(1, tick)
        (x, y0), (_, y1) = place(tick, 0), place(tick, 1)
        parts.append(f'<path class="grid" d="M{x0} {y}H{x1}M{x} {y0}V{y1}"/>')
        parts.append(f'<text x="{x0 - 4}" y="{y + 3}" text-anchor="end">{tick:g}</text>')
        parts.append(f'<text x="{x}" y="{y0 + 12}" text-anchor="middle">{tick:g}</text>')
    if diagonal:
        (x0, y0), (x1, y1) = place(0, 0), place(1, 1)
        parts.append(f'<path class="even" d="M{x0} {y0}L{x1} {y1}"/>')
    placed = [(*place(x, y), f"{words}: {across} {x:.3f}, {up} {y:.3f}") for x, y, words in points]
    parts.append(f'<path class="way" d="M{"L".join(f"{x} {y}" for x, y, _ in placed)}"/>' if placed else "")
    parts += [f'<circle cx="{x}" cy="{y}" r="3.5"><title>{words}</title></circle>' for x, y, words in placed]
    x, y = place(0.5, 0)
    parts.append(f'<text x="{x}" y="{y + 28}" text-anchor="middle">{across}</text>')
    parts.append(f'<text transform="translate(10 {HEIGHT / 2 - 10}) rotate(-90)" text-anchor="middle">{up}</text></svg>')
    return "".join(parts)
