"""Fetching from the ISIC Archive, against a stand-in on loopback that answers as its API does, and misbehaves when told to."""

import base64
import csv
import hashlib
import http.server
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from curate.cli.fetch import fetch as command
from curate.errors import InputError
from curate.sources import fetch, isic_folder, web
from curate.sources.fetch import fetch_isic, measure_isic
from curate.sources.ingest import ingest
from curate.sources.registry import source
from tests.drawn import picture

HIDDEN_BYTES = 57  # by so much the archive's listing is shorter than the file, into which it writes attribution and licence
LEVELS = {
    "nevus": ("Benign", "Benign melanocytic proliferations", "Nevus"),
    "melanoma": ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma, NOS"),
}


def drawn(number: int, kind: str) -> bytes:
    content = io.BytesIO()
    picture(number, kind).save(content, "JPEG", quality=95)
    return content.getvalue()


class Archive(http.server.ThreadingHTTPServer):
    """A stand-in for the archive and its file store.

    Attributes:
        records: what a search gives, in order.
        files: content by file name.
        trouble: what goes wrong, by path (of files: their name), first entry first; each once.
        asked: every request: path and headers.
        sent: bytes sent by path.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.records: list[dict] = []
        self.files: dict[str, bytes] = {}
        self.collections = {65: {f"ISIC_000000{n}" for n in (1, 2)}}
        self.trouble: dict[str, list[str]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent: dict[str, int] = defaultdict(int)
        self.page = 3  # records per answer at most
        self.signature = "a~b"
        self.etags = True
        self.amazon = False
        self.release = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api(self) -> str:
        return f"{self.address}/api/v2/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Those who hang up are no matter."""

    def add(self, number: int, kind: str, license_: str = "CC-BY", attribution: str = "Clinic A", **clinical: object) -> None:
        isic_id = f"ISIC_{number:07}"
        content = drawn(number, kind)
        self.files[f"{isic_id}.jpg"] = content
        levels = {f"diagnosis_{n}": level for n, level in enumerate(LEVELS[kind], 1)}
        self.records.append(
            {
                "isic_id": isic_id,
                "public": True,
                "copyright_license": license_,
                "attribution": attribution,
                "files": {"full": {"size": len(content) - HIDDEN_BYTES}, "thumbnail_256": {"url": "unused", "size": 1}},
                "metadata": {"acquisition": {"pixels_x": 160, "pixels_y": 120}, "clinical": {**levels, **clinical}},
            }
        )

    def change(self, name: str, content: bytes) -> None:
        self.files[name] = content
        record = next(r for r in self.records if r["isic_id"] in name)
        record["files"]["full"]["size"] = len(content) - HIDDEN_BYTES

    def requests_of(self, name: str) -> list[dict[str, str]]:
        return [headers for path, headers in self.asked if path.endswith(name)]

    def shown(self, record: dict) -> dict:
        full = {"url": f"{self.address}/files/{record['isic_id']}.jpg?Expires=1&Signature={self.signature}&Key-Pair-Id=K"}
        files = {**record["files"], "full": {**full, **record["files"]["full"]}}
        return {**record, "files": files}


