"""Finding a node by what people call it: exact, then folded (case, accents, spelling, plural, word order), then by likeness."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from curate.taxonomy.tree import Tree

# British to US spelling, as far as names of skin disease differ; applied to lower case.
SPELLING = (
    ("naevus", "nevus"),
    ("naevi", "nevi"),
    ("naevo", "nevo"),
    ("tumour", "tumor"),
    ("haem", "hem"),
    ("oedema", "edema"),
    ("leukaem", "leukem"),
    ("anaem", "anem"),
    ("seborrhoe", "seborrhe"),
    ("diarrhoe", "diarrhe"),
    ("oesoph", "esoph"),
    ("foet", "fet"),
    ("paed", "ped"),
    ("caes", "ces"),
    ("colour", "color"),
    ("fibre", "fiber"),
    ("ischaem", "ischem"),
    ("generalis", "generaliz"),
    ("localis", "localiz"),
    ("keratinis", "keratiniz"),
    ("centre", "center"),
    ("sulph", "sulf"),
)
WORD = re.compile(r"[a-z0-9]+")
LATIN = {"nevi": "nevus", "keratoses": "keratosis", "metastases": "metastasis", "cysts": "cyst", "verrucae": "verruca"}
NOISE = frozenset({"of", "the", "a", "an", "and", "nos", "skin", "unspecified"})
LIKE_ENOUGH = 50.0  # likeness below which nothing is suggested


@dataclass(frozen=True)
class Match:
    """A node that a text may mean.

    Attributes:
        node_id: the node.
        name: which of its names matched.
        how: `name`, `synonym`, `folded` or `fuzzy`.
        score: likeness, 0 to 100; 100 for all but `fuzzy`, of which none reaches it.
    """

    node_id: str
    name: str
    how: str
    score: float


def fold(text: str) -> str:
    """Return a text in lower case, without accents and punctuation, in US spelling, each word in its singular."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe"))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).lower()
    plain = re.sub(r"['’`´]s\b", "", plain)
    for british, american in SPELLING:
        plain = plain.replace(british, american)
    return " ".join(_singular(word) for word in WORD.findall(plain))


def _singular(word: str) -> str:
    if word in LATIN:
        return LATIN[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "os", "as")):
        return word[:-1]
    return word


def unordered(text: str) -> str:
    """Return the folded words in alphabetical order, without those that tell nothing: `Nevus, Spitz` is `Spitz nevus`."""
    return " ".join(sorted(word for word in fold(text).split() if word not in NOISE))


class Names:
    """All names and synonyms of a taxonomy, to look texts up in."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._exact: dict[str, tuple[str, str, str]] = {}
        self._folded: dict[str, set[str]] = defaultdict(set)
        self._unordered: dict[str, set[str]] = defaultdict(set)
        self._texts: list[tuple[str, str, str]] = []  # folded text, node, name
        for node_id, how, name in every_name(tree):
            self._exact.setdefault(name.casefold(), (node_id, how, name))
            self._folded[fold(name)].add(node_id)
            self._unordered[unordered(name)].add(node_id)
            self._texts.append((fold(name), node_id, name))

    def lookup(self, text: str) -> Match | None:
        """Return the one node that a text names, by letter or folded; None where none or several do."""
        if found := self._exact.get(text.strip().casefold()):
            node_id, how, name = found
            return Match(node_id, name, how, 100.0)
        for index, key in ((self._folded, fold(text)), (self._unordered, unordered(text))):
            nodes = index.get(key, set()) if key else set()
            if len(nodes) == 1:
                return Match(next(iter(nodes)), text, "folded", 100.0)
        return None

    def suggest(self, text: str, limit: int = 5) -> list[Match]:
        """Return the nodes that a text may mean, the likeliest first (RapidFuzz); nothing is decided by this.

        Args:
            text: a native label; underscores, hyphens and joined words are taken apart.
            limit: how many nodes.
        """
        from rapidfuzz import fuzz, process

        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").replace("-", " ")
        best: dict[str, Match] = {}
        for found in (self.lookup(text), self.lookup(words)):
            if found is not None:
                best.setdefault(found.node_id, found)
        query = fold(words)
        scored = process.extract(query, [t for t, _, _ in self._texts], scorer=fuzz.token_sort_ratio, limit=limit * 6)
        scored += process.extract(query, [t for t, _, _ in self._texts], scorer=fuzz.token_set_ratio, limit=limit * 6)
        for _, _, position in scored:
            folded, node_id, name = self._texts[position]
            score = round(min(99.0, (fuzz.token_sort_ratio(query, folded) * 2 + fuzz.token_set_ratio(query, folded)) / 3), 1)
            if score >= LIKE_ENOUGH and (node_id not in best or best[node_id].score < score):
                best[node_id] = Match(node_id, name, "fuzzy", score)
        return sorted(best.values(), key=lambda m: (-m.score, m.node_id))[:limit]


def every_name(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """Yield (node, `name` or `synonym`, text), all names before all synonyms."""
    for node in tree.nodes.values():
        yield node.node_id, "name", node.name
    for node in tree.nodes.values():
        for synonym in node.synonyms:
            yield node.node_id, "synonym", synonym
