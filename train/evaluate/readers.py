"""What readers answered in a reader study: taken back, checked against the study's key, and counted.

A study is written by `curate reader-study`; schemas/reader_study/README.md says what its key and its answers hold.
"""

import csv
import hashlib
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.read import Manifest

FORMAT, VERSION = "dermcurate-reader-study", 1
ANSWERS = ("case", "answer", "seconds", "reader", "study")
RATES = ("reader", "sensitivity", "specificity", "study")
POSITIVE = {"A": "biopsy", "B": "malignant"}
NEGATIVE = {"A": "reassure", "B": "benign"}
SUFFIX = ".csv"


@dataclass(frozen=True)
class Study:
    """A reader study of a manifest.

    Attributes:
        study: what ties answers to it.
        name: the test or drawn set.
        question: A or B.
        malignant: whether each case is malignant, by its number, from the manifest's labels.
        images: the image of each case.
    """

    study: str
    name: str
    question: str
    malignant: dict[str, bool]
    images: dict[str, str]

    @property
    def positives(self) -> int:
        """Malignant cases."""
        return sum(self.malignant.values())

    @property
    def negatives(self) -> int:
        """All other cases."""
        return len(self.malignant) - self.positives


@dataclass(frozen=True)
class Reader:
    """One reader of a study: the share of malignant cases called so, and of the others that were not; seconds per case or None."""

    study: str
    reader: str
    sensitivity: float
    specificity: float
    seconds: float | None


def read_study(path: Path, manifest: Manifest) -> Study:
    """Read a key and hold it to the manifest.

    Raises:
        InputError: it is no key, or the set is none of the manifest's, or has no case of one kind.
        BrokenInvariantError: it is of another manifest, or was changed.
    """
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        said = {name: str(key[name]) for name in ("study", "manifest_digest", "set", "question")}
        images = {str(number): str(image) for number, image in key["cases"].items()}
        known = (key["format"], key["version"]) == (FORMAT, VERSION) and said["question"] in POSITIVE
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no key of a reader study: {type(error).__name__}: {error}.", _MAKE) from error
    if not known:
        raise InputError(f"{path} is no key of a reader study that this version knows.", _MAKE)
    if said["manifest_digest"] != manifest.digest:
        raise BrokenInvariantError(
            f"{path} is of the manifest with digest {said['manifest_digest'][:16]}…, not of {manifest.folder}"
            f" ({manifest.digest[:16]}…).",
            "Evaluate on the manifest that the study was made of.",
        )
    parts = [manifest.digest, said["set"], said["question"], list(images.values())]
    in_order = list(images) == [str(n) for n in range(1, len(images) + 1)]
    if not in_order or hashlib.sha256(json.dumps(parts).encode("utf-8")).hexdigest()[:16] != said["study"]:
        raise BrokenInvariantError(f"{path} was changed: its cases are not those of study {said['study']}.", _MAKE)
    columns = manifest.images.select(["image_id", "three_class", "tests", "reader_sets"]).to_pylist()
    members = {r["image_id"]: r["three_class"] == "malignant" for r in columns if said["set"] in (*r["tests"], *r["reader_sets"])}
    if set(images.values()) != members.keys():
        raise BrokenInvariantError(f"{path}: its cases are not the images of the set {said['set']}.", _MAKE)
    malignant = {number: members[image] for number, image in images.items()}
    found = Study(said["study"], said["set"], said["question"], malignant, images)
    if not found.positives or not found.negatives:
        raise InputError(f"{path}: the set {found.name} has no malignant or nothing but malignant cases: nothing can be measured.")
    return found


def read_readers(paths: Sequence[Path], studies: Mapping[str, Study]) -> list[Reader]:
    """Return the readers of some studies, sorted by study and name.

    Args:
        paths: CSV files, or folders of them: answers (`ANSWERS`), or rates where answers cannot be shared (`RATES`).
        studies: by their id.

    Raises:
        InputError: answers are incomplete, doubled or of another study, or rates do not fit the number of cases.
    """
    answers: dict[tuple[str, str], dict[str, tuple[str, float, Path]]] = {}
    readers: dict[tuple[str, str], Reader] = {}
    for file in _files(paths):
        header, rows = _table(file)
        for number, row in enumerate(rows, start=2):
            where = f"{file}, row {number}"
            study = _study_of(row, studies, where)
            name = row["reader"] or _refuse(f"{where}: no reader is named.", "Every row names its reader.")
            if header == RATES:
                if (study.study, name) in readers:
                    _refuse(f"{where}: {name} is there twice.", "Leave one row for each reader and study.")
                readers[study.study, name] = _from_rates(row, study, where)
            else:
                _take(answers.setdefault((study.study, name), {}), row, study, file, where)
    for (study_id, name), given in answers.items():
        study = studies[study_id]
        if (study_id, name) in readers:
            _refuse(f"{name} gave both answers and rates for study {study_id}.", "Leave one of the two out.")
        if missing := [case for case in study.images if case not in given]:
            file = next(iter(given.values()))[2]
            _refuse(
                f"{file}: {name} has not answered case {missing[0]} ({len(missing)} of {len(study.images)} are missing).",
                "The reader opens the page again, answers the rest and saves anew; or leave this reader out.",
            )
        readers[study_id, name] = _counted(name, given, study)
    return [readers[key] for key in sorted(readers)]