class Answer(http.server.BaseHTTPRequestHandler):
    server: Archive
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.server.asked.append((parts.path, dict(self.headers)))
        self.close_connection = True
        queue = self.server.trouble[parts.path.rsplit("/", 1)[-1] if parts.path.startswith("/files/") else parts.path]
        trouble = queue.pop(0) if queue else ""
        if trouble.isdigit():
            self.give(int(trouble), b'{"detail": "trouble"}', {"Retry-After": "0"})
        elif trouble.startswith("to "):
            self.give(302, b"", {"Location": trouble.removeprefix("to ")})
        elif parts.path.startswith("/files/"):
            self.file(parts.path.removeprefix("/files/"), asked, trouble)
        else:
            self.answer(parts.path.removeprefix("/api/v2/"), asked, trouble)

    def answer(self, path: str, asked: dict[str, str], trouble: str) -> None:
        archive = self.server
        if path == "images/search/" and trouble == "html":
            self.give(200, b"<html>Please log in</html>", {})
        elif path == "images/search/":
            self.search(asked)
        elif path == "images/search/size/":
            sizes = [r["files"]["full"].get("size") for r in self.found(asked)]
            self.json({"size": sum(s for s in sizes if isinstance(s, int))})
        elif found := re.fullmatch(r"images/(ISIC_\d+)/", path):
            self.json(archive.shown(next(r for r in archive.records if r["isic_id"] == found[1])))
        elif found := re.fullmatch(r"collections/(\d+)/", path):
            number = int(found[1])
            known = number in archive.collections
            self.json({"id": number, "name": "Some"} if known else {"detail": "Not Found"}, 200 if known else 404)
        elif found := re.fullmatch(r"zip-download/license-file/(CC-0|CC-BY|CC-BY-NC)/", path):
            self.give(200, f"The text of {found[1]}.\n".encode(), {"Content-Type": "text/plain"})
        else:
            self.json({"detail": "Not Found"}, 404)

    def found(self, asked: dict[str, str]) -> list[dict]:
        within = [self.server.collections[int(c)] for c in asked.get("collections", "").split(",") if c]
        fields = dict(part.split(":") for part in asked.get("query", "").split(" AND ") if part)
        return [
            r
            for r in self.server.records
            if (not within or any(r["isic_id"] in c for c in within))
            and all(str(r["metadata"]["clinical"].get(k)) == v.strip('"') for k, v in fields.items())
        ]

    def search(self, asked: dict[str, str]) -> None:
        if "(" in asked.get("query", ""):
            self.json({"message": "Could not parse search query."}, 400)
            return
        found = self.found(asked)
        size = min(int(asked.get("limit", 100)), self.server.page)
        begin = int(base64.b64decode(asked["cursor"]).decode().removeprefix("p=")) if "cursor" in asked else 0
        end = begin + size
        following = {**asked, "cursor": base64.b64encode(f"p={end}".encode()).decode()}
        self.json(
            {
                "count": None if begin else len(found),
                "next": f"{self.server.api}images/search/?{urlencode(following)}" if end < len(found) else None,
                "previous": None,
                "results": [self.server.shown(r) for r in found[begin:end]],
            }
        )

    def file(self, name: str, asked: dict[str, str], trouble: str) -> None:
        if asked.get("Signature") != self.server.signature:
            self.give(403, b"<Error><Code>AccessDenied</Code></Error>", {})
            return
        content = self.server.files[name]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"Content-Type": "image/jpeg", "Accept-Ranges": "bytes"}
        if self.server.etags:
            headers["ETag"] = etag
        if self.server.amazon:
            headers["Server"] = "AmazonS3"
        if trouble == "wrong etag":
            headers["ETag"] = f'"{"0" * 32}"'
        if trouble == "page":
            self.give(200, b"<html>Please log in</html>", {})
            return
        begin, status = 0, 200
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if part and trouble != "no ranges" and self.headers.get("If-Range") in (None, etag):
            begin, status = int(part[1]), 206
            if begin >= len(content):
                self.give(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        rest = content[begin:]
        half = rest[: len(rest) // 2]
        self.send_response_only(status)
        if trouble != "no length":
            headers["Content-Length"] = str(len(rest))
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        sent = half if trouble in ("cut", "stall", "no length") else rest
        self.server.sent[name] += len(sent)
        self.wfile.write(sent)
        if trouble == "stall":
            self.wfile.flush()
            self.server.release.wait(60)

    def json(self, content: object, status: int = 200) -> None:
        self.give(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def give(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for header, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(web, "CHUNK", 1000)
    server = Archive()
    server.add(1, "nevus", "CC-0", "Anonymous", sex="male", age_approx=50, lesion_id="IL_0000001", patient_id="IP_0000001")
    server.add(2, "melanoma", lesion_id="IL_0000002", patient_id="IP_0000002", diagnosis_confirm_type="histopathology")
    server.add(3, "nevus", "CC-BY-NC", "Clinic B, Ward “9”", sex="female", melanocytic=True)
    server.add(4, "nevus", "CC-BY", lesion_id="IL_0000002", patient_id="IP_0000002", concomitant_biopsy=False, sex="male")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(archive: Archive, out: Path, **asked: object) -> fetch.Fetched:
    return fetch_isic(out, **{"collections": [], "api": archive.api, "pause": 0.0, **asked})


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_whole(archive: Archive, out: Path) -> None:
    """Every picture is there byte for byte, the state says so, and nothing unfinished is left."""
    assert {n: c for n, c in contents(out).items() if n.endswith(".jpg")} == archive.files
    state = table(out / "fetched.csv")
    assert [r["file"] for r in state] == sorted(archive.files)
    for row in state:
        assert row["sha256"] == hashlib.sha256(archive.files[row["file"]]).hexdigest()
        assert int(row["bytes"]) == len(archive.files[row["file"]])
    assert not list(out.rglob(".isic-partial.*"))


def test_the_folder_is_as_isic_cli_writes_it(archive, tmp_path):
    out = tmp_path / "new" / "isic"
    seen = []
    done = fetched(archive, out, progress=lambda *p: seen.append(p))
    assert_whole(archive, out)
    assert (done.images, done.fetched, done.kept, done.notes) == (4, 4, 0, [])
    assert done.bytes == done.received_bytes == sum(map(len, archive.files.values()))
    assert done.other_length == 4
    assert seen == [(n, 4) for n in range(1, 5)]
    names = {"metadata.csv", "attribution.txt", "fetched.csv", *archive.files}
    assert set(contents(out)) == names | {f"licenses/{x}.txt" for x in ("CC-0", "CC-BY", "CC-BY-NC")}
    assert (out / "licenses" / "CC-0.txt").read_text() == "The text of CC-0.\n"
    assert (out / "attribution.txt").read_text(encoding="utf-8") == "Clinic A\n\nClinic B, Ward “9”\n\nAnonymous"


def test_metadata_has_three_first_columns_and_then_the_used_fields_by_name(archive, tmp_path):
    fetched(archive, tmp_path)
    rows = table(tmp_path / "metadata.csv")
    used = {k for r in archive.records for part in r["metadata"].values() for k in part}
    assert list(rows[0]) == ["isic_id", "attribution", "copyright_license", *sorted(used)]
    for row, record in zip(rows, archive.records, strict=True):  # the same, cell by cell, the slow way
        expected = {**record["metadata"]["acquisition"], **record["metadata"]["clinical"]}
        expected |= {k: record[k] for k in ("isic_id", "attribution", "copyright_license")}
        assert row == {name: str(expected.get(name, "")) for name in row}


def test_pages_are_followed_by_their_cursor_and_only_get_is_used(archive, tmp_path):
    for number in range(5, 12):
        archive.add(number, "nevus")
    done = fetched(archive, tmp_path)
    assert done.images == 11
    pages = [p for p, _ in archive.asked if p.endswith("/images/search/")]
    assert len(pages) == 1 + 4  # the count, then pages of three


def test_collections_query_and_limit_are_asked_for(archive, tmp_path):
    assert fetched(archive, tmp_path / "a", collections=[65]).images == 2
    assert fetched(archive, tmp_path / "b", query='sex:"male"').images == 2
    assert fetched(archive, tmp_path / "c", limit=1).images == 1
    assert fetched(archive, tmp_path / "d", limit=99).images == 4
    assert [r["isic_id"] for r in table(tmp_path / "b" / "metadata.csv")] == ["ISIC_0000001", "ISIC_0000004"]


def test_a_second_run_checks_and_does_nothing(archive, tmp_path):
    fetched(archive, tmp_path)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()}
    archive.asked.clear()
    done = fetched(archive, tmp_path)
    assert (done.kept, done.fetched, done.replaced, done.received_bytes) == (4, 0, 0, 0)
    assert before == {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()}
    assert not [p for p, _ in archive.asked if p.startswith("/files/") or "license" in p]


@pytest.mark.parametrize("harm", ["changed", "shorter", "gone"])
def test_a_second_run_sees_what_was_damaged(archive, tmp_path, harm):
    fetched(archive, tmp_path)
    file = tmp_path / "ISIC_0000002.jpg"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content if harm == "changed" else content[:-5])
    done = fetched(archive, tmp_path)
    assert (done.kept, done.fetched, done.replaced) == ((3, 1, 0) if harm == "gone" else (3, 0, 1))
    assert_whole(archive, tmp_path)


def test_what_the_archive_exchanged_is_replaced(archive, tmp_path):
    fetched(archive, tmp_path)
    archive.change("ISIC_0000003.jpg", drawn(33, "melanoma"))
    archive.records[0]["metadata"]["clinical"]["age_approx"] = 55
    done = fetched(archive, tmp_path)
    assert (done.kept, done.replaced) == (3, 1)
    assert_whole(archive, tmp_path)
    assert table(tmp_path / "metadata.csv")[0]["age_approx"] == "55"


@pytest.mark.parametrize("trouble", [["cut"], ["cut", "cut", "503", "cut"], ["cut", "cut", "cut", "cut", "cut", "cut", "cut"]])
def test_a_cut_file_goes_on_where_it_was_cut(archive, tmp_path, trouble):
    archive.trouble["ISIC_0000002.jpg"] += trouble
    done = fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)
    asked = archive.requests_of("ISIC_0000002.jpg")
    assert len(asked) == len(trouble) + 1
    assert all("Range" in headers and "If-Range" in headers for headers in asked[1:])
    assert archive.sent["ISIC_0000002.jpg"] == len(archive.files["ISIC_0000002.jpg"])  # no byte came twice
    assert done.received_bytes == done.bytes


@pytest.mark.parametrize("trouble", [["500"], ["429"], ["503", "502"], ["408"]])
@pytest.mark.parametrize("where", ["ISIC_0000003.jpg", "/api/v2/images/search/", "/api/v2/zip-download/license-file/CC-0/"])
def test_passing_trouble_passes(archive, tmp_path, trouble, where):
    archive.trouble[where] += trouble
    assert fetched(archive, tmp_path).images == 4
    assert_whole(archive, tmp_path)


def test_a_later_run_goes_on_with_what_an_earlier_one_left(archive, tmp_path):
    name = "ISIC_0000001.jpg"
    archive.trouble[name] += ["cut", *["500"] * (web.ATTEMPTS - 1)]
    with pytest.raises(InputError) as caught:
        fetched(archive, tmp_path)
    assert "ISIC_0000001: the server answers 500" in str(caught.value)
    assert "3 are here" in caught.value.message
    assert "same command again" in caught.value.hint
    assert [r["isic_id"] for r in table(tmp_path / "metadata.csv")] == ["ISIC_0000002", "ISIC_0000003", "ISIC_0000004"]
    half = (tmp_path / ".isic-partial.ISIC_0000001").stat().st_size
    assert 0 < half < len(archive.files[name])
    archive.asked.clear()
    done = fetched(archive, tmp_path)
    assert (done.fetched, done.kept) == (1, 3)
    assert [h["Range"] for h in archive.requests_of(name)] == [f"bytes={half}-"]
    assert archive.sent[name] == len(archive.files[name])
    assert_whole(archive, tmp_path)
    assert len(table(tmp_path / "metadata.csv")) == 4


def test_a_file_that_changed_between_cut_and_rest_is_not_patched_together(archive, tmp_path):
    name = "ISIC_0000001.jpg"
    archive.trouble[name] += ["cut", *["500"] * (web.ATTEMPTS - 1)]
    with pytest.raises(InputError):
        fetched(archive, tmp_path)
    archive.files[name] = drawn(77, "nevus")
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)


