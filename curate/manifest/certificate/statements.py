"""What a certificate says: the invariants one by one, the level of each source, the evidence, what was not checked, and the risk.

A sentence says what the evidence carries and no more: that no link was found by the evidence listed, and over how many things.
"""

from typing import Any

from curate.manifest.certificate.words import EVIDENCE_WORDS, all_of, number, percent, rounded, several

Json = dict[str, Any]
NAMED = 8  # allowed licences that are named
REPEAT = (
    ("cd DIR && sha256sum SHA256SUMS", "prints the digest; compare it with the published one"),
    ("cd DIR && sha256sum --check SHA256SUMS", "every file of the folder is the one that was frozen"),
    ("curate verify DIR --digest DIGEST", "every invariant, from the files alone"),
    ("curate verify DIR --images SOURCE=FOLDER", "and that each picture is the one that was frozen"),
)


def proven(facts: Json) -> list[Json]:
    """Return one sentence for each of the invariants 1 to 10, and 12, that was checked: `invariant`, `statement`."""
    say = {1: _one, 2: _two, 3: _three, 4: _four, 5: _five, 6: _six, 7: _seven, 8: _eight, 9: _nine, 10: _ten, 12: _twelve}
    checked = _checked(facts)
    return [{"invariant": number, "statement": sentence(facts)} for number, sentence in say.items() if number in checked]


def repeat(facts: Json) -> list[tuple[str, str]]:
    """Return the commands with which the certificate is made and checked again, and what each does."""
    old = [("curate verify DIR --extends OLD", f"and that each assignment of {facts['extends']} is kept")]
    extended = 12 in _checked(facts)
    page = f"curate certificate DIR{' --extends OLD' if extended else ''}"
    return [*REPEAT, *(old if extended else []), (page, "this page: from the same bytes the same words")]


def _checked(facts: Json) -> set[int]:
    return {check["invariant"] for check in facts["checks"]}


def _one(facts: Json) -> str:
    n = facts["numbers"]
    folds = f", nor in two of the {n['folds']} folds ({several(n['images_in_folds'], 'image')})" if n["folds"] else ""
    return (
        f"No component has images in two splits{folds}: {several(n['components'], 'component')} of "
        f"{several(n['images'], 'image')}, {number(n['components_of_several'])} of them of several images (the largest of "
        f"{number(n['largest_component'])}), derived anew from {several(n['edges'], 'edge')} between {several(n['pairs'], 'pair')}."
    )


def _two(facts: Json) -> str:
    n = facts["numbers"]
    whole = facts["level"] == "patient"
    things = [
        several(n["edges_in_splits"], "accepted edge"),
        several(n["lesion_keys"], "lesion key"),
        *([several(n["patient_keys"], "patient key")] if whole else []),
        several(n["image_keys"], "image key"),
        several(n["byte_digests"], "byte digest"),
        several(n["pixel_digests"], "pixel digest"),
    ]
    where = "two splits, nor two folds" if n["folds"] else "two splits"
    unused = "" if whole else f" Patient keys are not used at the level {facts['level']}."
    return f"None of these connects {where}: {all_of(things)}, of {several(n['in_splits'], 'image')} in splits.{unused}"


def _three(facts: Json) -> str:
    n, requires = facts["numbers"], facts["protocol"]["test_requires"]
    validated = several(n["validation"], "validation image")
    distance = ", distance" if "far_shots" in facts["protocol"]["quality"] else ""  # of schema 1.0 there is none
    words = {
        "independent": "is of a source declared independent",
        "confirmed": "is confirmed by histopathology",
        "quality": f"passes the quality gate (size, blur, contrast{distance}; so does each of {validated})",
    }
    asked = [words[key] for key in words if requires[key]]
    rest = [word for key, word in (("independent", "independence"), ("confirmed", "confirmation")) if not requires[key]]
    return (
        (f"Each of {several(n['test'], 'test image')} {all_of(asked)}." if asked else "")
        + (f" The protocol asks no test image for {' or '.join(rest)}." if rest else "")
    ).strip()


