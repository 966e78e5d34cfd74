"""`README.md` of a frozen folder: what it is, how to check it, how to load it, and what it does not promise."""

from typing import Any

from curate.manifest.about.croissant import citation, described
from curate.manifest.about.licences import ATTRIBUTION, FOLDER, Tally, file_names, shown
from curate.manifest.folder import version_of
from curate.manifest.schema import SPLITS

Json = dict[str, Any]
NAME = "README.md"
LEVELS = {
    "image": "images that share a file, pixels or an image id, or that other evidence ties, stand in one split",
    "lesion": "images of one lesion stand in one split, as far as ids and the evidence below tell; one patient may be in several",
    "patient": "images of one patient stand in one split, as far as ids and the evidence below tell",
}


def readme(info: Json, tally: Tally, *, text: bool) -> str:
    """Return the content of the folder's `README.md`.

    Args:
        info: the manifest's `manifest.json`.
        tally: its images by source, split, licence and attribution.
        text: whether the tables are there as CSV too.
    """
    parts = [
        [
            f"# {info['name']}",
            "",
            f"Version {version_of(info)}. {(info.get('publication') or {}).get('description') or described(info)}",
        ],
        _what(info),
        _check(text=text),
        ["## Images by source and split", "", *count_lines(tally)],
        _evidence(info),
        _licences(info, tally),
        _load(),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def count_lines(tally: Tally) -> list[str]:
    """Return the table of images by source and split."""
    by_source = tally.by_source()
    rows = [(source, [counts[split] for split in SPLITS]) for source, counts in by_source.items()]
    rows.append(("all", [sum(counts[split] for counts in by_source.values()) for split in SPLITS]))
    return [
        f"| source | {' | '.join(SPLITS)} | images |",
        f"| --- |{' ---: |' * (len(SPLITS) + 1)}",
        *(f"| {source} | {' | '.join(map(str, numbers))} | {sum(numbers)} |" for source, numbers in rows),
    ]


def _what(info: Json) -> list[str]:
    publication = info.get("publication") or {}
    lines = [
        "A frozen manifest: the list of images, what ties them, and the split that each is in. It holds no pictures; `path` is",
        "relative to the folder of the image's source. Nothing here is ever changed: a correction is a new manifest.",
        "",
        "| file | what |",
        "| --- | --- |",
        "| `images.parquet` | one row for each image that was ingested |",
        "| `edges.parquet` | one row for each pair of images and kind of evidence that ties them |",
        "| `classes.json` | the part of the taxonomy in use, and the training classes |",
        "| `manifest.json` | how it was made: policy, protocol, seed, versions, counts, findings |",
        "| `croissant.json` | the same tables in the words of MLCommons Croissant 1.1 |",
        f"| `{ATTRIBUTION}`, `{FOLDER}/` | who is to be credited, and under which licences the pictures are |",
        "| `SHA256SUMS` | the digest of every other file |",
        "",
        f"Cite as: {publication.get('citation') or citation(info)}",
    ]
    if publication.get("creators"):
        lines.append(f"\nMade by: {'; '.join(publication['creators'])}.")
    if publication.get("date_published"):
        lines.append(f"\nPublished: {publication['date_published']}.")
    if publication.get("url"):
        lines.append(f"\nPage: <{publication['url']}>")
    return lines


def _check(*, text: bool) -> list[str]:
    lines = [
        "## Is it the one that was published, and does it keep its promises?",
        "",
        "The manifest's digest is the sha256 of `SHA256SUMS`; quote it with every number that is computed from the manifest.",
        "",
        "```sh",
        "sha256sum SHA256SUMS                          # the digest: compare it with the published one",
        "sha256sum -c SHA256SUMS                       # the files are those that it names",
        "curate verify . --digest HEX                  # every invariant, from these files alone",
        "curate verify . --images SOURCE=FOLDER        # and the pictures",
    ]
    if text:
        lines.append(
            "python proof.py . --digest HEX                # the same from the CSV files, by one file that needs Python alone"
        )
    lines.append("```")
    if text:
        lines += ["", "`proof.py` is `curate/manifest/proof.py` of dermcurate, copied anywhere."]
    return lines


def _evidence(info: Json) -> list[str]:
    evidence = ", ".join(f"{kind} ({count})" for kind, count in sorted(info["counts"]["edges"].items())) or "none"
    level = info["level"]
    lines = [
        "## What was looked for",
        "",
        f"Level: {level}; {LEVELS.get(level, 'see manifest.json')}.",
        f"Policy `{info['policy'].get('name', '')}`, protocol `{info['protocol']['name']}`, seed {info['seed']}.",
        f"Edges by evidence: {evidence}. Components: {info['counts']['components']}, the largest of "
        f"{info['counts']['largest_component']} images.",
    ]
    if info.get("rekeyed"):
        lines.append(f"Patient and lesion keys of {', '.join(info['rekeyed'])} are not the publisher's own: they were made anew.")
    return [
        *lines,
        "",
        "Not looked for, so that nothing is promised of it:",
        "",
        *(f"- {reason}" for reason in info["not_checked"]),
    ]


def _licences(info: Json, tally: Tally) -> list[str]:
    names = file_names(tally.licences())
    lines = ["## Licences", "", "The pictures are their publishers'; each row names the licence and whom to credit.", ""]
    lines += ["| licence | images | of | text |", "| --- | ---: | --- | --- |"]
    for licence, name in names.items():
        sources = tally.sources_of(licence)
        lines.append(f"| {shown(licence)} | {sum(sources.values())} | {', '.join(sources)} | `{name}` |")
    if sources := tally.sources_of(None):
        lines.append(f"| none stated | {sum(sources.values())} | {', '.join(sources)} | |")
    if info.get("licence_expression") is not None:
        lines += ["", f"Allowed in splits: `{info['licence_expression']}`."]
    if nameless := tally.without_attribution():
        lines += ["", f"Of {nameless} images nobody says whom to credit."]
    return lines


def _load() -> list[str]:
    return [
        "## How to load it",
        "",
        "```python",
        "import pandas",
        "",
        'images = pandas.read_parquet("images.parquet")',
        'train = images[images.split == "train"]',
        "",
        "import curate  # frames, and a graph of what ties the images",
        "",
        'manifest = curate.load_manifest(".")',
        "graph = manifest.graph()",
        "",
        "import mlcroissant  # or whatever reads Croissant",
        "",
        'rows = mlcroissant.Dataset("croissant.json").records("images")',
        "```",
    ]