@pytest.mark.parametrize("way", ["no ranges", "no etag"])
def test_without_ranges_or_versions_a_file_begins_anew(archive, tmp_path, way):
    archive.etags = way != "no etag"
    archive.trouble["ISIC_0000002.jpg"] += ["cut", "no ranges" if way == "no ranges" else ""]
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)
    assert archive.sent["ISIC_0000002.jpg"] > len(archive.files["ISIC_0000002.jpg"])


def test_a_rest_that_is_not_there_begins_anew(archive, tmp_path):
    name = "ISIC_0000002.jpg"
    content = archive.files[name]
    tmp_path.joinpath(".isic-partial.ISIC_0000002").write_bytes(content + b"more")
    tmp_path.joinpath(".isic-partial.ISIC_0000002.etag").write_text(f'"{hashlib.md5(content).hexdigest()}"')
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)


def test_a_file_that_is_always_cut_at_one_place_is_given_up(archive, tmp_path):
    archive.etags = False
    archive.trouble["ISIC_0000002.jpg"] += ["cut"] * 50
    with pytest.raises(InputError, match=r"1 pictures could not be had \(ISIC_0000002: cut off after \d+ of \d+ bytes"):
        fetched(archive, tmp_path)
    assert len(archive.requests_of("ISIC_0000002.jpg")) <= web.ATTEMPTS + 1


