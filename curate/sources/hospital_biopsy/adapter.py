"""The gate of a hospital's manifest: nothing of it is read while direct identifiers or contradictions stand in it."""

from collections.abc import Iterator, Mapping

from curate.errors import InputError
from curate.sources.hospital import check_rows, native_id, refuse
from curate.sources.registry import Raw, Row

LABELS = ("icdo_morphology", "diagnosis_text")


def extend(raw: Raw, rows: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:  # noqa: ARG001 - the manifest is the only table
    """Yield (native id, row) of each picture of the manifest; a row that is excluded keeps its keys and loses its labels.

    Raises:
        InputError: there is no manifest, or something stands in it that must not; the message names column and line.
    """
    if not raw:
        raise InputError(
            "The folder has no manifest.csv or manifest.jsonl at its top.",
            "`curate sources template hospital_biopsy --out FOLDER` writes one to fill in.",
        )
    for name, lines in raw.items():
        refuse(name, check_rows(lines))
    for lines in raw.values():
        for _, row in lines:
            excluded = dict.fromkeys(LABELS, "") if row.get("exclude_reason", "") else {}
            yield native_id(row["image_path"]), row | excluded
