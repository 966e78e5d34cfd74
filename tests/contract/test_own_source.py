"""A project names a steward's own declaration beside itself, and tables whose pictures are not there."""

import pyarrow.parquet as pq
import pytest

from curate.engines import LocalEngine
from curate.errors import InputError
from curate.pipeline import run_project
from curate.project import load_project
from curate.terminal import Terminal
from tests.drawn import picture

OWN = """
id = "ours"
name = "Our clinic"
type = "hospital"
licence = "CC0-1.0"
attribution = "ours"
citation = "none"
homepage = "https://example.org/"
download = "the export"
[[images]]
pattern = '(?P<native_id>ISIC_\\d+)\\.png'
[[tables]]
pattern = 'table\\.csv'
key = "{image}"
[record]
image_keys = ["isic:{native_id}"]
labels = ["diagnosis"]
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "ours.toml").write_text(OWN)
    (tmp_path / "label_map.csv").write_text(
        "field,native_label,node_id,how,candidates,reason\ndiagnosis,melanoma,DC:0000018,internal,,\n"
    )
    (tmp_path / "clinic").mkdir()
    for n in (1, 2, 3):
        picture(n, "nevus").save(tmp_path / "clinic" / f"ISIC_000000{n}.png")
    (tmp_path / "clinic" / "table.csv").write_text("image,diagnosis\n" + "".join(f"ISIC_000000{n},melanoma\n" for n in (1, 2, 3)))
    (tmp_path / "ham").mkdir()
    (tmp_path / "ham" / "HAM10000_metadata.csv").write_text(
        "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
        "HAM_1,ISIC_0000001,mel,histo,50,male,back\nHAM_1,ISIC_0000002,mel,histo,50,male,back\n"
    )
    return tmp_path


def project(place, sources):
    path = place / "p.toml"
    path.write_text(f'name = "p"\nsources = [{sources}]\n[fingerprints]\nfeatures = "none"\n')
    return load_project(path)


def test_it_runs_from_any_folder_and_absent_pictures_give_their_lesion(place, monkeypatch):
    monkeypatch.chdir("/")
    asked = project(place, '{ id = "ours.toml", folder = "clinic" }, { id = "ham10000", folder = "ham", metadata_only = true }')
    result = run_project(asked, LocalEngine(1), Terminal(quiet=True))
    edges = pq.read_table(f"{result['manifest']}/edges.parquet").to_pylist()
    assert [(e["image_a"], e["image_b"], e["evidence"]) for e in edges] == [("ours:ISIC_0000001", "ours:ISIC_0000002", "lesion")]


def test_two_declarations_of_one_id_are_refused(place):
    (place / "again.toml").write_text(OWN)
    asked = project(place, '{ id = "ours.toml", folder = "clinic" }, { id = "again.toml", folder = "clinic" }')
    with pytest.raises(InputError, match="names ours twice"):
        run_project(asked, LocalEngine(1), Terminal(quiet=True))
