"""Paragraphs that an author pastes, each filled from the manifest; what it cannot know is left as `[author: …]`.

The items are those of CLAIM 2024 (doi 10.1148/ryai.240300) and TRIPOD+AI (doi 10.1136/bmj-2023-078378), named by number and topic;
the words are ours. `validation` is what CLAIM calls tuning, and is said so.
"""

from typing import Any

from curate.manifest.certificate.statements import level_words
from curate.manifest.certificate.words import (
    ASSIGNMENT_WORDS,
    PINNED_WORDS,
    PROTOCOL_WORDS,
    all_of,
    number,
    percent,
    reason_words,
    several,
    thresholds,
)
from curate.manifest.schema import GIVEN

Json = dict[str, Any]
CLAIM, TRIPOD = "CLAIM 2024", "TRIPOD+AI"
FIELD_WORDS = {
    "node_id": "disease",
    "nine_class": "one of the nine classes",
    "confirmation": "kind of confirmation",
    "shot_type": "shot type",
    "site": "body site",
    "skin_type": "skin type",
    "three_class": "three-class",
}


def paragraphs(facts: Json) -> list[Json]:
    """Return the paragraphs in the order of the items: `guideline`, `item`, `topic`, `text`."""
    texts = (
        (CLAIM, "7", "data sources", _sources(facts)),
        (CLAIM, "8", "inclusion and exclusion", _exclusion(facts)),
        (CLAIM, "9", "pre-processing", _preprocessing(facts)),
        (CLAIM, "10", "selection of data subsets", _subsets(facts)),
        (CLAIM, "11", "de-identification", _deidentification(facts)),
        (CLAIM, "12", "missing data", _missing(facts)),
        (CLAIM, "19", "how data were assigned to partitions", _assignment(facts)),
        (CLAIM, "20", "level at which partitions are disjoint", _disjoint(facts)),
        (CLAIM, "35", "numbers included and excluded", _numbers(facts)),
        (CLAIM, "36", "demographics in each partition", _demographics(facts)),
        (TRIPOD, "12a", "how the data were used and partitioned", _used(facts)),
        ("Statement", "", "data availability", _availability(facts)),
    )
    return [{"guideline": guideline, "item": item, "topic": topic, "text": text} for guideline, item, topic, text in texts]


def _sources(facts: Json) -> str:
    listed = "; ".join(
        f"{s['name']} ({several(s['images'], 'image')}, licence {s['licence'] or 'not stated'}"
        + (f"; {s['citation'].rstrip('.')})" if s["citation"] else ")")
        for s in facts["sources"]
    )
    return (
        f"The images come from {several(len(facts['sources']), 'source')}: {listed}. "
        "[author: places and dates of collection, version and date of download of each source, prospective or retrospective] "
        "[author: ethics approval and consent]"
    )


def _exclusion(facts: Json) -> str:
    flow = facts["flow"]
    reasons = "; ".join(f"{r['reason']} ({number(r['files'])})" for r in flow["rejected_by_reason"])
    rows = flow["rows_without_picture"]
    return (
        f"Every picture of the sources that could be read was taken in; of {several(flow['files'], 'file')}, "
        f"{number(flow['rejected'])} could not{f': {reasons}' if reasons else ''}. {_excluded(facts)}"
        + (f" {several(rows, 'row')} of the sources' tables without a picture gave their ids alone." if rows else "")
        + " [author: eligibility of patients and lesions at the sources, and why these sources]"
    )


def _excluded(facts: Json) -> str:
    flow = facts["flow"]
    reasons = "; ".join(f"{reason_words(r['reason'])} ({number(r['images'])})" for r in flow["excluded"])
    images, excluded = several(flow["images"], "image"), number(flow["splits"]["excluded"])
    return f"Of {images}, {excluded} were excluded{f': {reasons}' if reasons else ''}."


def _preprocessing(facts: Json) -> str:
    classes = several(facts["numbers"]["training_classes"], "training class", "training classes")
    return (
        "The curation changed no picture: the manifest names each file as it was taken in by the SHA-256 of its bytes. "
        f"The sources' labels were mapped to one taxonomy of diseases (version {facts['taxonomy']}), cut into {classes}. "
        "[author: what was done to the pictures before curation and for the model: resizing, cropping, colour, augmentation]"
    )