def test_a_length_that_only_the_listing_gives_is_kept_to(archive, tmp_path):
    """Where the server names no length, what came has to be as long as listed."""
    archive.etags = False
    archive.trouble["ISIC_0000002.jpg"] += ["no length"] * 50
    with pytest.raises(InputError, match="ISIC_0000002: cut off after"):
        fetched(archive, tmp_path)
    assert not (tmp_path / "ISIC_0000002.jpg").exists()


@pytest.mark.parametrize("times", [1, 50])
def test_a_digest_that_differs_is_not_accepted(archive, tmp_path, times):
    archive.amazon = True
    archive.trouble["ISIC_0000002.jpg"] += ["wrong etag"] * times
    if times == 1:
        assert fetched(archive, tmp_path).images == 4
        assert_whole(archive, tmp_path)
        return
    with pytest.raises(InputError, match="ISIC_0000002: what came has not the md5"):
        fetched(archive, tmp_path)
    assert not (tmp_path / "ISIC_0000002.jpg").exists()


def test_a_page_in_place_of_a_picture_is_refused(archive, tmp_path):
    archive.trouble["ISIC_0000002.jpg"] += ["page"] * 50
    with pytest.raises(InputError, match="ISIC_0000002: what came is no picture"):
        fetched(archive, tmp_path)
    assert not (tmp_path / "ISIC_0000002.jpg").exists()


