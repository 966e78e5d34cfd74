"""The columns of the frozen tables; schemas/manifest/README.md says what each means."""

import pyarrow as pa

SCHEMA_NAME = "dermcurate-manifest"
SCHEMA_VERSION = "1.1"
FILES = ("classes.json", "edges.parquet", "images.parquet", "manifest.json")
TEXT_FILES = ("edges.csv", "images.csv")  # only where `curate freeze --text` was asked for
ABOUT_FILES = ("README.md", "attribution.txt", "croissant.json")  # since 1.1, with a text in licenses/ for each licence
SUMS = "SHA256SUMS"
# Columns that a table of schema 1.0 lacks: null there, or an empty list.
SINCE_1_1 = ("shot_type", "framing", "quality_word", "tests", "reader_sets")
GIVEN = ("train", "validation", "test")
SPLITS = (*GIVEN, "excluded")

_KEYS = pa.list_(pa.string())
_LABEL = pa.struct(
    [
        ("field", pa.string()),
        ("label", pa.string()),
        ("node_id", pa.string()),
        ("weight", pa.float64()),
        ("fallback", pa.bool_()),
    ]
)

IMAGES = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("pixel_sha256", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("excluded_reason", pa.string()),
        pa.field("pinned", pa.string()),
        pa.field("fold", pa.int16()),
        pa.field("component", pa.string(), nullable=False),
        pa.field("node_id", pa.string()),
        pa.field("training_class", pa.string()),
        pa.field("nine_class", pa.string()),
        pa.field("three_class", pa.string()),
        pa.field("labels", pa.list_(_LABEL), nullable=False),
        pa.field("image_keys", _KEYS, nullable=False),
        pa.field("lesion_keys", _KEYS, nullable=False),
        pa.field("patient_keys", _KEYS, nullable=False),
        pa.field("confirmation", pa.string()),
        pa.field("independent", pa.bool_(), nullable=False),
        pa.field("official_split", pa.string()),
        pa.field("modality", pa.string()),
        pa.field("shot_type", pa.string()),
        pa.field("site", pa.string()),
        pa.field("sex", pa.string()),
        pa.field("skin_type", pa.string()),
        pa.field("age", pa.float64()),
        pa.field("sharpness", pa.float64(), nullable=False),
        pa.field("contrast", pa.float64(), nullable=False),
        pa.field("framing", pa.float64()),
        pa.field("quality_word", pa.string()),
        pa.field("quality_fail", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("attribution", pa.string()),
        pa.field("tests", _KEYS, nullable=False),
        pa.field("reader_sets", _KEYS, nullable=False),
    ]
)

EDGES = pa.schema(
    [
        pa.field("image_a", pa.string(), nullable=False),
        pa.field("image_b", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("must_link", pa.bool_(), nullable=False),
        pa.field("basis", pa.string(), nullable=False),
    ]
)


def with_later_columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of a schema that an older version of it did not have: null, or empty lists.

    Columns that no version may lack are left to the caller to miss.
    """
    for column in schema:
        if column.name in SINCE_1_1 and column.name not in table.column_names:
            blank: list[str] | None = None if column.nullable else []
            table = table.append_column(column, pa.array([blank] * len(table), type=column.type))
    return table
