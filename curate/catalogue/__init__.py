"""The DuckDB catalogue: one file in one workspace folder, one writer at a time."""

from curate.catalogue.catalogue import Catalogue, workspace_folder
from curate.catalogue.stages import StageRecord, digest_of, stage_record

__all__ = ["Catalogue", "StageRecord", "digest_of", "stage_record", "workspace_folder"]
