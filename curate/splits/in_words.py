"""A split's summary in lines for people."""

from typing import Any

SHOWN = 12  # strata

Summary = dict[str, Any]


def summary_lines(summary: Summary) -> list[str]:
    """Return what the counts of a split do not say: levels, proportions, and the audit of the publishers' own splits."""
    lines = ["", "level of each source, and its images that have such a key"]
    for source, found in summary["levels"].items():
        keyed = ", ".join(f"{name} {found[name]}" for name in ("patient", "lesion", "image"))
        lines.append(f"{found['level']:>8} {source}: {keyed} of {found['images']}")
    if summary["strata"]:
        lines += _strata_lines(summary["strata"])
    if summary["official"]:
        lines += _official_lines(summary["official"])
    return lines


def _strata_lines(strata: Summary) -> list[str]:
    lines = []
    for what in ("splits", "folds"):
        if found := strata.get(what):
            lines += [
                "",
                f"proportions in the {what}: the largest deviation is {found['largest']:.1%}, the tolerance "
                f"{strata['tolerance']:.1%}; {found['off']} strata are off, {found['too_few']} have too few components",
            ]
            lines += [
                f"{row['deviation']:>8.1%} {row['stratum']} ({row['images']} images): {row['share']:.1%} in {row['in']}, "
                f"wanted {row['wanted']:.1%}"
                for row in [row for row in found["strata"] if not row["too_few"]][:SHOWN]
            ]
    return lines


def _official_lines(official: Summary) -> list[str]:
    lines = [
        "",
        f"adopted: the split of {', '.join(official['adopted'])}; it parts {official['components']} components with "
        f"{official['images']} images" + (", by" if official["straddling"] else ""),
    ]
    lines += [
        f"{row['groups']:>8} {row['evidence']} of {row['source']}: {row['images']} images in {row['components']} components"
        for row in official["straddling"]
    ]
    if official["train_unpublished"]:
        lines.append("trained on, though no adopted split speaks of them:")
        lines += [f"{images:>8} {source}" for source, images in official["train_unpublished"].items()]
    return lines
