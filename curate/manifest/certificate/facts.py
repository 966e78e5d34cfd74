"""What a certificate counts, from the frozen tables and `manifest.json` alone; how many of what, and no sentence yet."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import sqrt
from statistics import quantiles
from typing import Any

from curate.manifest.read import Manifest
from curate.manifest.schema import GIVEN, SPLITS, SUMS
from curate.manifest.verify import Proof

Json = dict[str, Any]
Columns = dict[str, list[Any]]
LEVELS = ("image", "lesion", "patient")  # from the finest to the coarsest
EVIDENCE = ("image_id", "lesion", "patient", "declared", "bytes", "pixels", "exif", "hash", "cnn", "local", "verdict")
CANDIDATE = ("exif", "hash", "cnn", "local")
ROLES = ("images", "tables", "side_cars", "rejected", "ignored")
GROUPS = ("sex", "skin_type", "modality", "shot_type", "confirmation", "three_class", "nine_class")
MISSING = ("node_id", "nine_class", "confirmation", "modality", "shot_type", "site", "sex", "age", "skin_type", "licence")
GROWTH = ("kept", "dropped", "quarantined", "added")
COUNTED = (
    *("source", "split", "component", "pinned", "fold", "excluded_reason", "lesion_keys", "patient_keys", "image_keys"),
    *("sha256", "pixel_sha256", "node_id", "nine_class", "three_class", "confirmation", "modality", "site", "sex", "age"),
    *("skin_type", "licence", "shot_type", "tests", "reader_sets"),
)
NORMAL_95 = 1.959963984540054  # two-sided, of the normal distribution


def facts_of(manifest: Manifest, proof: Proof) -> Json:
    """Count what the certificate says. Keys that a manifest of an earlier version lacks have their defaults.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: a value is missing or of another type than the schema says.
    """
    info = manifest.info
    images: Columns = manifest.images.select(COUNTED).to_pydict()
    images["level"] = _level_of_each(info, images)
    return {
        "name": info["name"],
        "version": info.get("version"),
        "extends": _extended(info.get("extends")),
        "growth": {name: info["extends"][name] for name in GROWTH} if info.get("extends") else None,
        "digest": manifest.digest,
        "schema_version": str(info["schema_version"]),
        "software": dict(info["software"]),
        "taxonomy": str(manifest.classes["taxonomy"]["version"]),
        "level": info["level"],
        "seed": info["seed"],
        "protocol": dict(info["protocol"]),
        "policy": info["policy"]["name"],
        "allowed_licences": info["allowed_licences"],
        "checks": _checks(proof),
        "numbers": _numbers(manifest, images, proof),
        "flow": _flow(info, images),
        "levels": _levels(images),
        "evidence": _evidence(info, manifest.edges.select(["image_a", "image_b", "evidence"]).to_pydict()),
        "risk": _risk(info, images, manifest.edges.select(["evidence", "probability"]).to_pydict()),
        "stated_not_checked": [str(reason) for reason in info["not_checked"]],
        "findings": _rows("finding", Counter(f["id"] for f in info["findings"]), "findings"),
        "errors": _rows("finding", Counter(f["id"] for f in info["findings"] if f["severity"] == "error"), "findings"),
        "sources": [
            {key: source[key] for key in ("id", "name", "licence", "citation", "independent", "images", "rows_without_picture")}
            for source in info["sources"]
        ],
        "licences": _rows("licence", Counter(v or "" for v in _given(images, "licence"))),
        "keys_by_split": _keys_by_split(images),
        "test_sources": _test_sources(images),
        "test_sets": _rows("test_set", Counter(name for names in images["tests"] for name in names)),
        "reader_sets": _rows("reader_set", Counter(name for names in images["reader_sets"] for name in names)),
        "pinned": _rows("reason", Counter(code for codes in images["pinned"] if codes for code in codes.split(","))),
        "ages": {split: _ages(images, split) for split in GIVEN},
        "groups": [{"field": field, **row} for field in GROUPS for row in _by_split(images, field)],
        "missing": [{"field": field, "images": sum(1 for v in _given(images, field) if v is None)} for field in MISSING],
    }


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson (1927); (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    share, z = found / of, NORMAL_95
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def _given(images: Columns, field: str, splits: Iterable[str] = GIVEN) -> Iterator[Any]:
    """Yield a field of the images in splits."""
    wanted = set(splits)
    return (value for value, split in zip(images[field], images["split"], strict=True) if split in wanted)


def _rows(name: str, counts: Counter[str], what: str = "images") -> list[Json]:
    return [{name: value, what: n} for value, n in sorted(counts.items())]


def _extended(extends: Any) -> str | None:
    """Return the name of the manifest that this one extends, and its digest where it is given."""
    if isinstance(extends, dict):
        return " ".join(str(extends[key]) for key in ("name", "digest") if extends.get(key)) or None
    return str(extends) if extends else None


def _checks(proof: Proof) -> list[Json]:
    """Return by invariant how many checks found no violation; 0 is the form of the tables."""
    counts = Counter(number for number, _, violations in proof.checks if not violations)
    return [{"invariant": number, "checks": n} for number, n in sorted(counts.items())]


def _numbers(manifest: Manifest, images: Columns, proof: Proof) -> Json:
    """Return over how many things each invariant was checked."""
    split_of = images["split"]
    sizes = Counter(images["component"])
    given = {c for c, split in zip(images["component"], split_of, strict=True) if split in GIVEN}
    tested = {c for c, split in zip(images["component"], split_of, strict=True) if split == "test"}
    pinned = [c for c, codes in zip(images["component"], images["pinned"], strict=True) if codes]
    split_by_id = dict(zip(manifest.images.column("image_id").to_pylist(), split_of, strict=True))
    edges = list(zip(*(manifest.edges.column(end).to_pylist() for end in ("image_a", "image_b")), strict=True))
    named = sum(1 for line in (manifest.folder / SUMS).read_text(encoding="utf-8").splitlines() if line)
    return {
        "images": len(split_of),
        "in_splits": sum(1 for split in split_of if split in GIVEN),
        **{split: sum(1 for s in split_of if s == split) for split in SPLITS},
        "components": len(sizes),
        "components_of_several": sum(1 for n in sizes.values() if n > 1),
        "images_in_components_of_several": sum(n for n in sizes.values() if n > 1),
        "largest_component": max(sizes.values(), default=0),
        "components_in_splits": len(given),
        "components_with_a_test_image": len(tested),
        "folds": len({fold for fold in images["fold"] if fold is not None}),
        "images_in_folds": sum(1 for fold in images["fold"] if fold is not None),
        "edges": manifest.edges.num_rows,
        "pairs": len(set(edges)),
        "edges_in_splits": sum(1 for a, b in edges if "excluded" not in (split_by_id[a], split_by_id[b])),
        **{f"{kind}_keys": len({k for keys in _given(images, f"{kind}_keys") for k in keys}) for kind in LEVELS},
        "byte_digests": len(set(_given(images, "sha256"))),
        "pixel_digests": len(set(_given(images, "pixel_sha256"))),
        "images_pinned": len(pinned),
        "components_pinned": len(set(pinned)),
        "overlaps_test": sum(1 for reason in images["excluded_reason"] if reason == "overlaps_test"),
        "training_classes": len(manifest.classes["training_classes"]),
        "max_class_size": manifest.classes["partition"]["max_class_size"],
        "without_nine_class": sum(1 for nine in _given(images, "nine_class") if nine is None),
        "files": named,
        "pictures_read": proof.pictures_checked,
    }


def _flow(info: Json, images: Columns) -> Json:
    """Return how the files seen became the images of the splits, and what was left out for which reason."""
    totals = {role: sum(folder[role] for source in info["sources"] for folder in source["folders"]) for role in ("files", *ROLES)}
    return {
        **totals,
        "rejected_by_reason": _rows("reason", Counter(str(r["reason"]).split(":")[0] for r in info["rejected"]), "files"),
        "excluded": _rows("reason", Counter(reason for reason in images["excluded_reason"] if reason is not None)),
        "splits": {split: sum(1 for s in images["split"] if s == split) for split in SPLITS},
        "rows_without_picture": sum(source["rows_without_picture"] for source in info["sources"]),
    }


def _level_of_each(info: Json, images: Columns) -> list[str]:
    """Return the level at which each image is kept apart.

    That is `patient` where it carries a patient key and the manifest uses that level, else `lesion` where it carries a lesion key,
    else `image`: by image keys, digests and candidate evidence alone. Keys count whichever source's record gave them.
    """
    whole = LEVELS.index(info["level"])
    return [
        "patient" if patient and whole == 2 else "lesion" if lesion and whole >= 1 else "image"
        for lesion, patient in zip(images["lesion_keys"], images["patient_keys"], strict=True)
    ]


def _levels(images: Columns) -> list[Json]:
    """Return, by source with images in splits, its coarsest level, and how many images are kept apart at which."""
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for source, split, level in zip(images["source"], images["split"], images["level"], strict=True):
        if split in GIVEN:
            held[source][level] += 1
    return [
        {
            "source": source,
            "level": next(level for level in reversed(LEVELS) if counts[level]),
            "images": counts.total(),
            **{f"at_{level}": counts[level] for level in LEVELS},
        }
        for source, counts in sorted(held.items())
    ]


def _evidence(info: Json, edges: Columns) -> list[Json]:
    """Return by kind of evidence: edges, pairs that nothing else joins, pairs compared where that is known, and whether it ran."""
    asked = set(info["policy"]["evidence"])
    not_run = dict(
        reason.split(": ", 1) for reason in info["not_checked"] if ": " in reason and reason.split(": ", 1)[0] in EVIDENCE
    )
    edges_of = Counter(edges["evidence"])
    pairs = list(zip(edges["image_a"], edges["image_b"], strict=True))
    joined = Counter(pairs)
    alone = Counter(kind for pair, kind in zip(pairs, edges["evidence"], strict=True) if joined[pair] == 1)
    rows = []
    for kind in EVIDENCE:
        if kind in not_run:
            state = "not run"
        elif kind in asked or edges_of[kind]:
            state = "ran"
        else:
            state = "none" if kind == "verdict" else "not asked"
        rows.append(
            {
                "evidence": kind,
                "state": state,
                "why": not_run.get(kind, ""),
                "edges": edges_of[kind],
                "only_evidence": alone[kind],
                "pairs_compared": (info.get("pairs_compared") or {}).get(kind),
            }
        )
    return rows


def _risk(info: Json, images: Columns, edges: Columns) -> Json:
    """Return what is known of missed pairs and of false edges, and how many images it concerns."""
    calibration = info["calibration"] or {"recall_of_known": {}, "learnt_on": None, "sha256": None}
    keys = [*_given(images, "lesion_keys"), *(_given(images, "patient_keys") if info["level"] == "patient" else [])]
    modality = Counter(name or "" for name in _given(images, "modality"))
    models = [
        {"modality": name, "images": modality[name], **_missed(share, (calibration.get("known_pairs") or {}).get(name))}
        for name, share in sorted(calibration["recall_of_known"].items())
    ]
    candidate = [p for kind, p in zip(edges["evidence"], edges["probability"], strict=True) if kind in CANDIDATE]
    calibrated = [p for p in candidate if p is not None]
    return {
        "learnt_on": calibration["learnt_on"],
        "calibration_sha256": calibration["sha256"],
        "model_of_others": calibration.get("model_of_others"),
        "models": models,
        "images_without_key": sum(1 for level in _given(images, "level") if level == "image"),
        "images_without_patient": sum(1 for level in _given(images, "level") if level != "patient"),
        "images_of_other_modality": modality.total() - sum(model["images"] for model in models),
        "id_spaces": len({key.partition(":")[0] for held in keys for key in held}),
        "candidate_edges": len(candidate),
        "calibrated_edges": len(calibrated),
        "expected_false_edges": round(sum(1 - p for p in calibrated), 2),
    }


def _missed(recall: float, pairs: Json | None) -> Json:
    """Return the share of known pairs that were missed, with its interval where it is known how many pairs were known."""
    if not 0 <= recall <= 1:
        raise ValueError(f"recall_of_known is {recall}")
    if not pairs or not pairs["known"]:
        return {"known": None, "found": None, "missed": 1 - recall, "missed_from": None, "missed_to": None}
    low, high = wilson(pairs["found"], pairs["known"])
    return {**pairs, "missed": 1 - pairs["found"] / pairs["known"], "missed_from": 1 - high, "missed_to": 1 - low}


def _keys_by_split(images: Columns) -> Json:
    """Return by split how many lesion and patient keys its images carry."""
    return {
        split: {f"{kind}_keys": len({k for keys in _given(images, f"{kind}_keys", [split]) for k in keys}) for kind in LEVELS[1:]}
        for split in GIVEN
    }


def _test_sources(images: Columns) -> list[Json]:
    """Return the sources of the test images, and whether train or validation holds images of the same source."""
    counts = Counter(_given(images, "source", ["test"]))
    seen = set(_given(images, "source", ["train", "validation"]))
    return [{"source": source, "images": n, "also_trained_on": source in seen} for source, n in sorted(counts.items())]


def _ages(images: Columns, split: str) -> Json:
    """Return how many ages are known, and their quartiles."""
    ages = sorted(age for age in _given(images, "age", [split]) if age is not None)
    cut = quantiles(ages, n=4, method="inclusive") if len(ages) > 1 else ages * 3
    names = ("lower_quartile", "median", "upper_quartile")
    return {"known": len(ages), **(dict(zip(names, cut, strict=True)) if ages else dict.fromkeys(names))}


def _by_split(images: Columns, field: str) -> list[Json]:
    """Return the values of a field with their images by split; unknown is a value."""
    counts = Counter(zip((v or "" for v in images[field]), images["split"], strict=True))
    values = sorted({value for value, split in counts if split in GIVEN}, key=lambda value: (not value, value))
    return [{"value": value, **{split: counts[value, split] for split in GIVEN}} for value in values]
