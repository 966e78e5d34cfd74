"""The audit of the publishers' own splits: what joins two of their sides, by kind of evidence, and a finding for each component."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.splits.images import Image
from curate.splits.official import ORDER, side_of

KEYS = {
    "bytes": "SELECT sha256 AS key, image_id FROM pictures",
    "pixels": "SELECT pixel_sha256 AS key, image_id FROM pictures",
    "image_id": "SELECT key, image_id FROM image_key_rows",
    "lesion": "SELECT lesion_key AS key, image_id FROM image_lesion_keys",
    "patient": "SELECT patient_key AS key, image_id FROM image_patient_keys",
}
SEVERAL = "several sources"


class Straddle(NamedTuple):
    """One key, or one pair of images, that stands on several sides.

    Attributes:
        evidence: the kind; `chain` where no evidence joins two sides by itself but a chain of it does.
        source: whose split it parts, or `several sources` where it parts none but stands on the side of one and another of others.
        name: the key, or the pair.
        images: those that bear it, of that source.
    """

    evidence: str
    source: str
    name: str
    images: tuple[str, ...]


def audit(
    catalogue: Catalogue, images: list[Image], splits: Mapping[str, str], excluded: Collection[str], sources: Collection[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is wrong with the publishers' splits.

    Args:
        catalogue: linked; evidence that the policy does not count is not looked at.
        images: all.
        splits: the split of each component, as it can be kept.
        excluded: the images that are in none.
        sources: whose split is adopted.

    Returns:
        The summary: `adopted` (sources), `straddling` (rows: `source`, `evidence`, `groups` on several sides, `images` and
        `components` of them), `components` and `images` in all that a published split parts, `train_unpublished` (images of
        train by source that no adopted split speaks of). And a finding for each component that straddles: `official.leak` where
        one publisher's own split does, `official.overlap` where one publisher's split meets another's.
    """
    straddles = list(straddling(catalogue, images, sources))
    component = {image.image_id: image.component for image in images}
    told: defaultdict[str, list[Image]] = defaultdict(list)
    for image in images:
        if side_of(image, sources):
            told[image.component].append(image)
    findings, leaks = [], 0
    joined: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for straddle in straddles:
        joined[component[straddle.images[0]]][straddle.evidence] += 1
    for name in sorted(joined):
        parted = [source for source, _ in _parted(told[name]) if source != SEVERAL]
        leaks += bool(parted)
        findings.append(_finding(name, told[name], parted, joined[name], splits[name]))
    rows: defaultdict[tuple[str, str], list[Straddle]] = defaultdict(list)
    for straddle in straddles:
        rows[straddle.source, straddle.evidence].append(straddle)
    trained = [i for i in images if splits[i.component] == "train" and i.image_id not in excluded]
    summary = {
        "adopted": sorted(sources),
        "components": leaks,
        "images": sum(len(f["images"]) for f in findings if f["id"] == "official.leak"),
        "straddling": [
            {
                "source": source,
                "evidence": evidence,
                "groups": len(found),
                "images": len({i for s in found for i in s.images}),
                "components": len({component[i] for s in found for i in s.images}),
            }
            for (source, evidence), found in sorted(rows.items())
        ],
        "train_unpublished": dict(sorted(Counter(i.source for i in trained if not side_of(i, sources)).items())),
    }
    return summary, findings


def straddling(catalogue: Catalogue, images: list[Image], sources: Collection[str]) -> Iterator[Straddle]:
    """Yield each key and each pair of images that stands on several sides; then what only a chain of evidence joins."""
    sided = {image.image_id: image for image in images if side_of(image, sources)}
    explained: set[tuple[str, str]] = set()
    for evidence, name, found in _groups(catalogue):
        for source, bearing in _parted([sided[image] for image in found if image in sided]):
            explained.add((source, bearing[0].component))
            yield Straddle(evidence, source, name, tuple(image.image_id for image in bearing))
    members: defaultdict[str, list[Image]] = defaultdict(list)
    for image in sided.values():
        members[image.component].append(image)
    for component, told in sorted(members.items()):
        for source, bearing in _parted(told):
            if (source, component) not in explained:
                yield Straddle("chain", source, component, tuple(image.image_id for image in bearing))


def _groups(catalogue: Catalogue) -> Iterator[tuple[str, str, list[str]]]:
    """Yield evidence, name and images of each key that several images bear, and of each pair that other evidence joins."""
    policy = required_stage(catalogue, "link", "curate link").settings["policy"]
    for evidence, query in KEYS.items():
        if evidence in policy["evidence"] and (evidence != "patient" or policy["level"] == "patient"):
            groups = f"SELECT key, list(image_id ORDER BY image_id) FROM ({query}) GROUP BY key HAVING count(*) > 1 ORDER BY key"
            yield from ((evidence, key, found) for key, found in catalogue.rows(groups))
    for a, b, evidence in catalogue.rows("SELECT image_a, image_b, evidence FROM edges ORDER BY ALL"):
        if evidence not in KEYS:
            yield evidence, f"{a} - {b}", [a, b]


def _parted(images: list[Image]) -> list[tuple[str, list[Image]]]:
    """Return each source whose own images are on several sides, with them; or, where only several together are, all."""
    by_source: defaultdict[str, list[Image]] = defaultdict(list)
    for image in images:
        by_source[image.source].append(image)
    own = [(source, found) for source, found in sorted(by_source.items()) if len({i.official for i in found}) > 1]
    return own or ([(SEVERAL, images)] if len({i.official for i in images}) > 1 else [])


def _finding(component: str, told: list[Image], parted: list[str], joined: Counter[str], stays: str) -> dict[str, Any]:
    """Return the finding of a component that straddles; no key stands in it, since a manifest may re-key patients."""
    sides = Counter((image.source, image.official) for image in told)
    where = "; ".join(
        f"{source} " + ", ".join(f"{sides[source, side]} {side}" for side in ORDER if sides[source, side])
        for source in sorted({image.source for image in told})
    )
    by = ", ".join(f"{evidence} ({times})" for evidence, times in sorted(joined.items()))
    what = " and ".join(parted) or "several sources together"
    return {
        "id": "official.leak" if parted else "official.overlap",
        "severity": "error" if parted else "warning",
        "message": f"The published split of {what} parts a component: {where}. Joined by {by}. "
        f"What is in {stays} stays, the rest is excluded.",
        "component": component,
        "images": sorted(image.image_id for image in told),
    }
