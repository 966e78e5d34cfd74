"""What a frozen folder says of itself: counted again by hand, read by Croissant's own library, and held to the tables."""

import json
import logging
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.manifest.about.licences import Tally, attribution_text, file_names, licence_text
from curate.manifest.about.publication import Publication, publication
from curate.manifest.freeze import freeze
from curate.manifest.read import load
from curate.manifest.verify import verify
from curate.project import load_project
from curate.resources import schemas
from tests.manifest.tampering import change_json, copy_of, repair_sums

PUBLISHED = Publication(
    date_published="2026-11-30",
    creators=("A. Steward", "An Institute"),
    url="https://example.org/set",
    citation="Steward A (2026).",
)


def rows(folder: Path):
    return pq.ParquetFile(folder / "images.parquet").read().to_pylist()


@pytest.fixture(scope="module")
def published(project, frozen, tree, tmp_path_factory) -> Path:
    """The small manifest, published by somebody on some day."""
    place = tmp_path_factory.mktemp("published")
    shutil.copytree(project.workspace, place / "ws")
    with Catalogue.write(place / "ws", "a test") as catalogue:
        freeze(catalogue, tree, "small", place, max_class_size=12, publication=PUBLISHED)
    return place / "small"


# ---------------------------------------------------------------- attribution.txt and licenses/


def test_attribution_is_what_isic_cli_would_write(good):
    counted = Counter(row["attribution"] for row in rows(good))
    holders = (good / "attribution.txt").read_text(encoding="utf-8").split("\n\n")
    assert len(holders) == len(set(holders)) == 3
    assert [counted[name] for name in holders] == sorted(counted.values(), reverse=True)


def test_there_is_one_text_for_each_licence_and_it_counts_its_images(good):
    counted: dict[str, Counter] = defaultdict(Counter)
    for row in rows(good):
        counted[row["licence"]][row["source"]] += 1
    assert {p.name for p in (good / "licenses").iterdir()} == {f"{licence}.txt" for licence in counted}
    for licence, sources in counted.items():
        text = (good / "licenses" / f"{licence}.txt").read_text(encoding="utf-8")
        assert f"\nSPDX identifier: {licence}\nText: https://creativecommons.org/" in text
        assert text.endswith(
            f"\nImages under it: {sources.total()}\n" + "".join(f"  {s}: {n}\n" for s, n in sorted(sources.items()))
        )


WORDS = st.none() | st.sampled_from(["CC0-1.0", "cc0-1.0", "CC-BY-4.0", "A OR B", "own terms", "Anonymous", "..", "x\ny", "/", "é"])
GROUPS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["train", "excluded"]), WORDS, WORDS), max_size=12)


@given(GROUPS, st.randoms(use_true_random=False))
def test_every_image_is_counted_whatever_the_order(groups, order):
    tally = Tally.of(groups)
    shuffled = Tally.of(order.sample(groups, len(groups)))
    assert attribution_text(tally) == attribution_text(shuffled)
    holders = tally.holders()
    assert set(holders) == {a for *_, a in groups if a}
    assert [h for h in holders if h == "Anonymous"] == holders[-1:] * ("Anonymous" in holders)
    assert tally.without_attribution() == sum(1 for *_, a in groups if not a)
    names = file_names(tally.licences())
    assert names == file_names(reversed(tally.licences()))
    assert set(names) == {licence for _, _, licence, _ in groups if licence is not None}
    assert len({name.casefold() for name in names.values()}) == len(names)
    for licence, name in names.items():
        folder, stem = name.split("/")
        assert folder == "licenses"
        assert stem.endswith(".txt")
        assert not stem.startswith(".")
        assert stem.isascii()
        assert stem.isprintable()
        assert sum(tally.sources_of(licence).values()) == sum(1 for g in groups if g[2] == licence)
        assert licence_text(licence, tally.sources_of(licence), {}) == licence_text(licence, shuffled.sources_of(licence), {})


def test_terms_that_spdx_does_not_list_send_to_who_published_the_pictures():
    text = licence_text("LicenseRef-own", {"clinic": 2}, {"clinic": "A clinic"})
    assert "not on the SPDX list" in text
    assert "  clinic: A clinic\n" in text
    assert "https://" not in text
    assert "Text: https://spdx.org/licenses/MIT.html" in licence_text("MIT", {"clinic": 2}, {})


def test_the_vocabulary_names_what_spdx_names():
    from license_expression import get_spdx_licensing

    from curate.manifest.about.licences import vocabulary

    for spdx, row in vocabulary().items():
        assert row["term"] == spdx
        assert not get_spdx_licensing().unknown_license_keys(spdx)
        assert row["url"].startswith("https://creativecommons.org/")
        assert row["asks"]


