"""`licenses/` and `attribution.txt`: under which licences the pictures are, and who is to be credited, as isic-cli lays them out.

isic-cli writes one text for each licence that occurs, `licenses/<licence>.txt`, and `attribution.txt` with the holders, by
falling number of images, a blank line between two. The full texts of licences are other people's and stand at their addresses;
ours say which licence it is, what it asks in a sentence or two, and which images are under it.
"""

import csv
import functools
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.resources import schemas

ATTRIBUTION = "attribution.txt"
FOLDER = "licenses"
ANONYMOUS = "Anonymous"  # last, however many images, as isic-cli has it
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,79}")
SPDX_LIST = "https://spdx.org/licenses/"
OWN_TERMS = "LicenseRef-"


@dataclass(frozen=True)
class Tally:
    """How many images there are of each source, split, licence and attribution; all that these files say follows from it."""

    groups: Counter[tuple[str, str, str | None, str | None]]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str | None, str | None]]) -> "Tally":
        """Count rows of (source, split, licence, attribution)."""
        return cls(Counter(rows))

    def licences(self) -> list[str]:
        """Return the licences that occur, sorted."""
        return sorted({licence for _, _, licence, _ in self.groups if licence is not None})

    def sources_of(self, licence: str | None) -> dict[str, int]:
        """Return the number of images under a licence, or under none, by source, sorted."""
        counted: Counter[str] = Counter()
        for (source, _, of, _), count in self.groups.items():
            if of == licence:
                counted[source] += count
        return dict(sorted(counted.items()))

    def by_source(self) -> dict[str, Counter[str]]:
        """Return the number of images in each split, by source, sorted."""
        counted: dict[str, Counter[str]] = {}
        for (source, split, _, _), count in sorted(self.groups.items(), key=lambda group: group[0][0]):
            counted.setdefault(source, Counter())[split] += count
        return counted

    def holders(self) -> list[str]:
        """Return who is to be credited: by falling number of images, then by name, those without a name last."""
        counted: Counter[str] = Counter()
        for (_, _, _, attribution), count in self.groups.items():
            if attribution:
                counted[attribution] += count
        return sorted(counted, key=lambda name: (name == ANONYMOUS, -counted[name], name))

    def without_attribution(self) -> int:
        """Return the number of images of which nobody says who is to be credited."""
        return sum(count for (_, _, _, attribution), count in self.groups.items() if not attribution)


def attribution_text(tally: Tally) -> str:
    """Return the content of `attribution.txt`."""
    return "\n\n".join(tally.holders())


def file_names(licences: Iterable[str]) -> dict[str, str]:
    """Return for each licence the name of its text below the manifest's folder; no two differ by letter case alone.

    A licence of an identifier has it for a name; what else stands there (an expression, a sentence) is made to fit and told
    apart by a digest.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for licence in sorted(licences):
        stem = licence
        if not PLAIN_NAME.fullmatch(licence) or licence.casefold() in taken:
            words = re.sub(r"[^A-Za-z0-9.+]+", "-", licence)[:60].strip("-.")
            stem = f"{words or 'licence'}-{hashlib.sha256(licence.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        taken.add(stem.casefold())
        names[licence] = f"{FOLDER}/{stem}.txt"
    return names


def licence_text(licence: str, sources: Mapping[str, int], homes: Mapping[str, str]) -> str:
    """Return the text of a licence.

    Args:
        licence: as the images have it.
        sources: the number of images under it, by source.
        homes: the names of the sources, by id.
    """
    known = vocabulary().get(licence)
    lines = [known["meaning"] if known else shown(licence), "", f"SPDX identifier: {shown(licence)}"]
    if known:
        lines += [f"Text: {known['url']}", "", known["asks"], "This is a summary; the text at the address is what counts."]
    elif at := address(licence):
        lines += [f"Text: {at}", "", "The text at the address says what it asks."]
    else:
        lines += ["", "Terms that are not on the SPDX list; who published the pictures says what they ask:"]
        lines += [f"  {source}: {homes.get(source, source)}" for source in sources]
    return "\n".join([*lines, "", *counted_lines(sources), ""])


def shown(words: str) -> str:
    """Return words of a manifest as one line that can be printed."""
    return words if words.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)


def counted_lines(sources: Mapping[str, int]) -> list[str]:
    """Return the lines that end the text of a licence: how many images of which sources are under it."""
    return [f"Images under it: {sum(sources.values())}", *(f"  {source}: {count}" for source, count in sources.items())]


def address(licence: str) -> str | None:
    """Return the address of a licence's text; None for terms that are not on the SPDX list."""
    if known := vocabulary().get(licence):
        return known["url"]
    plain = PLAIN_NAME.fullmatch(licence) and not licence.startswith(OWN_TERMS)
    return f"{SPDX_LIST}{licence}.html" if plain else None


@functools.cache
def vocabulary() -> dict[str, dict[str, str]]:
    """Return the rows of schemas/vocabularies/licence.csv by SPDX identifier."""
    text = schemas().joinpath("vocabularies", "licence.csv").read_text(encoding="utf-8")
    return {row["spdx"]: row for row in csv.DictReader(io.StringIO(text))}
