"""Which licences may stand in a split: SPDX expressions, and what they allow of the licences that a catalogue has.

An allowance such as `CC0-1.0 OR (CC-BY-4.0 AND MIT)` is a choice between terms that somebody is ready to keep together. A work
is allowed where it can be had under terms that are allowed: of a licence `A OR B` one side is enough, of `A AND B` all must be.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from curate.errors import BrokenInvariantError, InputError

Terms = frozenset[frozenset[str]]  # a choice between sets of licences that hold together, in lower case
MOST = 1000  # ways to choose in one expression; nobody writes more


def admitted(rows: Iterable[Mapping[str, Any]], expressions: Sequence[str] | None) -> dict[str, Any]:
    """Return what manifest.json says of licences: those of its images that are allowed, and the expression that allows them.

    Args:
        rows: images with `licence`, `source` and `split`.
        expressions: as they were given; None where anything is allowed.

    Raises:
        InputError: an expression cannot be read.
        BrokenInvariantError: an image in a split is under a licence that is not allowed.
    """
    if expressions is None:
        return {"allowed_licences": None, "licence_expression": None}
    counted = Counter((row["licence"], row["source"], row["split"] != "excluded") for row in rows)
    occurring = sorted({licence for licence, _, _ in counted if licence is not None})
    allowance = Allowance(expressions, occurring)
    allowed = [licence for licence in occurring if allowance.permits(licence)]
    refused: Counter[tuple[str, str]] = Counter()
    for (licence, source, in_split), count in counted.items():
        if in_split and licence not in allowed:
            refused["no licence" if licence is None else licence, source] += count
    if refused:
        kinds = ", ".join(f"{licence} ({count} of {source})" for (licence, source), count in sorted(refused.items()))
        raise BrokenInvariantError(
            f"{refused.total()} images in splits are under licences that {allowance.expression} does not allow: {kinds}.",
            "Allow them with --allow-licence, or leave these sources out.",
        )
    return {"allowed_licences": allowed, "licence_expression": allowance.expression}


class Allowance:
    """What `--allow-licence` says, given several times: any of them may do."""

    def __init__(self, expressions: Sequence[str], occurring: Iterable[str] = ()) -> None:
        """Read expressions.

        Args:
            expressions: as they were given.
            occurring: the licences of the images; what stands there word for word may be allowed, whether SPDX knows it or not.

        Raises:
            InputError: an expression cannot be read, or names a licence that neither SPDX nor an image knows.
        """
        from license_expression import get_spdx_licensing

        self._licensing = get_spdx_licensing()
        self._words = {licence.casefold() for licence in occurring}
        written: list[str] = []
        chosen: set[frozenset[str]] = set()
        for expression in expressions:
            text, terms = self._allowed(expression)
            written.append(text)
            chosen |= terms
        self.expression: str = " OR ".join(dict.fromkeys(written))  # OR binds least, so no parentheses are needed
        self._chosen = chosen

    def permits(self, licence: str | None) -> bool:
        """Say whether a work under a licence (an identifier, an expression, or a publisher's own words) may be used."""
        if licence is None:
            return False
        return any(
            under <= frozenset().union(*(terms for terms in self._chosen if terms <= under)) for under in self._terms_of(licence)
        )

    def _allowed(self, expression: str) -> tuple[str, Terms]:
        try:
            parsed = self._licensing.parse(expression)
            unknown = [key for key in self._licensing.unknown_license_keys(parsed) if not self._is_known(key)]
            trouble = f"{unknown[0]!r} is no SPDX identifier and no image's licence" if unknown else ""
        except Exception as error:  # noqa: BLE001 - the library's errors share no class; each is the caller's fault, and told
            parsed, trouble = None, str(error)
        if parsed is not None and not trouble:
            return str(parsed), _choices(parsed)
        if expression.casefold() in self._words:
            return expression, self._terms_of(expression)
        raise InputError(
            f"--allow-licence {expression!r}: {trouble or 'an empty expression'}.",
            "Write it as 'CC0-1.0 OR CC-BY-4.0' (https://spdx.org/licenses/); terms of your own begin with LicenseRef-.",
        )

    def _is_known(self, key: str) -> bool:
        return key.casefold() in self._words or key.casefold().startswith(("licenseref-", "documentref-"))

    def _terms_of(self, licence: str) -> Terms:
        try:
            parsed = self._licensing.parse(licence)
        except Exception:  # noqa: BLE001 - a publisher's own words, which are an identifier for themselves
            parsed = None
        return frozenset({frozenset({licence.casefold()})}) if parsed is None else _choices(parsed)


def _choices(parsed: Any) -> Terms:
    """Return the sets of licences of which each is enough to use a work."""
    operator = getattr(parsed, "operator", "").strip()
    parts = [_choices(part) for part in parsed.args] if operator in ("AND", "OR") else []
    if operator == "OR":
        return frozenset().union(*parts)
    if operator != "AND":
        return frozenset({frozenset({str(parsed).casefold()})})
    ways = 1
    for part in parts:
        ways *= len(part)
    if ways > MOST:
        raise InputError(f"A licence expression has {ways} ways to choose; {MOST} are read.", "Write it more simply.")
    return frozenset(frozenset().union(*way) for way in product(*parts))