# ---------------------------------------------------------------- README.md


def test_the_readme_counts_what_the_table_counts(good):
    text = (good / "README.md").read_text(encoding="utf-8")
    lines = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("| ") and line.count("|") == 7]
    (head, *table) = (line for line in lines if "---" not in line[0])
    assert head == ["source", "train", "validation", "test", "excluded", "images"]
    counted = Counter((row["source"], row["split"]) for row in rows(good))
    for source, *numbers in table[:-1]:
        expected = [counted[source, split] for split in head[1:-1]]
        assert [int(n) for n in numbers] == [*expected, sum(expected)]
    assert {line[0] for line in table[:-1]} == {row["source"] for row in rows(good)}
    assert table[-1] == ["all", *(str(sum(int(line[n]) for line in table[:-1])) for n in range(1, 6))]


def test_the_readme_says_how_to_check_and_what_was_not(good, frozen):
    text = (good / "README.md").read_text(encoding="utf-8")
    info = load(good).info
    for words in ("sha256sum -c SHA256SUMS", "curate verify .", "python proof.py .", 'curate.load_manifest(".")', "Level: patient"):
        assert words in text
    assert all(f"- {reason}" in text for reason in info["not_checked"])
    assert "proof.py" not in (frozen / "README.md").read_text(encoding="utf-8"), "there is no text form to prove"
    assert "Allowed in splits: `CC-BY-4.0 OR CC-BY-NC-4.0 OR CC0-1.0`" in text


# ---------------------------------------------------------------- croissant.json


def test_croissant_has_a_date_only_where_one_was_given(frozen, published):
    plain, dated = (json.loads((f / "croissant.json").read_text(encoding="utf-8")) for f in (frozen, published))
    assert not plain.keys() & {"datePublished", "url", "creator"}
    assert (dated["datePublished"], dated["url"]) == ("2026-11-30", "https://example.org/set")
    assert [c["name"] for c in dated["creator"]] == ["A. Steward", "An Institute"]
    assert dated["citeAs"] == "Steward A (2026)."
    assert "Tschandl" in plain["citeAs"]
    assert plain["version"] == "1.0.0"
    assert plain["conformsTo"] == "http://mlcommons.org/croissant/1.1"


def test_croissant_describes_every_column_and_the_files_as_they_are(published):
    import hashlib

    content = json.loads((published / "croissant.json").read_text(encoding="utf-8"))
    for file in content["distribution"]:
        assert file["sha256"] == hashlib.sha256((published / file["contentUrl"]).read_bytes()).hexdigest()
    for records in content["recordSet"][1:]:
        schema = pq.ParquetFile(published / f"{records['@id']}.parquet").schema_arrow
        assert [field["name"] for field in records["field"]] == schema.names
        assert {pa.types.is_list(schema.field(f["name"]).type) for f in records["field"] if f.get("isArray")} <= {True}


@pytest.mark.parametrize("name", ["published", "good"])
def test_croissants_own_library_accepts_it_and_loads_the_rows(request, name, caplog):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    folder = request.getfixturevalue(name)
    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
        issues = dataset.metadata.ctx.issues
        assert not issues.errors
        assert bool(issues.warnings) == (name == "good"), "the one that has no date"
        for stem in ("images", "edges"):
            table = pq.ParquetFile(folder / f"{stem}.parquet").read().to_pylist()
            assert [plain(record, stem) for record in dataset.records(stem)] == [croissants(row) for row in table]
        assert [plain(r, "splits")["name"] for r in dataset.records("splits")] == ["train", "validation", "test"]
    assert name == "good" or not caplog.records, caplog.text


def plain(record, stem):
    """A record of Croissant's library with our names: bytes are text, numbers Python's own."""
    if isinstance(record, dict):
        return {key.rpartition("/")[2]: plain(value, stem) for key, value in record.items()}
    if isinstance(record, list):
        return [plain(value, stem) for value in record]
    return record.decode() if isinstance(record, bytes) else record.item() if hasattr(record, "item") else record


def croissants(row):
    return {
        name: [dict(v) if isinstance(v, dict) else v for v in value] if isinstance(value, list) else value
        for name, value in row.items()
    }


def test_it_still_verifies_and_bytes_depend_on_content_alone(published, project, tree, tmp_path):
    assert verify(published).ok
    shutil.copytree(project.workspace, tmp_path / "ws")
    with Catalogue.write(tmp_path / "ws", "a test") as catalogue:
        again = freeze(catalogue, tree, "small", tmp_path, max_class_size=12, publication=PUBLISHED)
    assert again["digest"] == load(published).digest


