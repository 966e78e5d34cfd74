"""The formats of export, by name; each module writes rows and pictures of a manifest as another tool reads them."""

from curate.manifest.export import csv, fiftyone, groups, huggingface, imagefolder, webdataset
from curate.manifest.export.interface import Format

FORMATS: dict[str, Format] = {
    "imagefolder": imagefolder.FORMAT,
    "huggingface": huggingface.FORMAT,
    "webdataset": webdataset.FORMAT,
    "fiftyone": fiftyone.FORMAT,
    "csv": csv.FORMAT,
    "groups": groups.FORMAT,
}

__all__ = ["FORMATS", "Format"]
