"""Keys of patients and lesions of a source that is not public, made anew before they are published.

A hospital's keys are pseudonyms that it made with a secret of its own (`curate sources pseudonymise`). Whoever holds another
table with them could join the two, so a manifest gives each a new name that is drawn from nothing but which images bear it: no
secret is needed, no list of numbers can be tried against it, and the same images give the same name.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
ROLES = ("lesion_keys", "patient_keys")
DIGITS = 16
WITHIN = re.compile(r"[\w-]")  # what goes on a key: an image id may begin with one, and is no key


def new_keys(rows: Sequence[Row], private: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return new keys for the keys of private sources, by column of the images' table.

    A key is private when its namespace is a private source, or only images of private sources bear it; one that a public image
    bears is public already.

    Args:
        rows: images with `image_id`, `source`, `lesion_keys` and `patient_keys`, sorted by `image_id`.
        private: the ids of the private sources.
    """
    hidden = set(private)
    new: dict[str, dict[str, str]] = {}
    for role in ROLES:
        bearers: dict[str, list[Row]] = defaultdict(list)
        for row in rows if hidden else ():
            for key in row[role]:
                bearers[key].append(row)
        first: dict[str, list[str]] = defaultdict(list)
        for key, images in bearers.items():
            if key.partition(":")[0] in hidden or all(row["source"] in hidden for row in images):
                first[min(row["image_id"] for row in images)].append(key)
        new[role] = {
            key: f"{key.partition(':')[0]}:{_name(role, image, number)}"
            for image, keys in first.items()
            for number, key in enumerate(sorted(keys))
        }
    return new


def _name(role: str, image: str, number: int) -> str:
    drawn_from = "\0".join((role, image, str(number)))
    return f"k-{hashlib.sha256(drawn_from.encode()).hexdigest()[:DIGITS]}"


def put_in_place(rows: Iterable[Row], new: Mapping[str, Mapping[str, str]]) -> None:
    """Put the new keys where the old ones stand in the images' lists."""
    if any(new.values()):
        for row in rows:
            for role in ROLES:
                row[role] = sorted(new[role].get(key, key) for key in row[role])


def with_new_keys(edges: "pa.Table", new: Mapping[str, Mapping[str, str]]) -> "pa.Table":
    """Return the edges with the new keys in what ties pairs by such keys."""
    import pyarrow as pa

    if not any(new.values()):
        return edges
    of = {role.removesuffix("_keys"): _replaced(new[role]) for role in ROLES}
    kinds, bases = edges["evidence"].to_pylist(), edges["basis"].to_pylist()
    told = [of[kind](basis) if kind in of else basis for kind, basis in zip(kinds, bases, strict=True)]
    place = edges.schema.get_field_index("basis")
    return edges.set_column(place, edges.schema.field(place), pa.array(told, pa.string()))


def words_with(new: Mapping[str, Mapping[str, str]], private: Iterable[str]) -> Callable[[str], str]:
    """Return a function that gives a sentence with the new keys in place of the old.

    Args:
        new: what `new_keys` returned.
        private: keys of private sources; those that no image bears, and so have no new one, are left out of the sentence.
    """
    known = {key: f"{key.partition(':')[0]}:k-…" for key in private}
    return _replaced(known | {key: name for of in new.values() for key, name in of.items()})


def _replaced(known: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces each key in a text, the longest first, as one key may begin another.

    A key ends where neither a letter, a digit, nor `_` or `-` follows. Its namespace is looked for, then the keys by their
    lengths: there may be a hundred thousand of them, and as many texts.
    """
    lengths = sorted({len(key) for key in known}, reverse=True)
    spaces = re.compile("|".join(re.escape(space) for space in sorted({key.partition(":")[0] for key in known})))

    def replaced(text: str) -> str:
        parts, done = [], 0
        for start in (match.start() for match in spaces.finditer(text)) if known else ():
            ends = (start + length for length in lengths)
            end = next((e for e in ends if text[start:e] in known and not WITHIN.match(text[e : e + 1])), 0)
            if start >= done < end:
                parts += [text[done:start], known[text[start:end]]]
                done = end
        return "".join([*parts, text[done:]])

    return replaced
