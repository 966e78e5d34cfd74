"""What each stage read and wrote, kept as digests, so that a stage runs only when something it reads has changed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.catalogue.catalogue import Catalogue
from curate.errors import NotReadyError


@dataclass(frozen=True)
class StageRecord:
    """The last completed run of a stage; `scope` is a source id for ingest and empty for the others."""

    stage: str
    scope: str
    input_digest: str
    output_digest: str
    settings: dict[str, Any]
    summary: dict[str, Any]


def digest_of(*parts: Any) -> str:
    """Return the sha256 of the parts in canonical JSON; equal content gives equal digests."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def digest_of_rows(catalogue: Catalogue, sql: str) -> str:
    """Return the sha256 over the ordered rows of a query (the query says the order)."""
    digest = hashlib.sha256()
    cursor = catalogue.connection.execute(sql)
    while rows := cursor.fetchmany(10_000):
        digest.update(repr(rows).encode("utf-8"))
    return digest.hexdigest()


def stage_record(catalogue: Catalogue, stage: str, scope: str = "") -> StageRecord | None:
    """Return the last completed run of a stage, or None."""
    rows = catalogue.rows(
        "SELECT stage, scope, input_digest, output_digest, settings, summary FROM stages WHERE stage = ? AND scope = ?",
        [stage, scope],
    )
    if not rows:
        return None
    name, of, input_digest, output_digest, settings, summary = rows[0]
    return StageRecord(name, of, input_digest, output_digest, json.loads(settings), json.loads(summary))


def required_stage(catalogue: Catalogue, stage: str, command: str) -> StageRecord:
    """Return the last run of a stage that another needs.

    Raises:
        NotReadyError: it has not run; the message names the command that runs it.
    """
    record = stage_record(catalogue, stage)
    if record is None:
        raise NotReadyError(f"The stage `{stage}` has not run in {catalogue.workspace}.", f"Run `{command}` first.")
    return record


def record_stage(
    catalogue: Catalogue,
    stage: str,
    *,
    input_digest: str,
    output_digest: str,
    settings: Mapping[str, Any],
    summary: Mapping[str, Any],
    scope: str = "",
) -> None:
    """Write that a stage is complete; called inside the transaction that writes its last rows."""
    catalogue.execute("DELETE FROM stages WHERE stage = ? AND scope = ?", [stage, scope])
    catalogue.execute(
        "INSERT INTO stages VALUES (?, ?, ?, ?, ?, ?)",
        [stage, scope, input_digest, output_digest, json.dumps(settings, sort_keys=True), json.dumps(summary, sort_keys=True)],
    )


def replace_findings(catalogue: Catalogue, stage: str, findings: list[dict[str, Any]]) -> None:
    """Put a stage's findings in place of those of its last run."""
    catalogue.execute("DELETE FROM findings WHERE stage = ?", [stage])
    catalogue.insert("findings", [{"stage": stage, **finding} for finding in findings])