def fits(rate: str, cases: int) -> bool:
    """Say whether a rate, as it was rounded, is that of a whole number among so many cases.

    >>> fits("0.949", 65), fits("0.9538", 65), fits("0.95", 46)
    (False, True, False)
    """
    value, decimals = float(rate), len(rate.partition(".")[2])
    nearest = round(value * cases)
    return 0 <= nearest <= cases and abs(nearest / cases - value) <= 0.5 * 10**-decimals * (1 + 1e-6)


def summary(study: Study, readers: Sequence[Reader]) -> dict[str, Any]:
    """Return the readers of one study, their mean, and one standard deviation (n - 1; None with fewer than two)."""
    own = [r for r in readers if r.study == study.study]
    rates = {what: [getattr(r, what) for r in own] for what in ("sensitivity", "specificity")}
    return {
        "study": study.study,
        "set": study.name,
        "question": study.question,
        "positives": study.positives,
        "negatives": study.negatives,
        "readers": [
            {
                "reader": r.reader,
                "sensitivity": round(r.sensitivity, 4),
                "specificity": round(r.specificity, 4),
                "seconds_per_case": None if r.seconds is None else round(r.seconds, 1),
            }
            for r in own
        ],
        "mean": {what: round(statistics.fmean(values), 4) for what, values in rates.items()},
        "standard_deviation": {
            what: round(statistics.stdev(values), 4) if len(own) > 1 else None for what, values in rates.items()
        },
    }


_MAKE = "`curate reader-study MANIFEST_DIR --set NAME --out FOLDER` writes FOLDER/key.json."


def _refuse(message: str, hint: str) -> Any:
    raise InputError(message, hint)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix == SUFFIX)
            found += inside or _refuse(f"{path} holds no {SUFFIX} file.", "Put the readers' saved answers into it.")
        elif path.is_file():
            found.append(path)
        else:
            _refuse(f"There is no file or folder {path}.", "Name the readers' saved answers with --readers.")
    return list(dict.fromkeys(p.resolve() for p in found))


def _table(file: Path) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            table = csv.DictReader(handle, strict=True)
            names = set(table.fieldnames or ())
            header = next((h for h in (ANSWERS, RATES) if set(h) <= names), None)
            rows = [{name: (row[name] or "").strip() for name in header} for row in table] if header else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} cannot be read: {error}.", f"It is a CSV file with the columns {', '.join(ANSWERS)}.") from error
    if header is None:
        raise InputError(
            f"{file} has other columns than a reader's answers.",
            f"Answers have {', '.join(ANSWERS)}; rates have {', '.join(RATES)}.",
        )
    if not rows:
        raise InputError(f"{file} has no rows.", "The reader saves the answers anew, or leave the file out.")
    return header, rows


def _study_of(row: Mapping[str, str], studies: Mapping[str, Study], where: str) -> Study:
    if row["study"] not in studies:
        _refuse(
            f"{where}: answers of study {row['study'] or '(none)'}; the keys given are of {', '.join(sorted(studies))}.",
            "Name the key of that study too with --reader-key, or leave these answers out.",
        )
    return studies[row["study"]]


def _take(given: dict[str, tuple[str, float, Path]], row: Mapping[str, str], study: Study, file: Path, where: str) -> None:
    case, answer, seconds = row["case"], row["answer"], row["seconds"]
    words = (POSITIVE[study.question], NEGATIVE[study.question])
    if case not in study.images:
        _refuse(f"{where}: there is no case {case!r} in study {study.study}.", f"Cases are 1 to {len(study.images)}.")
    if case in given:
        _refuse(
            f"{where}: {row['reader']} answers case {case} a second time (first in {given[case][2].name}).",
            "Leave one file for each reader; two readers need two codes.",
        )
    if answer not in words:
        what = "is not answered" if not answer else f"is answered {answer!r}"
        _refuse(f"{where}: case {case} {what}.", f"Every case is answered {' or '.join(words)}.")
    try:
        spent = float(seconds)
    except ValueError:
        spent = math.nan
    if not 0 <= spent < math.inf:
        _refuse(f"{where}: {seconds!r} is no number of seconds.", "Use the file as the page saved it.")
    given[case] = (answer, spent, file)


def _counted(name: str, given: Mapping[str, tuple[str, float, Path]], study: Study) -> Reader:
    called = {case: answer == POSITIVE[study.question] for case, (answer, _, _) in given.items()}
    hits = sum(called[case] for case, malignant in study.malignant.items() if malignant)
    passed = sum(not called[case] for case, malignant in study.malignant.items() if not malignant)
    seconds = statistics.fmean(spent for _, spent, _ in given.values())
    return Reader(study.study, name, hits / study.positives, passed / study.negatives, seconds)


def _from_rates(row: Mapping[str, str], study: Study, where: str) -> Reader:
    values = []
    for what, cases in (("sensitivity", study.positives), ("specificity", study.negatives)):
        try:
            fit = fits(row[what], cases)
        except ValueError:
            fit = False
        if not fit:
            _refuse(
                f"{where}: a {what} of {row[what] or '(none)'} does not fit {cases} cases: no whole number of them gives it.",
                "These rates are of another set of cases, or were rounded otherwise.",
            )
        values.append(round(float(row[what]) * cases) / cases)
    return Reader(study.study, row["reader"], values[0], values[1], None)
