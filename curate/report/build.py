"""Building a report: numbers, proof and pictures of a frozen manifest as one HTML page with its rows as CSV beside it."""

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

import curate
from curate.errors import BrokenInvariantError, InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import Manifest, load
from curate.manifest.verify import Proof, verify
from curate.report import drawn_sets, tables
from curate.report.page import style, template
from curate.report.sunburst import HUES, sunburst
from curate.report.thumbnails import Thumbnails

VERSION = 4
LARGEST = 12  # components shown with their pictures
MEMBERS = 12  # pictures shown of each
PAIRS = 6  # pairs shown of each kind of evidence: the strongest and the weakest
EXAMPLES = 8  # findings of one kind shown with pictures
STAMP = "report.json"


def report_folder(manifest: Path) -> Path:
    """Return where a manifest's report goes unless somebody says otherwise: `NAME.report` beside it."""
    return manifest.resolve().parent / f"{manifest.resolve().name}.report"


def build_report(folder: Path, pictures: Pictures, out: Path) -> dict[str, Any]:
    """Write the report of a manifest, in place of an older one.

    Args:
        folder: the manifest.
        pictures: where its pictures lie; what is not known is named in the report and shown without pictures.
        out: a folder that does not exist, is empty, or holds a report.

    Returns:
        `report` (the page), `pictures` shown, `violations`, and `skipped` when the same report is there already.

    Raises:
        InputError: there is no manifest, or `out` holds something else.
        BrokenInvariantError: a file of the manifest cannot be read.
    """
    manifest = load(folder)
    stamp = {
        "report": VERSION,
        "dermcurate": curate.__version__,
        "digest": manifest.digest,
        "pictures_of": sorted(pictures.folders),
    }
    if (out / STAMP).is_file():
        old = json.loads((out / STAMP).read_text(encoding="utf-8"))
        if old.get("stamp") == stamp and (out / "index.html").is_file():
            return {
                "report": str(out / "index.html"),
                "pictures": old["pictures"],
                "violations": old["violations"],
                "skipped": True,
            }
    elif out.exists() and any(out.iterdir()):
        raise InputError(f"{out} holds something else than a report.", "Name another folder with --out.")
    proof = verify(folder, pictures)
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        places = dict(
            zip(
                manifest.images.column("image_id").to_pylist(),
                zip(manifest.images.column("source").to_pylist(), manifest.images.column("path").to_pylist(), strict=True),
                strict=True,
            )
        )
        thumbnails = Thumbnails(partial, pictures, places)
        _write(manifest, proof, thumbnails, partial)
        summary = {"pictures": thumbnails.written, "violations": len(proof.violations)}
        (partial / STAMP).write_text(json.dumps({"stamp": stamp, **summary}, sort_keys=True) + "\n", encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {"report": str(out / "index.html"), **summary, "skipped": False}


def _write(manifest: Manifest, proof: Proof, thumbnails: Thumbnails, folder: Path) -> None:
    images = manifest.images.to_pandas()
    edges = manifest.edges.to_pandas()
    try:
        content = _content(manifest, images, edges)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenInvariantError(
            f"{manifest.folder}: a report cannot be made, a value is missing or of another type ({error}).",
            f"`curate verify {manifest.folder}` lists all that is wrong.",
        ) from error
    content["checks"] = [{"invariant": n, "check": name, "violations": v} for n, name, v in proof.checks]
    for name, rows in content.items():
        _write_csv(folder / f"{name}.csv", rows)
    alone = ~edges.duplicated(["image_a", "image_b"], keep=False)
    labels = {row.image_id: _labels(row.labels) for row in images.itertuples()}
    shown = {
        "largest": [_component(row, images, edges, thumbnails) for row in content["components"][:LARGEST]],
        "pairs": {str(kind): _pairs_of_kind(group, alone, thumbnails) for kind, group in edges.groupby("evidence", sort=True)},
        "finding_groups": _finding_groups(content["findings"], labels, thumbnails),
    }
    page = template("report.html.j2").render(
        manifest=manifest,
        info=manifest.info,
        counts=manifest.info["counts"],
        proof=proof,
        tables=content,
        thumbnails=thumbnails,
        sources_of_pictures=thumbnails.written,
        version=curate.__version__,
        style=Markup(style()),
        bars=_bars(content["component_sizes"]),
        sunburst=Markup(sunburst(manifest.classes, tables.images_by_node(images))),
        legend=[
            {**row, "hue": HUES.get(row["nine_class"], 180)} for row in content["classes"] if row["images"] and row["nine_class"]
        ],
        **shown,
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def _content(manifest: Manifest, images: pd.DataFrame, edges: pd.DataFrame) -> dict[str, tables.Rows]:
    return {
        "sources": tables.sources(manifest, images),
        "folders": tables.folders(manifest),
        "excluded": tables.excluded(images),
        "pinned": tables.pinned(images),
        "classes": tables.classes(manifest, images),
        "taxonomy": tables.taxonomy(manifest, images),
        "training_classes": tables.training_classes(manifest),
        "evidence": tables.evidence(images, edges),
        "source_pairs": tables.source_pairs(images, edges),
        "component_sizes": tables.component_sizes(images),
        "components": tables.components(images, edges),
        "official_splits": tables.official_splits(images),
        "drawn_sets": drawn_sets.drawn_sets(manifest),
        "paper_numbers": drawn_sets.paper_numbers(manifest),
        "findings": tables.findings(manifest),
        "rejected": list(manifest.info["rejected"]),
    }


def _component(row: Mapping[str, Any], images: pd.DataFrame, edges: pd.DataFrame, thumbnails: Thumbnails) -> dict[str, Any]:
    members = images[images.component == row["component"]]
    inside = edges[edges.image_a.isin(set(members.image_id))]
    shown = [
        {
            "image_id": m.image_id,
            "link": thumbnails.link(m.image_id),
            "label": _labels(m.labels),
            "split": m.split,
        }
        for m in members.head(MEMBERS).itertuples()
    ]
    return {**row, "members": shown, "more": len(members) - len(shown), "pairs": _pairs(inside, thumbnails, count=3)}


def _labels(labels: Any) -> str:
    return ", ".join(label["label"] for label in labels)


def _pairs_of_kind(edges: pd.DataFrame, alone: "pd.Series[bool]", thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Return pairs that this evidence alone joins, where there are enough of them: they are the ones to look at."""
    only = edges[alone[edges.index]]
    return _pairs(only if len(only) >= PAIRS else edges, thumbnails)


def _pairs(edges: pd.DataFrame, thumbnails: Thumbnails, count: int = PAIRS) -> list[dict[str, Any]]:
    """Return the weakest pairs and the strongest, half of each where there are more."""
    ordered = edges.sort_values(["score", "image_a", "image_b"], ascending=[True, True, True])
    chosen = ordered if len(ordered) <= count else pd.concat([ordered.head((count + 1) // 2), ordered.tail(count // 2)])
    rows: list[dict[str, Any]] = chosen.to_dict("records")  # type: ignore[assignment]  # the columns are named by strings
    return [
        {
            **{name: row[name] for name in ("image_a", "image_b", "evidence", "score", "basis")},
            "link_a": thumbnails.link(row["image_a"]),
            "link_b": thumbnails.link(row["image_b"]),
        }
        for row in rows
    ]


def _finding_groups(findings: tables.Rows, labels: Mapping[str, str], thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Return the findings by id and severity, so that an error is not lost among warnings of its kind."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        kind = {"id": finding["id"], "severity": finding["severity"]}
        group = groups.setdefault((finding["id"], finding["severity"]), {**kind, "count": 0, "examples": []})
        group["count"] += 1
        if len(group["examples"]) < EXAMPLES:
            ids = finding["images"]
            shown = [i for i in ids if i in labels][:4] if finding["component"] or finding["id"].startswith("label.") else []
            pictures = [{"image_id": i, "label": labels[i], "link": thumbnails.link(i)} for i in shown]
            group["examples"].append({**finding, "pictures": pictures, "more": max(0, len(ids) - len(pictures))})
    return list(groups.values())


def _bars(sizes: tables.Rows) -> list[dict[str, Any]]:
    """Return bars of components by size, sizes above eight together, widths in per cent on a square root scale."""
    merged: dict[str, int] = {}
    for row in sizes:
        size = row["images_in_component"]
        name = str(size) if size <= 8 else "9 or more"
        merged[name] = merged.get(name, 0) + row["components"]
    most = max(merged.values(), default=1)
    return [{"size": name, "components": n, "width": round(100 * (n / most) ** 0.5, 1)} for name, n in merged.items()]


def _write_csv(path: Path, rows: tables.Rows) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: "|".join(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows)