def test_the_schema_holds_for_what_was_published(published):
    import jsonschema

    schema = json.loads(schemas().joinpath("manifest", "manifest.schema.json").read_text(encoding="utf-8"))
    info = load(published).info
    jsonschema.validate(info, schema)
    assert info["publication"]["creators"] == ["A. Steward", "An Institute"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({k: v for k, v in info.items() if k != "publication"}, schema)


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("said", "word"),
    [({"date_published": "yesterday"}, "date_published"), ({"url": "example.org"}, "url"), ({"creators": [""]}, "creators")],
)
def test_what_cannot_be_published_is_named(said, word):
    with pytest.raises(InputError, match=word):
        publication(**said)


def test_the_project_file_says_it_in_toml(tmp_path):
    (tmp_path / "p.toml").write_text(
        "name = 'x'\nsources = [{id = 'a', folder = '.'}]\n[manifest]\ndate_published = 2026-11-30\ncreators = ['A']\n"
        "allowed_licences = ['CC0-1.0 OR CC-BY-4.0']\nprivate = ['a']\n"
    )
    asked = load_project(tmp_path / "p.toml").manifest
    assert asked.stated() == {"date_published": "2026-11-30", "creators": ["A"]}
    assert (asked.private, asked.allowed_licences) == (("a",), ("CC0-1.0 OR CC-BY-4.0",))


# ---------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("attribution.txt", lambda t: t.replace(b"ViDIR", b"Vidir"), "attribution.txt leaves out 'ViDIR Group"),
        ("attribution.txt", lambda t: t.replace(b"ViDIR", b"Vidir"), "attribution.txt names 'Vidir Group"),
        ("attribution.txt", lambda t: t + b"\n\n" + t, "not each holder once"),
        ("attribution.txt", lambda t: b"\xff", "attribution.txt: missing, or no text"),
        ("licenses/CC0-1.0.txt", lambda t: t.replace(b"CC0-1.0", b"MIT"), "does not say that it is CC0-1.0"),
        ("licenses/CC0-1.0.txt", lambda t: t + b"x", "CC0-1.0.txt does not end with the images under it: "),
        ("licenses/CC0-1.0.txt", lambda t: b"Images under it: 0\n" + t, "does not end with the images under it"),
        ("README.md", lambda t: t.replace(b"| all |", b"| all of them |"), "README.md does not have the table"),
        ("croissant.json", lambda t: b"{}", "'recordSet' is missing"),
        ("croissant.json", lambda t: b"[]", "croissant.json: not an object"),
        ("croissant.json", lambda t: b"{", "croissant.json: cannot be read"),
        ("croissant.json", lambda t: t.replace(b'"name": "good"', b'"name": "better"'), "'name' is not what"),
        ("croissant.json", lambda t: t.replace(b'"version"', b'"x": 1, "version"'), "'x' is not of its form"),
        ("croissant.json", lambda t: t.replace(b'"citeAs": "good, ', b'"citeAs": ["a"], "x": "'), "'citeAs' is not what"),
    ],
)  # fmt: skip
def test_a_difference_is_named(good, tmp_path, name, change, message):
    folder = copy_of(good, tmp_path)
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(change(before))
    assert (folder / name).read_bytes() != before
    repair_sums(folder)
    found = verify(folder).violations
    assert {v.invariant for v in found} == {0}
    assert any(message in v.message for v in found), found


def test_sentences_are_free(good, tmp_path):
    folder = copy_of(good, tmp_path)
    for name, old, new in (
        ("README.md", b"A frozen manifest", b"An icy manifest"),
        ("licenses/CC0-1.0.txt", b"Nothing:", b"Not much:"),
        ("croissant.json", b"One row for each image", b"A row for every image"),
        ("croissant.json", b'"citeAs": "good,', b'"citeAs": "As you like, and good,'),
    ):
        text = (folder / name).read_bytes()
        (folder / name).write_bytes(text.replace(old, new))
        assert (folder / name).read_bytes() != text
    repair_sums(folder)
    assert verify(folder).ok


def test_what_the_publisher_said_is_not_free(published, tmp_path):
    folder = copy_of(published, tmp_path)
    text = (folder / "croissant.json").read_bytes()
    (folder / "croissant.json").write_bytes(text.replace(b"Steward A (2026).", b"Nobody (2026)."))
    repair_sums(folder)
    assert [v.message for v in verify(folder).violations] == [
        "croissant.json: 'citeAs' is not what the tables and manifest.json say"
    ]


def test_what_cannot_be_compared_is_told_and_never_a_traceback(good, tmp_path):
    folder = copy_of(good, tmp_path)
    change_json(folder, "manifest.json", lambda c: c.update(publication=[1]))
    assert any("cannot be checked (" in v.message for v in verify(folder).violations if v.invariant == 0)