def _four(facts: Json) -> str:
    n = facts["numbers"]
    dropped = n["overlaps_test"]
    return (
        "What must not be tested on stays in train as whole components, and in no fold: "
        f"{several(n['images_pinned'], 'image')} of {several(n['components_pinned'], 'component')}"
        + (f"; excluded since they overlap a test: {several(dropped, 'image')}." if dropped else ".")
    )


def _five(facts: Json) -> str:
    n, flow = facts["numbers"], facts["flow"]
    return (
        f"Nothing is lost: {several(flow['files'], 'file')} = {number(flow['images'])} images + {number(flow['tables'])} tables + "
        f"{number(flow['side_cars'])} side-cars + {number(flow['rejected'])} rejected + {number(flow['ignored'])} ignored, and "
        f"{several(n['images'], 'image')} = {number(n['train'])} train + {number(n['validation'])} validation + "
        f"{number(n['test'])} test + {number(n['excluded'])} excluded with a reason."
    )


def _six(facts: Json) -> str:
    n = facts["numbers"]
    return (
        f"Each of {several(n['in_splits'], 'image')} in splits has a node of the taxonomy, a training class and a three-class that "
        f"agree with the tree, and a nine-class but for {number(n['without_nine_class'])} whose label lies above the nine."
    )


def _seven(facts: Json) -> str:
    n = facts["numbers"]
    return (
        f"Each of {several(n['training_classes'], 'training class', 'training classes')} lies under one three-class and at most "
        f"one nine-class, and holds at most {several(n['max_class_size'], 'image')} unless it is a single node."
    )


def _eight(facts: Json) -> str:
    components = several(facts["numbers"]["components_with_a_test_image"], "component")
    return f"No images of one lesion with labels that exclude each other reach a test: {components} with a test image."


def _nine(facts: Json) -> str:
    files = several(facts["numbers"]["files"], "file")
    return f"Each of {files} of the manifest has the SHA-256 that SHA256SUMS names; none is missing, none is extra."


def _ten(facts: Json) -> str:
    allowed, images = facts["allowed_licences"], several(facts["numbers"]["in_splits"], "image")
    if allowed is None:
        return "No list of allowed licences was given, so no licence was held against one."
    named = ", ".join(allowed[:NAMED]) + (", …" if len(allowed) > NAMED else "")
    return f"The licence of each of {images} in splits is one of the {len(allowed)} allowed: {named}."


def _twelve(facts: Json) -> str:
    grown = facts["growth"]
    return (
        f"Nothing moved since {facts['extends']}: {several(grown['kept'], 'image')} in the same split and fold; dropped for a "
        f"reason that the tables bear out and a finding names: {number(grown['dropped'])}; added: {number(grown['added'])}."
    )


def level_words(facts: Json) -> list[Json]:
    """Return by source the level at which its images are kept apart and how many carry the keys: `source`, `level`, `statement`."""
    return [{"source": row["source"], "level": row["level"], "statement": _level(row)} for row in facts["levels"]]


def _level(row: Json) -> str:
    level, images = row["level"], several(row["images"], "image")
    if level == "image":
        words = f"image and pixels: of {images} none carries a lesion or patient key in use"
    else:
        carried = row[f"at_{level}"]
        words = f"{level}: {number(carried)} of {images} ({percent(carried, row['images'])}) carry a {level} key"
        rest = [
            *([f"{number(row['at_lesion'])} have a lesion key alone"] if level == "patient" and row["at_lesion"] else []),
            *([f"{number(row['at_image'])} have none and are held by image and pixels alone"] if row["at_image"] else []),
        ]
        words += f"; {' and '.join(rest)}" if rest else ""
    return words + "."


def evidence_words(facts: Json) -> list[Json]:
    """Return by kind of evidence what it is and what it found: `evidence`, `state`, `statement`."""
    return [{"evidence": row["evidence"], "state": row["state"], "statement": _found(row)} for row in facts["evidence"]]


def _found(row: Json) -> str:
    what = EVIDENCE_WORDS[row["evidence"]]
    if row["state"] == "not run":
        return f"{what}: did not run ({row['why']})"
    if row["state"] == "not asked":
        return f"{what}: not asked for by the policy"
    if row["state"] == "none":
        return f"{what}: none"
    compared = f" of {number(row['pairs_compared'])} compared" if row["pairs_compared"] else ""
    return f"{what}: {several(row['edges'], 'pair')}{compared}, {number(row['only_evidence'])} by nothing else"