def _subsets(facts: Json) -> str:
    requires, gate = facts["protocol"]["test_requires"], facts["protocol"]["quality"]
    parts = ["Whole images were used, no regions of them."]
    if requires["quality"]:
        parts.append(
            f"Images that fail a quality gate (as dermcurate measures them: {thresholds(gate)}) were kept out of the validation "
            "and test partitions."
        )
    words = {"independent": "of a source declared independent", "confirmed": "confirmed by histopathology"}
    if asked := [words[key] for key in words if requires[key]]:
        parts.append(f"Test images had to be {all_of(asked)}.")
    if facts["pinned"]:
        kept = "; ".join(f"{PINNED_WORDS.get(p['reason'], p['reason'])} ({number(p['images'])})" for p in facts["pinned"])
        parts.append(f"Images were kept in train, with all that was linked to them, because of {kept}.")
    for key, name, title in (("test_sets", "test_set", "Test sets"), ("reader_sets", "reader_set", "Reader sets")):
        if facts[key]:
            parts.append(f"{title}: " + "; ".join(f"{row[name]} ({number(row['images'])})" for row in facts[key]) + ".")
    return " ".join(parts)


def _deidentification(facts: Json) -> str:
    n = facts["numbers"]
    return (
        "The manifest holds no picture. Of persons, its images in partitions carry "
        f"{several(n['patient_keys'], 'patient key')} and {several(n['lesion_keys'], 'lesion key')}, and age, sex, skin type and "
        "body site where a source gives them. "
        "[author: how and by whom pictures and ids were de-identified, with metadata, faces, tattoos and text in the pictures]"
    )


def _missing(facts: Json) -> str:
    total = facts["numbers"]["in_splits"]
    fields = [(FIELD_WORDS.get(m["field"], m["field"]), m["images"]) for m in facts["missing"]]
    unknown = "; ".join(f"{field} {number(n)} ({percent(n, total)})" for field, n in fields if n)
    known = ", ".join(field for field, n in fields if not n)
    return (
        f"Of {several(total, 'image')} in partitions, unknown were: {unknown or 'none of the fields that the manifest holds'}."
        + (f" Known for all were: {known}." if unknown and known else "")
        + " The curation imputed nothing; what is unknown is kept as unknown. [author: missing values in the analysis]"
    )


def _assignment(facts: Json) -> str:
    protocol, n = facts["protocol"], facts["numbers"]
    drawn_how = ASSIGNMENT_WORDS.get(protocol.get("assignment", "random"), "by a rule of a later version")
    how = PROTOCOL_WORDS.get(protocol["name"], "components were assigned").format(how=drawn_how)
    if facts["extends"]:
        how = f"images of the earlier manifest {facts['extends']} kept their partition; among new images {how}"
    drawn = protocol["name"] in ("holdout", "paper")
    asked = f", asking for {100 * protocol['test']:g} % test and {100 * protocol['validation']:g} % validation" if drawn else ""
    folds = f" Train and validation were also dealt over {n['folds']} folds, whole components again." if n["folds"] else ""
    return (
        f"Two images were linked where {_by_what(facts)}; each of the {several(n['components'], 'connected component')} of these "
        f"links was assigned as a whole. By the protocol `{protocol['name']}` (dermcurate {facts['software']['dermcurate']}, seed "
        f"{facts['seed']}{asked}), {how}. The partitions hold {several(n['train'], 'image')} (train), {number(n['validation'])} "
        f"(validation, used for tuning) and {number(n['test'])} (test).{folds} They were checked again from the frozen files by "
        "code that shares nothing with the code that made them."
    )


def _by_what(facts: Json) -> str:
    ran = {row["evidence"] for row in facts["evidence"] if row["state"] == "ran"}
    ids = [word for kind, word in (("image_id", "image"), ("lesion", "lesion"), ("patient", "patient")) if kind in ran]
    told = {
        "their publisher declares them as one": {"declared"},
        "their bytes or pixels are the same": {"bytes", "pixels"},
        "one camera took them within a short time": {"exif"},
        "their perceptual hashes are near": {"hash"},
        "their CNN features are near": {"cnn"},
        "local features show one skin": {"local"},
        "a reviewer judged them the same": {"verdict"},
    }
    words = [*([f"they share an id ({', '.join(ids)})"] if ids else []), *(words for words, kinds in told.items() if kinds & ran)]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words) or "nothing told them apart"


def _disjoint(facts: Json) -> str:
    total = facts["numbers"]["in_splits"]
    by_level = {level: sum(row[f"at_{level}"] for row in facts["levels"]) for level in ("patient", "lesion", "image")}
    names = {
        "patient": "by patient, as far as their patient ids tell",
        "lesion": "by lesion, as far as their lesion ids tell (no patient id in use)",
        "image": "by image: no link between two partitions was found for them by the evidence named under item 19",
    }
    told = "; ".join(
        f"{number(by_level[level])} ({percent(by_level[level], total)}) {words}"
        for level, words in names.items()
        if by_level[level]
    )
    below = by_level["lesion"] + by_level["image"]
    return (
        f"Of {several(total, 'image')}, the partitions keep apart {told}. By source: "
        + " ".join(f"{row['source']}, {row['statement']}" for row in level_words(facts))
        + (f" {_residual(facts)}" if by_level["image"] else "")
        + (f" [author: justify the use of {several(below, 'image')} whose patient is not known]" if below else "")
    )


