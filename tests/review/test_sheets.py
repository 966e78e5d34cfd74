"""A sheet tells a reviewer nothing but the pictures and their numbers."""

import base64
import csv
import io
import json
import re
import shutil

import pytest
from PIL import Image

from curate.errors import InputError
from curate.fingerprints.picture import decode
from curate.manifest.pictures import Pictures
from curate.review.draw import Request, draw
from curate.review.sheets import KEY, SIDE, shown, write_sheets
from tests.review.small import IMAGES

LINK = re.compile(r'src="data:image/jpeg;base64,([^"]+)"')
SECTION = re.compile(r"<section.*?</section>", re.DOTALL)


@pytest.fixture
def drawn(small):
    return draw(small, Request(number=12, known_share=0.25))


@pytest.fixture
def sheet(small, drawn, pictures, tmp_path):
    out = tmp_path / "sheet"
    told = write_sheets(small, drawn, pictures, out, {"seed": 2017})
    page = (out / "for_reviewer" / "sheet.html").read_text(encoding="utf-8")
    with (out / "key.csv").open(newline="") as handle:
        key = list(csv.DictReader(handle))
    return out, told, page, key


def test_what_is_there(sheet):
    out, told, page, key = sheet
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "draw.json",
        "for_reviewer/answers.csv",
        "for_reviewer/sheet.html",
        "key.csv",
    ]
    assert (told["pairs"], told["judged"], told["known_same"], told["known_different"]) == (16, 12, 2, 2)
    assert len(SECTION.findall(page)) == len(key) == 16
    assert tuple(key[0]) == KEY
    answers = (out / "for_reviewer" / "answers.csv").read_text().splitlines()
    assert answers == ["number,verdict,note,sheet", *[f"{n},,,{told['sheet']}" for n in range(1, 17)]]
    assert json.loads((out / "draw.json").read_text())["settings"] == {"seed": 2017}


def test_the_page_is_blind(sheet):
    """Without its pictures and numbers, every pair is the same text, and no word of the catalogue's stands on the page."""
    _, _, page, key = sheet
    bare = LINK.sub('src="picture"', page)
    sections = {re.sub(r"\b\d+\b", "N", section) for section in SECTION.findall(bare)}
    assert len(sections) == 1
    kinds = {"known_same", "known_different", "evidence", "probability", "cnn", "hash", "isic", "lesion_id"}
    sources = {image.partition(":")[0] for image in IMAGES}
    for word in {*IMAGES, *(i.partition(":")[2] for i in IMAGES), *sources, *kinds, *(row["score"] for row in key if row["score"])}:
        assert word not in bare, word


def test_pictures_are_of_one_size_carry_no_metadata_and_stand_where_the_key_says(sheet, small_folder):
    _, _, page, key = sheet
    links = [base64.b64decode(link) for link in LINK.findall(page)]
    assert len(links) == 2 * len(key)
    tables = set()
    for n, row in enumerate(key):
        left = row[row["left"]]
        right = row["image_b" if row["left"] == "image_a" else "image_a"]
        for content, image in zip(links[2 * n : 2 * n + 2], (left, right), strict=True):
            source, native = image.split(":")
            assert content == shown(decode((small_folder / source / f"{native}.jpg").read_bytes()).rgb)
            assert native.encode() not in content
            with Image.open(io.BytesIO(content)) as opened:
                assert max(opened.size) == SIDE >= 256
                assert not opened.getexif()
                assert opened.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
                tables.add(str(opened.quantization))
    assert len(tables) == 1
    assert {row["left"] for row in key} == {"image_a", "image_b"}


def test_nothing_of_the_page_comes_from_elsewhere(sheet):
    _, _, page, _ = sheet
    bare = LINK.sub("", page)
    assert "default-src 'none'" in bare
    assert not re.findall(r"https?:|//|@import|url\(", bare.replace("//# ", ""))
    assert not re.findall(r"\b(?:src|href)=", bare)


def test_the_same_draw_gives_the_same_bytes(sheet, small, drawn, pictures, tmp_path):
    out, *_ = sheet
    write_sheets(small, drawn, pictures, tmp_path / "again", {"seed": 2017})
    for file in ("draw.json", "key.csv", "for_reviewer/sheet.html", "for_reviewer/answers.csv"):
        assert (out / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_no_answer_is_overwritten_and_nothing_is_left_half_done(sheet, small, drawn, small_folder, tmp_path):
    out, *_ = sheet
    before = (out / "key.csv").read_bytes()
    with pytest.raises(InputError, match="not empty"):
        write_sheets(small, drawn, Pictures({}), out, {})
    assert (out / "key.csv").read_bytes() == before
    with pytest.raises(InputError, match="is not known"):
        write_sheets(small, drawn, Pictures({}), tmp_path / "new", {})
    copy = tmp_path / "copy"
    shutil.copytree(small_folder, copy)
    elsewhere = Pictures.find(["archive", "hospital", "web"], [str(copy)], None)
    broken = next(p for p in drawn.pairs if p.image_a.startswith("archive:")).image_a
    path = copy / "archive" / f"{broken.split(':')[1]}.jpg"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(InputError, match=f"{broken} is not the one that was fingerprinted"):
        write_sheets(small, drawn, elsewhere, tmp_path / "new", {})
    path.unlink()
    with pytest.raises(InputError, match=f"{broken} cannot be read") as caught:
        write_sheets(small, drawn, elsewhere, tmp_path / "new", {})
    assert "--images archive=FOLDER" in caught.value.hint
    assert not list(tmp_path.glob("*new*"))
