"""The README's table of sources is that of the declarations; `check` says what an ingest would."""

import shutil

from curate.sources.check import check_folder
from curate.sources.overview import overview, with_table
from curate.sources.registry import HERE, SOURCES, source
from tests.conftest import CHECKOUT
from tests.data.ham10000.make import make


def test_the_readme_s_table_is_made_from_the_declarations():
    page = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert with_table(page) == page, "run: python -m curate.sources.overview README.md"
    assert [row["id"] for row in overview()] == list(SOURCES)


def test_check_says_what_is_there_and_writes_nothing(tree, tmp_path):
    expected = make(tmp_path / "ham")
    before = sorted(p for p in tmp_path.rglob("*"))
    found = check_folder(source("ham10000", tree), tmp_path / "ham", tree)
    assert sorted(p for p in tmp_path.rglob("*")) == before
    assert (found["images"], found["rows"], found["lesions"]) == (expected.images, expected.rows, expected.lesions)
    assert found["expected_images"] == 10015
    assert found["coverage"] == [{"source": "ham10000", "images": 5, "with_node": 4, "with_leaf": 0, "with_nine_class": 2}]
    assert any("publisher names 10015" in f["message"] for f in found["findings"])


def test_a_new_source_is_one_folder_and_no_edit_elsewhere(tree, tmp_path):
    """A copy of a source under another id, beside a copy of the package's sources: it is listed and read."""
    import subprocess
    import sys

    place = tmp_path / "package"
    shutil.copytree(HERE.parent, place / "curate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CHECKOUT / "schemas", place / "schemas")
    new = place / "curate" / "sources" / "ours"
    shutil.copytree(HERE / "ham10000", new)
    text = (new / "source.toml").read_text(encoding="utf-8")
    (new / "source.toml").write_text(text.replace('id = "ham10000"', 'id = "ours"'), encoding="utf-8")
    make(tmp_path / "native")
    code = "from curate.cli import main; main()"
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(place)!r}); {code}"]
    arguments = ["ingest", "ours", str(tmp_path / "native"), "--workspace", str(tmp_path / "w"), "--json"]
    done = subprocess.run([*run, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"images": 5' in done.stdout
    listed = subprocess.run([*run, "sources"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "ours " in listed