def unchecked(facts: Json) -> list[str]:
    """Return what this certificate does not speak for; what the manifest itself states stands before the rest."""
    absent = [row["evidence"] for row in facts["evidence"] if row["state"] == "not asked"]
    moved = facts["extends"] and 12 not in _checked(facts)
    errors = ", ".join(f"{row['finding']} ({number(row['findings'])})" for row in facts["errors"])
    return [
        *([f"that somebody looked at the findings that are errors, which the report lists: {errors}"] if errors else []),
        *facts["stated_not_checked"],
        *([f"evidence that the policy {facts['policy']} does not ask for: {', '.join(absent)}"] if absent else []),
        f"the bytes of {several(facts['numbers']['images'], 'picture')}: this page rests on the manifest's files alone",
        "publishers' ids and labels, which are taken as given",
        *([f"that nothing moved since {facts['extends']}, which this manifest extends"] if moved else []),
    ]


def risk(facts: Json) -> Json:
    """Return what is known of missed pairs and of false edges, in words: `found`, `missed`, `applies`, `false_edges`."""
    told = facts["risk"]
    return {
        "found": "No link between two splits was found by the evidence listed. Links that it cannot see may be there.",
        "missed": _missed(told),
        "applies": _applies(told, facts["numbers"]["in_splits"]),
        "false_edges": _false_edges(told),
    }


def _missed(told: Json) -> list[str]:
    if not told["models"]:
        return [
            "The share of same-lesion pairs that are missed is not known: no evidence of this manifest was calibrated on known "
            "pairs. Of other photographs of a lesion that share no id, all may have been missed."
        ]
    lines = []
    for model in told["models"]:
        is_others = model["modality"] == told["model_of_others"]
        others = " (and those of two modalities, or of one without a model)" if is_others else ""
        share = f"{model['modality']} pairs{others}: {100 * model['missed']:.1f} % of those of one lesion expected to be missed"
        if model["known"]:
            lines.append(
                f"{share}, 95 % interval {100 * model['missed_from']:.1f} to {100 * model['missed_to']:.1f} % "
                f"({number(model['found'])} of {number(model['known'])} known pairs were found)."
            )
        else:
            lines.append(f"{share}; the manifest does not say of how many known pairs, so there is no interval.")
    return lines


def _applies(told: Json, in_splits: int) -> list[str]:
    lines = [
        f"This risk is that of images that no id covers: {number(told['images_without_key'])} of {several(in_splits, 'image')} in "
        f"splits ({percent(told['images_without_key'], in_splits)}) carry no lesion or patient key in use"
        + (
            f"; and that of pairs whose ids belong to different id spaces ({told['id_spaces']} here)"
            if told["id_spaces"] > 1
            else ""
        )
        + ". How many pairs of one lesion are among them, nobody knows."
    ]
    if told["images_without_patient"]:
        lines.append(
            "Photographs of other lesions of one patient are looked for by patient ids alone: "
            f"{several(told['images_without_patient'], 'image')} in splits without one in use may have patients in two splits."
        )
    if told["models"]:
        lines.append(
            f"The shares were measured on another population than yours ({told['learnt_on']}), with ids ignored, on pairs that ids "
            "name there. Pairs of one lesion are not independent of each other, so the true interval is wider."
        )
    if told["models"] and (other := told["images_of_other_modality"]):
        lines.append(f"For {several(other, 'image')} of another or unknown modality no share of their own is known.")
    return lines


def _false_edges(told: Json) -> str:
    candidate, calibrated = told["candidate_edges"], told["calibrated_edges"]
    if not candidate:
        return "No edge rests on likeness or time; what ids and equal content join is false only where they are wrong."
    words = f"Of {several(candidate, 'edge')} by likeness or time, "
    if calibrated:
        expected = rounded(told["expected_false_edges"])
        words += f"{number(calibrated)} have a calibrated probability, by which {expected} are expected to be false"
        words += f"; of the other {number(candidate - calibrated)} no number is known." if candidate > calibrated else "."
    else:
        words += "none has a calibrated probability, so how many are false is not known."
    return words + " A false edge keeps images together that need not be; it does not part what belongs together."