def test_a_signature_that_expired_is_asked_for_again(archive, tmp_path, monkeypatch):
    shown = archive.shown
    monkeypatch.setattr(archive, "shown", lambda r: json.loads(json.dumps(shown(r)).replace("a~b", "old")))
    monkeypatch.setattr(Answer, "json", _fresh_for_one(Answer.json))
    assert fetched(archive, tmp_path).images == 4
    assert_whole(archive, tmp_path)
    assert archive.requests_of("/images/ISIC_0000001/")


def _fresh_for_one(plain):
    def give(self: Answer, content: object, status: int = 200) -> None:
        if re.search(r"/images/ISIC_\d+/", self.path):
            content = json.loads(json.dumps(content).replace("Signature=old", "Signature=a~b"))
        plain(self, content, status)

    return give


def test_a_picture_that_is_gone_does_not_stop_the_others(archive, tmp_path):
    archive.trouble["ISIC_0000002.jpg"] += ["404"]
    with pytest.raises(InputError, match=r"1 pictures could not be had \(ISIC_0000002: the server answers 404"):
        fetched(archive, tmp_path)
    assert fetched(archive, tmp_path).kept == 3


def test_many_failures_end_it(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TOO_MANY", 1)
    for name in archive.files:
        archive.trouble[name] += ["404"] * 9
    with pytest.raises(InputError, match="2 pictures could not be had"):
        fetched(archive, tmp_path)


def test_a_second_query_adds_and_rows_of_the_first_stay(archive, tmp_path):
    fetched(archive, tmp_path, query="sex:male")
    first = {r["isic_id"]: r for r in table(tmp_path / "metadata.csv")}
    done = fetched(archive, tmp_path, query="sex:female")
    assert (done.fetched, done.not_listed) == (1, 2)
    assert "2 pictures of earlier fetches" in done.notes[0]
    rows = {r["isic_id"]: r for r in table(tmp_path / "metadata.csv")}
    assert sorted(rows) == ["ISIC_0000001", "ISIC_0000003", "ISIC_0000004"]
    assert {k: v for k, v in rows["ISIC_0000001"].items() if v} == {k: v for k, v in first["ISIC_0000001"].items() if v}


def test_what_the_archive_withdrew_is_told_and_stays(archive, tmp_path):
    fetched(archive, tmp_path)
    del archive.records[1]
    done = fetched(archive, tmp_path)
    assert (done.images, done.not_listed) == (3, 1)
    assert (tmp_path / "ISIC_0000002.jpg").is_file()
    (tmp_path / "ISIC_0000002.jpg").unlink()
    done = fetched(archive, tmp_path)
    assert (done.not_listed, len(table(tmp_path / "metadata.csv")), len(table(tmp_path / "fetched.csv"))) == (0, 3, 3)


@pytest.mark.parametrize("name", ["notes.txt", "ISIC_0000001.jpg", "metadata.csv"])
def test_a_folder_of_something_else_is_refused_and_left_alone(archive, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"holds what no fetch has put there: {name}"):
        fetched(archive, tmp_path)
    assert contents(tmp_path) == {name: b"mine"}
    assert archive.asked == []


def test_so_is_a_folder_with_a_stranger_among_ours(archive, tmp_path):
    fetched(archive, tmp_path)
    (tmp_path / "ISIC_0000009.jpg").write_text("mine")
    with pytest.raises(InputError, match=r"ISIC_0000009\.jpg"):
        fetched(archive, tmp_path)
    (tmp_path / "ISIC_0000009.jpg").unlink()
    (tmp_path / ".DS_Store").write_text("of the file manager")
    assert fetched(archive, tmp_path).kept == 4
    (tmp_path / "fetched.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has not the columns isic_id,file"):
        fetched(archive, tmp_path)


def test_one_process_at_a_time(archive, tmp_path):
    with isic_folder.Folder.claimed(tmp_path), pytest.raises(InputError, match="Another process fetches"):
        fetched(archive, tmp_path)


def test_a_row_that_was_cut_off_is_not_one(archive, tmp_path):
    fetched(archive, tmp_path)
    state = (tmp_path / "fetched.csv").read_text().splitlines(keepends=True)
    (tmp_path / "fetched.csv").write_text("".join(state[:-1]) + state[-1][:40])
    (tmp_path / "ISIC_0000004.jpg").rename(tmp_path / ".isic-partial.ISIC_0000004")
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)