def _residual(facts: Json) -> str:
    models = facts["risk"]["models"]
    if not models:
        return "The share of pairs of one lesion that are missed among images without ids is not known."
    shares = " and ".join(
        f"{100 * m['missed']:.1f} % of {m['modality']} pairs"
        + (f" (95 % interval {100 * m['missed_from']:.1f} to {100 * m['missed_to']:.1f} %)" if m["known"] else "")
        for m in models
    )
    return (
        f"With ids ignored, this evidence missed {shares} known to show one lesion where its probabilities were learnt "
        f"({facts['risk']['learnt_on']}), which is another population than ours."
    )


def _numbers(facts: Json) -> str:
    flow, n = facts["flow"], facts["numbers"]
    return (
        f"Of {several(flow['files'], 'file')} seen, {number(flow['images'])} were images, "
        f"{number(flow['tables'] + flow['side_cars'])} tables and side-cars, {number(flow['rejected'])} rejected and "
        f"{number(flow['ignored'])} ignored. {_excluded(facts)} The remaining {number(n['in_splits'])} were used: "
        f"{number(n['train'])} for training, {number(n['validation'])} for tuning (validation) "
        f"and {number(n['test'])} for testing. "
        "[author: numbers of patients and lesions, where the sources give them for all images]"
    )


def _demographics(facts: Json) -> str:
    return " ".join(
        [
            "Counted by image (the table by partition has all values):",
            *(_group(facts, split) for split in GIVEN if facts["numbers"][split]),
            "[author: demographics by patient, where the sources give them]",
        ]
    )


def _group(facts: Json, split: str) -> str:
    total, ages, keys = facts["numbers"][split], facts["ages"][split], facts["keys_by_split"][split]
    age = "age unknown"
    if ages["known"]:
        quartiles = f"quartiles {ages['lower_quartile']:.3g} and {ages['upper_quartile']:.3g}"
        age = f"median age {ages['median']:.3g} ({quartiles}; known for {number(ages['known'])})"
    shares = []
    for field in ("sex", "skin_type", "modality"):
        rows = [row for row in facts["groups"] if row["field"] == field and row[split]]
        values = ", ".join(f"{row['value'] or 'unknown'} {number(row[split])} ({percent(row[split], total)})" for row in rows)
        shares.append(f"{FIELD_WORDS.get(field, field)} {values}")
    return (
        f"{split}, {several(total, 'image')} with {several(keys['patient_keys'], 'patient key')} and "
        f"{several(keys['lesion_keys'], 'lesion key')}, {age}, {'; '.join(shares)}."
    )


def _used(facts: Json) -> str:
    n = facts["numbers"]
    inside = sum(row["images"] for row in facts["test_sources"] if row["also_trained_on"])
    if not n["test"]:
        kind = "No image was set aside for testing."
    elif not inside:
        kind = (
            "No source of the test partition gave an image to train or tune on. "
            "[author: whether testing is external: sources may be of one institution]"
        )
    else:
        kind = (
            f"{number(inside)} of {several(n['test'], 'test image')} are of sources that also gave images to train or tune on; "
            "for these, testing is internal."
        )
    shares = {split: f"{number(n[split])} ({percent(n[split], n['in_splits'])})" for split in GIVEN}
    return (
        f"The data were partitioned into {shares['train']} images to train, {shares['validation']} to tune and {shares['test']} to "
        f"test, by whole components of linked images (seed {facts['seed']}; item 19 of CLAIM says how). {kind} "
        "[author: that partitioning came before any fitting, how each partition was used, and how the sample size was considered]"
    )


def _availability(facts: Json) -> str:
    version = f", version {facts['version']}" if facts["version"] else ""
    licences = "; ".join(f"{row['licence'] or 'not stated'} ({several(row['images'], 'image')})" for row in facts["licences"])
    return (
        f"The partitions are the frozen manifest `{facts['name']}`{version} (SHA-256 digest {facts['digest']}), made with "
        f"dermcurate {facts['software']['dermcurate']}, available at [author: DOI or address]. It names every image by source, "
        "path and SHA-256 and holds no picture; `curate verify` proves the partitions from it alone. The pictures stay with their "
        f"publishers, under their licences: {licences}. [author: how each source is obtained, and which is not public]"
    )
