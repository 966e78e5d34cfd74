"""The certificate as plain text: one page that is read, then paragraphs of one line each, to be pasted."""

import textwrap
from collections.abc import Iterator
from typing import Any

from curate.manifest.certificate.words import number, reason_words

Json = dict[str, Any]
WIDTH = 100


def certificate_lines(certificate: Json) -> list[str]:
    """Return the lines of a certificate."""
    return [*_page(certificate), *_flow(certificate["facts"]), *_groups(certificate["facts"]), *_paste(certificate)]


def _page(certificate: Json) -> Iterator[str]:
    facts = certificate["facts"]
    yield f"CERTIFICATE of the manifest {facts['name']}" + (f", version {facts['version']}" if facts["version"] else "")
    yield f"digest    {facts['digest']}"
    yield f"software  dermcurate {facts['software']['dermcurate']}, schema {facts['schema_version']}, taxonomy {facts['taxonomy']}"
    if facts["extends"]:
        yield f"extends   {facts['extends']}"
    yield from ("", "WHAT WAS PROVEN, from the frozen files alone, numbered as the invariants are")
    for row in certificate["proven"]:
        yield from _hung(f"{row['invariant']:>3}  ", row["statement"])
    yield from ("", f"AT WHICH LEVEL, by source (the manifest's level is {facts['level']})")
    for row in certificate["levels"]:
        yield from _hung("  ", f"{row['source']}: {row['statement']}")
    yield from ("", f"WHICH EVIDENCE (policy {facts['policy']})")
    for row in certificate["evidence"]:
        yield from _hung(f"  {row['evidence']:<9} ", row["statement"])
    yield from ("", "WHAT WAS NOT CHECKED")
    for reason in certificate["not_checked"]:
        yield from _hung("  - ", reason)
    risk = certificate["risk"]
    yield from ("", "RESIDUAL RISK")
    yield from _hung("  ", risk["found"])
    for line in risk["missed"]:
        yield from _hung("  - ", line)
    for line in (*risk["applies"], risk["false_edges"]):
        yield from _hung("  ", line)
    yield from ("", "HOW TO REPEAT IT (DIR: the manifest's folder; DIGEST: the digest above)")
    widest = max(len(command) for command, _ in certificate["repeat"])
    for command, what in certificate["repeat"]:
        yield f"  {command:<{widest}}  {what}"


def _flow(facts: Json) -> Iterator[str]:
    flow = facts["flow"]
    yield from ("", "FLOW OF INCLUSIONS AND EXCLUSIONS")
    yield f"  {number(flow['files'])} files seen"
    yield f"    - {number(flow['tables'])} tables, {number(flow['side_cars'])} side-cars"
    yield f"    - {number(flow['rejected'])} rejected"
    for row in flow["rejected_by_reason"]:
        yield f"        {number(row['files'])} {row['reason']}"
    yield f"    - {number(flow['ignored'])} ignored"
    yield f"  {number(flow['images'])} images"
    yield f"    - {number(flow['splits']['excluded'])} excluded"
    for row in flow["excluded"]:
        yield f"        {number(row['images'])} {reason_words(row['reason'])}"
    yield f"  {number(facts['numbers']['in_splits'])} in splits"
    for split in ("train", "validation", "test"):
        yield f"    {number(flow['splits'][split])} {split}"


def _groups(facts: Json) -> Iterator[str]:
    yield from ("", "IMAGES BY PARTITION")
    names = ("train", "validation", "test")
    widest = max([len(row["value"]) for row in facts["groups"]] + [len("unknown")]) + 2
    yield f"  {'':<{widest}}" + "".join(f"{name:>12}" for name in names)
    field = None
    for row in facts["groups"]:
        if row["field"] != field:
            field = row["field"]
            yield f"  {field}"
        yield f"    {row['value'] or 'unknown':<{widest - 2}}" + "".join(f"{number(row[name]):>12}" for name in names)


def _paste(certificate: Json) -> Iterator[str]:
    yield from ("", "PARAGRAPHS TO PASTE (one line each; what the manifest cannot know is left as [author: …])")
    for row in certificate["paragraphs"]:
        yield from ("", " ".join(word for word in (row["guideline"], row["item"]) if word) + f": {row['topic']}", row["text"])


def _hung(lead: str, words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)) or [lead.rstrip()]