def test_an_end_between_the_row_and_the_name_costs_no_byte(archive, tmp_path):
    fetched(archive, tmp_path)
    (tmp_path / "ISIC_0000004.jpg").rename(tmp_path / ".isic-partial.ISIC_0000004")
    archive.asked.clear()
    done = fetched(archive, tmp_path)
    assert (done.fetched, done.received_bytes) == (1, 0)
    assert archive.requests_of("ISIC_0000004.jpg") == []
    assert_whole(archive, tmp_path)


def test_a_collection_that_is_not_there(archive, tmp_path):
    out = tmp_path / "isic"
    with pytest.raises(InputError, match="no public collection 999") as caught:
        fetched(archive, out, collections=[65, 999])
    assert "collections/ lists them" in caught.value.hint
    assert not out.exists()


def test_a_query_that_the_archive_cannot_read_and_one_that_finds_nothing(archive, tmp_path):
    with pytest.raises(InputError, match="answers 400: Could not parse search query") as caught:
        fetched(archive, tmp_path / "x", query="(sex")
    assert "--query" in caught.value.hint
    with pytest.raises(InputError, match="No public picture"):
        fetched(archive, tmp_path / "x", query="sex:none")
    assert not (tmp_path / "x").exists()


def test_no_network(tmp_path):
    with pytest.raises(InputError, match=r"127\.0\.0\.1 cannot be reached: .*refused") as caught:
        fetch_isic(tmp_path / "x", collections=[], api="http://127.0.0.1:1/api/v2/", pause=0.0)
    assert "Check the network" in caught.value.hint
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("where", ["file:///etc/hostname", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a"])
def test_no_other_scheme_is_followed(archive, tmp_path, where):
    archive.trouble["ISIC_0000001.jpg"] += [f"to {where}"] * 9
    with pytest.raises(InputError):
        fetched(archive, tmp_path)
    archive.records[0]["files"]["full"]["url"] = where + ".jpg"
    with pytest.raises(InputError, match=r"is no http\(s\) address"):
        fetched(archive, tmp_path)
    assert not (tmp_path / "ISIC_0000001.jpg").exists()
    with pytest.raises(InputError, match="address"):
        fetch_isic(tmp_path, collections=[], api=where, pause=0.0)


def test_a_redirect_within_http_is_followed(archive, tmp_path):
    archive.trouble["ISIC_0000001.jpg"] += [f"to {archive.address}/files/ISIC_0000001.jpg?Signature=a~b"]
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)


def test_https_is_never_left(archive):
    secure = web.Web("https://127.0.0.1:1/api/v2/", 0.0)
    with pytest.raises(InputError, match="it is no https address"):
        secure.open(archive.address)
    request = web.urllib.request.Request("https://127.0.0.1/a")
    with pytest.raises(InputError, match="it is no https address"):
        web._Redirects().redirect_request(request, None, 302, "", {}, "http://127.0.0.1/a")


def test_the_next_page_cannot_lead_to_another_host(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(Archive, "api", property(lambda self: "http://192.0.2.1/api/v2/"))
    assert fetch_isic(tmp_path, collections=[], api=f"{archive.address}/api/v2", pause=0.0).images == 4


@pytest.mark.parametrize(
    "harm",
    [
        {"isic_id": "../../ISIC_0000001"},
        {"isic_id": "ISIC_1/../x"},
        {"copyright_license": "../CC-0"},
        {"copyright_license": ""},
        {"files": {"full": {"size": "many"}}},
        {"files": {"full": {"size": 1, "url": "http://127.0.0.1/a.jpg%2f..%2fb"}}},
        {"metadata": None},
    ],
)
def test_a_record_that_is_none_is_refused(archive, tmp_path, harm):
    archive.records[0].update(harm)
    with pytest.raises(InputError, match="The archive answers with record") as caught:
        fetched(archive, tmp_path / "x" / "y")
    assert "isic-cli" in caught.value.hint
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} <= {"fetched.csv"}


def test_an_answer_that_is_none_is_refused(archive, tmp_path):
    archive.trouble["/api/v2/images/search/"] += ["html"]
    with pytest.raises(InputError, match="no JSON") as caught:
        fetched(archive, tmp_path)
    assert "proxy" in caught.value.hint


def test_pages_that_go_in_circles_end(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(Answer, "search", _circles(Answer.search))
    with pytest.raises(InputError, match="a page that follows itself"):
        fetched(archive, tmp_path)


def _circles(plain):
    def search(self: Answer, asked: dict[str, str]) -> None:
        plain(self, {**asked, "cursor": base64.b64encode(b"p=0").decode()} if asked.get("cursor") else asked)

    return search


def test_a_licence_without_a_text_is_a_note(archive, tmp_path):
    archive.records[0]["copyright_license"] = "CC-XY"
    done = fetched(archive, tmp_path)
    assert done.notes == ["The text of the licence CC-XY could not be had: the server answers 404: Not Found."]
    assert_whole(archive, tmp_path)


def test_too_little_room_is_told_before_anything_comes(archive, tmp_path):
    for record in archive.records:
        record["files"]["full"]["size"] = 1 << 60
    with pytest.raises(InputError, match=r"has room for .* and .* TB would come"):
        fetched(archive, tmp_path)
    assert not [p for p, _ in archive.asked if p.startswith("/files/")]


WORKER = """
import resource, sys
from pathlib import Path
from curate.sources.fetch import fetch_isic
from curate.terminal import run_program
out, api, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
run_program(lambda: fetch_isic(out, collections=[], api=api, pause=0.0, workers=1))
"""


def worker(archive: Archive, out: Path, most: int = 0) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WORKER, str(out), archive.api, str(most)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_full_disk_is_told_and_what_came_is_used_later(archive, tmp_path):
    most = min(map(len, archive.files.values())) // 2
    _, said = worker(archive, tmp_path, most).communicate(timeout=60)
    assert said.startswith(f"The disk of {tmp_path} is full.\nMake room.")
    assert not list(tmp_path.glob("*.jpg"))
    assert (tmp_path / ".isic-partial.ISIC_0000001").stat().st_size == most
    archive.asked.clear()
    fetched(archive, tmp_path)
    assert_whole(archive, tmp_path)
    assert [h["Range"] for h in archive.requests_of("ISIC_0000001.jpg")] == [f"bytes={most}-"]


def test_a_row_that_does_not_fit_leaves_nothing_of_it(tmp_path, monkeypatch):
    write = os.write
    with isic_folder.Folder.claimed(tmp_path) as folder:
        folder.partial("ISIC_0000001").write_bytes(b"whole")
        before = (tmp_path / "fetched.csv").read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda handle, line: write(handle, line[:20]))
            with pytest.raises(OSError, match="No space left"):
                folder.keep(isic_folder.Held("ISIC_0000001", "ISIC_0000001.jpg", 5, "0" * 64, 5))
        assert (tmp_path / "fetched.csv").read_bytes() == before
        assert not (tmp_path / "ISIC_0000001.jpg").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_after_a_kill_it_goes_on(archive, tmp_path, number):
    name = "ISIC_0000003.jpg"
    archive.trouble[name] += ["stall"]
    half = len(archive.files[name]) // 2
    running = worker(archive, tmp_path)
    partial = tmp_path / ".isic-partial.ISIC_0000003"
    until = time.monotonic() + 60
    while not (partial.is_file() and partial.stat().st_size == half):
        assert time.monotonic() < until
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    os.kill(running.pid, number)
    time.sleep(0.5)  # the signal is there before the rest could come
    archive.release.set()
    _, said = running.communicate(timeout=60)
    assert running.returncode == (143 if number == signal.SIGTERM else -number)
    assert said == (
        "" if number == signal.SIGKILL else "Stopped; what was committed is kept, and the same command goes on from there.\n"
    )
    archive.asked.clear()
    done = fetched(archive, tmp_path)
    assert (done.kept, done.fetched) == (2, 2)
    assert [h["Range"] for h in archive.requests_of(name)] == [f"bytes={half}-"]
    assert_whole(archive, tmp_path)


def test_a_dry_run_says_how_much_and_writes_nothing(archive, tmp_path):
    out = tmp_path / "new"
    listed = [r["files"]["full"]["size"] for r in archive.records]
    for asked, expected in (({}, listed), ({"limit": 3}, listed[:3]), ({"query": "sex:male"}, [listed[0], listed[3]])):
        extent = measure_isic(out, **{"collections": [], "api": archive.api, "pause": 0.0, **asked})
        assert (extent.images, extent.bytes, extent.here) == (len(expected), sum(expected), 0)
        assert extent.free_bytes > 0
    archive.trouble["/api/v2/images/search/size/"] += ["404"]  # then it is added up page by page
    assert measure_isic(out, collections=[], api=archive.api, pause=0.0).bytes == sum(listed)
    assert not out.exists()
    assert not [p for p, _ in archive.asked if p.startswith("/files/")]


@pytest.fixture
def program() -> typer.Typer:
    app = typer.Typer()
    app.command()(command)
    app.command("other")(lambda: None)
    return app


def test_the_command(archive, tmp_path, program, monkeypatch):
    monkeypatch.setenv("CURATE_ISIC_API", archive.api)
    out = tmp_path / "isic"

    def asked(*arguments: object) -> dict:
        done = CliRunner().invoke(program, ["fetch", "isic", "--out", str(out), "--json", "--quiet", *map(str, arguments)])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    extent = asked("--dry-run", "--collection", 65)
    assert (extent["dry_run"], extent["images"], out.exists()) == (True, 2, False)
    done = asked("--collection", 65)
    assert (done["images"], done["fetched"], done["kept"]) == (2, 2, 0)
    done = asked("--query", "sex:male", "--limit", 1)
    assert (done["images"], done["kept"], done["not_listed"]) == (1, 1, 1)
    words = CliRunner().invoke(program, ["fetch", "isic", "--out", str(out)])
    assert "4 pictures" in words.stdout
    assert "2 fetched" in words.stdout
    refused = CliRunner().invoke(program, ["fetch", "ham10000", "--out", str(out)])
    assert isinstance(refused.exception, InputError)
    assert "--api" not in CliRunner().invoke(program, ["fetch", "--help"]).stdout


def test_what_was_fetched_can_be_ingested(archive, tmp_path, catalogue, tree):
    found = source("isic_archive", tree)
    fetched(archive, tmp_path / "isic")
    summary = ingest(catalogue, found, tmp_path / "isic", tree)
    assert (summary["images"], summary["rows"], summary["rows_without_picture"]) == (4, 4, 0)
    rows = catalogue.rows("SELECT image_id, lesion_keys, patient_keys FROM records ORDER BY 1")
    assert rows[1] == ("isic_archive:ISIC_0000002", ["isic:IL_0000002"], ["isic:IP_0000002"])
    assert rows[3][1:] == (["isic:IL_0000002"], ["isic:IP_0000002"])
    nodes = {image: tree.nodes[node].name for image, node in catalogue.rows("SELECT image_id, node_id FROM image_nodes")}
    assert len(nodes) == 4
    assert "melanoma" in nodes["isic_archive:ISIC_0000002"].lower()
    licences = dict(catalogue.rows("SELECT image_id, licence FROM records"))
    assert licences["isic_archive:ISIC_0000003"] == "CC-BY-NC-4.0"
    reasons = dict(catalogue.rows("SELECT path, reason FROM rejections"))
    assert set(reasons) == {"attribution.txt", "fetched.csv", *(f"licenses/{x}.txt" for x in ("CC-0", "CC-BY", "CC-BY-NC"))}


def test_sizes_in_words():
    assert [fetch.size_in_words(n) for n in (0, 999, 1000, 12_345_678, 60e9, 2.5e15)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "12.3 MB",
        "60.0 GB",
        "2500.0 TB",
    ]


@pytest.mark.parametrize(("told", "seconds"), [("7", 7.0), ("", 0.0), ("soon", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)])
def test_the_wait_that_a_server_asks_for(told, seconds):
    headers = web.Message()
    headers["Retry-After"] = told
    assert web._retry_after(headers) == seconds
