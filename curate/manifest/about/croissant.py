"""`croissant.json`: the manifest in the words of MLCommons Croissant 1.1, so that tools that know nothing of ours load its rows.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. What a reader resolves (files, digests, columns,
types, splits, licences) follows from the tables and from `manifest.json` alone, so that verification can derive it again.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curate.manifest.about.licences import address
from curate.manifest.folder import version_of

if TYPE_CHECKING:
    import pyarrow as pa

Json = dict[str, Any]
NAME = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
SPLIT_TYPES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
# The context that Croissant 1.1 recommends (appendix 1 of the specification).
CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{
        word: f"cr:{word}"
        for word in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"),
            *("fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
            *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator"),
            *("source", "subField", "transform"),
        )
    },
}
MEANINGS = {  # what a person choosing a field should know; the rest is in schemas/manifest/README.md
    "image_id": "source_id:native_id; the key of an image",
    "path": "relative to the folder of the image's source; the pictures are not part of the manifest",
    "sha256": "of the picture file",
    "split": "train, validation, test or excluded",
    "fold": "the cross-validation fold whose validation part holds the image",
    "component": "images of one component belong to one lesion or patient and are never in two splits",
    "training_class": "the class to train on; classes.json names it",
    "nine_class": "one of nine classes of disease",
    "three_class": "benign, malignant or non_neoplastic",
    "licence": "SPDX identifier of the picture's licence",
    "attribution": "who is to be credited for the picture",
    "image_a": "the pair's first image",
    "image_b": "the pair's second image",
    "evidence": "the kind of reason to think that the two belong together",
}
LABELS = ("training_class", "nine_class", "three_class")


def croissant(info: Json, schemas: Mapping[str, "pa.Schema"], digests: Mapping[str, str], licences: Sequence[str]) -> Json:
    """Return the content of `croissant.json`.

    Args:
        info: the manifest's `manifest.json`; its `publication` says what no table knows.
        schemas: the columns of `images` and `edges`.
        digests: sha256 by name of the files to be described, `images.parquet` and `edges.parquet` among them.
        licences: the licences of the images, each once.
    """
    publication = info.get("publication") or {}
    content: Json = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": info["name"],
        "description": publication.get("description") or described(info),
        "version": version_of(info),
        "license": [address(licence) or {"@type": "sc:CreativeWork", "name": licence} for licence in licences],
        "citeAs": publication.get("citation") or citation(info),
        "distribution": [_file(name, digests[name]) for name in sorted(digests)],
        "recordSet": [
            _splits(),
            *(_records(stem, schemas[stem]) for stem in ("images", "edges")),
        ],
    }
    if publication.get("date_published"):
        content["datePublished"] = publication["date_published"]
    if publication.get("url"):
        content["url"] = publication["url"]
    if publication.get("creators"):
        content["creator"] = [{"@type": "sc:Organization", "name": name} for name in publication["creators"]]
    return content


def described(info: Json) -> str:
    """Return one sentence that says what the manifest is."""
    splits = info["counts"]["splits"]
    sources = ", ".join(source["id"] for source in info["sources"])
    return (
        f"{info['counts']['images']} dermatology images of {sources} in splits made of whole groups of linked images "
        f"({splits['train']} train, {splits['validation']} validation, {splits['test']} test, {splits['excluded']} excluded). "
        "The rows describe the images; the pictures themselves come from their publishers."
    )


def citation(info: Json) -> str:
    """Return how the manifest is cited: its name, and the publications of its sources."""
    cited = dict.fromkeys(source["citation"] for source in info["sources"] if source.get("citation"))
    return " ".join([f"{info['name']}, version {version_of(info)}, a dermcurate manifest.", *(_sentence(c) for c in cited)])


def _sentence(words: str) -> str:
    return words if words.endswith((".", "}")) else f"{words}."


def _file(name: str, digest: str) -> Json:
    formats = {"parquet": "application/x-parquet", "csv": "text/csv", "json": "application/json"}
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": formats[name.rpartition(".")[2]],
        "sha256": digest,
    }


def _splits() -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "What the names of splits mean; excluded images are in none.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": ["sc:URL", "cr:Split"]},
        ],
        "data": [{"splits/name": name, "splits/url": kind} for name, kind in SPLIT_TYPES.items()],
    }


def _records(stem: str, schema: "pa.Schema") -> Json:
    about = {
        "images": "One row for each image that was ingested.",
        "edges": "One row for each pair of images and kind of evidence that ties them.",
    }
    keys = {"images": ["image_id"], "edges": ["image_a", "image_b", "evidence"]}[stem]
    key = [{"@id": f"{stem}/{name}"} for name in keys]
    return {
        "@type": "cr:RecordSet",
        "@id": stem,
        "name": stem,
        "description": about[stem],
        "key": key[0] if len(key) == 1 else key,
        "field": [_field(stem, column.name, column.type) for column in schema],
    }


def _field(stem: str, name: str, kind: "pa.DataType") -> Json:
    import pyarrow as pa

    source: Json = {"fileObject": {"@id": f"{stem}.parquet"}, "extract": {"column": name}}
    field: Json = {"@type": "cr:Field", "@id": f"{stem}/{name}", "name": name}
    if name in MEANINGS:
        field["description"] = MEANINGS[name]
    if pa.types.is_list(kind):
        field |= {"isArray": True, "arrayShape": "-1"}
        kind = kind.value_type
    if pa.types.is_struct(kind):
        parts = [kind.field(n) for n in range(kind.num_fields)]
        field["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{stem}/{name}/{part.name}",
                "name": part.name,
                "dataType": _data_type(part.type),
                "source": {**source, "transform": {"jsonPath": part.name}},
            }
            for part in parts
        ]
        return field
    field["dataType"] = [_data_type(kind), "cr:Label"] if name in LABELS else _data_type(kind)
    field["source"] = source
    if (stem, name) == ("images", "split"):
        field["references"] = {"field": {"@id": "splits/name"}}
    return field


def _data_type(kind: "pa.DataType") -> str:
    import pyarrow as pa

    types = {pa.string(): "sc:Text", pa.bool_(): "sc:Boolean", pa.float64(): "cr:Float64"}
    return types.get(kind) or f"cr:{str(kind).capitalize()}"
