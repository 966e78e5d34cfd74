"""The contract of `tests/sources/contract.py` over the publishers' own tables, and the fakes' header lines against theirs."""

import gzip
import importlib
from pathlib import Path

import pytest

from tests.sources.contract import read

pytestmark = pytest.mark.real

TABLES = {
    "derm7pt": {
        "release_v0/meta/meta.csv": "tables/derm7pt_meta.csv",
        "release_v0/meta/train_indexes.csv": "tables/derm7pt_train_indexes.csv",
        "release_v0/meta/valid_indexes.csv": "tables/derm7pt_valid_indexes.csv",
        "release_v0/meta/test_indexes.csv": "tables/derm7pt_test_indexes.csv",
    },
    "fitzpatrick17k": {"fitzpatrick17k.csv": "tables/fitzpatrick17k.csv.gz"},
    "ham10000": {"HAM10000_metadata.csv": "ham10000/HAM10000_metadata.csv"},
    "isic_archive": {"archive_2019-08_all_records.json.gz": "isic_archive/archive_2019-08_all_records.json.gz"},
    "isic_challenge_2016": {
        "ISBI2016_ISIC_Part3_Training_GroundTruth.csv": "tables/ISBI2016_ISIC_Part3_Training_GroundTruth.csv",
    },
    "isic_challenge_2017": {
        "ISIC-2017_Training_Part3_GroundTruth.csv": "isic_challenge_2017/ISIC-2017_Training_Part3_GroundTruth.csv",
        "ISIC-2017_Validation_Part3_GroundTruth.csv": "isic_challenge_2017/ISIC-2017_Validation_Part3_GroundTruth.csv",
        "ISIC-2017_Test_v2_Part3_GroundTruth.csv": "isic_challenge_2017/ISIC-2017_Test_v2_Part3_GroundTruth.csv",
        "ISIC-2017_Training_Data/ISIC-2017_Training_Data_metadata.csv": "tables/ISIC-2017_Training_Data_metadata.csv",
    },
    "isic_challenge_2019": {
        f"{name}.csv": f"tables/{name}.csv.gz"
        for name in ("ISIC_2019_Training_GroundTruth", "ISIC_2019_Training_Metadata", "ISIC_2019_Test_Metadata")
    },
    "isic_challenge_2020": {
        "ISIC_2020_Training_GroundTruth_v2.csv": "tables/ISIC_2020_Training_GroundTruth_v2.csv.gz",
        "ISIC_2020_Training_Duplicates.csv": "tables/duplicates/ISIC_2020_Training_Duplicates.csv",
    },
    "isic_challenge_2024": {"test-metadata.csv": "tables/ISIC_2024_test-metadata_3rows.csv"},
    "isic_challenge_2025": {
        "MILK10k_Training_Metadata.csv": "tables/MILK10k_Training_Metadata.csv.gz",
        "MILK10k_Training_Supplement.csv": "tables/MILK10k_Training_Supplement.csv.gz",
        "MILK10k_Training_GroundTruth.csv": "tables/MILK10k_Training_GroundTruth.csv",
        "MILK10k_Test_Metadata.csv": "tables/MILK10k_Test_Metadata.csv",
    },
    "pad_ufes_20": {"metadata.csv": "pad_ufes_20/metadata.csv"},
}


@pytest.fixture(params=TABLES)
def laid(request, shared, tmp_path) -> tuple[str, Path]:
    for name, place in TABLES[request.param].items():
        path = shared / "data" / place
        target = tmp_path / "native" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        packed = place.endswith(".gz") and not name.endswith(".gz")
        target.write_bytes(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    return request.param, tmp_path / "native"


def test_the_real_tables_keep_the_contract(laid, catalogue, tree):
    source_id, folder = laid
    summary = read(catalogue, source_id, folder, tree, metadata_only=True)
    assert summary["rows"] > 0
    assert summary["rows_rejected"] == 0


def test_a_fake_has_the_header_line_of_the_real_table(laid):
    source_id, folder = laid
    headers = importlib.import_module(f"tests.data.{source_id}.make").HEADERS
    for path in (p for p in folder.rglob("*") if p.name in headers):
        first = path.read_text(encoding="utf-8-sig").partition("\n")[0].strip().replace('"', "")
        assert first == headers[path.name], path.name
