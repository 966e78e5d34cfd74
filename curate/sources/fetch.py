"""Fetches pictures of the ISIC Archive through its public API, version 2, into a flat folder as isic-cli writes it.

The length that a search lists for a picture is of the file before the archive wrote attribution and licence into it, so it need not
be the file's own: it only tells that a picture was exchanged since, and decides where the server that sends it names no length.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from curate.errors import InputError
from curate.sources.isic_folder import (
    FIRST_COLUMNS,
    ISIC_ID,
    LICENSES,
    Folder,
    Held,
    filled,
    full_disk_told,
    intact,
    read_state,
    write_where_other,
)
from curate.sources.web import AGAIN, PAUSE, Download, FailedError, RefusedError, Web, refusal, shown

API = "https://api.isic-archive.com/api/v2/"
SEARCH = "images/search/"
PAGE = 100  # records per answer, the most that the archive gives
WORKERS = 4
TOO_MANY = 20  # pictures that cannot be had, before the rest is not tried
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+_-]*")
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # JPEG, PNG, TIFF, BigTIFF

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Picture:
    """One record of a search.

    Attributes:
        url: where its file is; may be signed and expire.
        listed_bytes: length that the archive lists.
        row: its cells in `metadata.csv`.
    """

    isic_id: str
    url: str
    listed_bytes: int
    row: dict[str, str]

    @classmethod
    def of(cls, record: Any) -> "Picture":
        """Read a record of the API.

        Raises:
            InputError: it lacks what a record has, or an id, a suffix or a licence cannot be part of a file name.
        """
        try:
            isic_id, full, metadata = record["isic_id"], record["files"]["full"], record["metadata"]
            cells = {**(metadata.get("acquisition") or {}), **(metadata.get("clinical") or {})}
            cells |= {name: record[name] for name in FIRST_COLUMNS}
            picture = cls(isic_id, full["url"], int(full["size"]), filled(cells))
            safe = ISIC_ID.fullmatch(isic_id) and SUFFIX.fullmatch(picture.suffix) and LICENSE.fullmatch(picture.license)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _strange(f"record {str(record)[:80]!r}") from error
        if not safe:
            raise _strange(f"record {isic_id!r} with the licence {picture.license!r} and the file {shown(picture.url)}")
        return picture

    @property
    def suffix(self) -> str:
        """Suffix of its file, in small letters, with the dot."""
        return PurePosixPath(urlsplit(self.url).path).suffix.lower() or ".jpg"

    @property
    def license(self) -> str:
        """Licence in the archive's words: CC-0, CC-BY, CC-BY-NC."""
        return self.row.get("copyright_license", "")


@dataclass
class Fetched:
    """What a fetch did.

    Attributes:
        images: pictures of this query that are in the folder now; `fetched + replaced + kept`.
        bytes: their length together.
        fetched: came now.
        replaced: came now in place of one that the archive exchanged or that was damaged here.
        kept: were here already, and are what they were.
        received_bytes: what was transferred of pictures.
        other_length: pictures whose file has not the length that the archive lists.
        not_listed: pictures of earlier fetches that this query does not give; they stay, with the rows they had.
        notes: what else should be known.
    """

    images: int = 0
    bytes: int = 0
    fetched: int = 0
    replaced: int = 0
    kept: int = 0
    received_bytes: int = 0
    other_length: int = 0
    not_listed: int = 0
    notes: list[str] = field(default_factory=list)


class Extent(NamedTuple):
    """What a fetch would bring: pictures and bytes as the archive lists them, pictures here already, bytes free here."""

    images: int
    bytes: int
    here: int
    free_bytes: int


def fetch_isic(
    out: Path,
    *,
    collections: list[int],
    query: str = "",
    limit: int | None = None,
    api: str = API,
    progress: Progress = lambda _done, _total: None,
    workers: int = WORKERS,
    pause: float = PAUSE,
) -> Fetched:
    """Bring every public picture of a search into a folder; what is there and whole is not asked for again.

    Args:
        out: a new or empty folder, or one of an earlier fetch; a second query adds to it.
        collections: numbers of collections, of which a picture is in at least one; empty for any.
        query: a search in the archive's own language, such as `diagnosis_3:"Nevus" AND sex:male`; empty for all.
        limit: pictures at most.
        progress: called with pictures done and pictures in all.
        workers: pictures at a time.
        pause: seconds before a failed request is tried again, doubled each time.

    Raises:
        InputError: the folder holds something else, a collection or a query is unknown, the archive cannot be reached, the disk is
            full, or some pictures cannot be had. What was fetched stays, and the same call goes on.
    """
    read_state(out)  # a refusal does not wait for the network
    web = Web(api, pause)
    _check_collections(web, collections)
    count, size = _overview(web, collections, query)
    done = Fetched()
    rows: dict[str, dict[str, str]] = {}
    failed: dict[str, str] = {}
    with full_disk_told(out), Folder.claimed(out) as folder, _pool(web, workers) as pool:
        if limit is None or limit >= count:
            _check_space(folder, size)
        expected = min(count, limit or count)
        for page in search(web, collections, query, limit):
            asked = {pool.submit(_obtain, web, folder, p): p for p in page if p.isic_id not in rows}
            for answer in as_completed(asked):
                _tell(answer, asked[answer], done, rows, failed)
                progress(len(rows) + len(failed), max(len(rows) + len(failed), expected))
        if len(rows) + len(failed) < expected:
            done.notes.append(f"The archive counts {expected} pictures, and its pages hold {len(rows) + len(failed)}.")
        _finish(web, folder, done, rows, failed)
    if failed:
        raise _cannot_be_had(failed, len(rows))
    return done


def measure_isic(
    out: Path, *, collections: list[int], query: str = "", limit: int | None = None, api: str = API, pause: float = PAUSE
) -> Extent:
    """Say what a fetch would bring, and write nothing.

    Raises:
        InputError: as `fetch_isic`.
    """
    here = len(read_state(out))
    web = Web(api, pause)
    _check_collections(web, collections)
    images, size = _overview(web, collections, query)
    if size is None or (limit is not None and limit < images):
        found = {p.isic_id: p.listed_bytes for page in search(web, collections, query, limit) for p in page}
        images, size = len(found), sum(found.values())
    existing = next(p for p in (out, *out.absolute().parents) if p.exists())
    return Extent(images, size, here, shutil.disk_usage(existing).free)


def search(web: Web, collections: list[int], query: str, limit: int | None) -> Iterator[list[Picture]]:
    """Yield the pages of a search.

    Only the parameters of the next page's address are used, so an answer cannot lead to another host.

    Raises:
        InputError: the archive cannot be reached, the query is refused, or an answer is not what the API gives.
    """
    tail = urlencode({**_asked(collections, query), "limit": min(limit or PAGE, PAGE)})
    left, tails = limit, set()
    while tail and (left is None or left > 0):
        if tail in tails:
            raise _strange("a page that follows itself")
        tails.add(tail)
        page = _search_page(web, tail)
        found = [Picture.of(r) for r in page["results"]][:left]
        yield found
        left = None if left is None else left - len(found)
        tail = urlsplit(str(page.get("next") or "")).query


def size_in_words(count: float) -> str:
    """Return a number of bytes as people say it: 12.3 MB, of 1000² bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _obtain(web: Web, folder: Folder, picture: Picture) -> tuple[Held, str, int]:
    """Bring one picture: its row, whether it was `kept`, `fetched` or `replaced`, and the bytes received."""
    held = folder.held.get(picture.isic_id)
    same = held is not None and held.listed_bytes == picture.listed_bytes
    if held and same and intact(held, folder.path / held.file):
        return held, "kept", 0
    how = "replaced" if held and (folder.path / held.file).exists() else "fetched"
    if held and same and intact(held, folder.partial(picture.isic_id)):  # it ended between the row and the name
        folder.keep(held)
        return held, how, 0
    download = Download(web, folder.partial(picture.isic_id), picture.listed_bytes, PICTURES)
    try:
        try:
            length, sha256 = download.complete(picture.url)
        except RefusedError as error:
            if error.status != 403:
                raise
            fresh = Picture.of(web.ask(f"images/{picture.isic_id}/"))  # a signed address expires after some days
            length, sha256 = download.complete(fresh.url)
    except RefusedError as error:
        raise FailedError(str(error)) from error
    held = Held(picture.isic_id, picture.isic_id + picture.suffix, length, sha256, picture.listed_bytes)
    folder.keep(held)
    return held, how, download.received


def _tell(
    answer: "Future[tuple[Held, str, int]]",
    picture: Picture,
    done: Fetched,
    rows: dict[str, dict[str, str]],
    failed: dict[str, str],
) -> None:
    """Count what became of a picture."""
    try:
        held, how, received = answer.result()
    except FailedError as error:
        failed[picture.isic_id] = str(error)
        if len(failed) > TOO_MANY:
            raise _cannot_be_had(failed, len(rows)) from error
        return
    rows[picture.isic_id] = picture.row
    done.images += 1
    done.bytes += held.bytes
    done.received_bytes += received
    done.other_length += held.bytes != picture.listed_bytes
    setattr(done, how, getattr(done, how) + 1)


def _finish(web: Web, folder: Folder, done: Fetched, rows: Mapping[str, dict[str, str]], failed: Mapping[str, str]) -> None:
    """Write tables and licences; take away what is unfinished, unless the next call can use it."""
    table = folder.write_tables(rows)
    done.not_listed = len(folder.held.keys() - rows.keys() - failed.keys())
    if done.not_listed:
        done.notes.append(f"{done.not_listed} pictures of earlier fetches are not among the results of this query; they stay.")
    if rowless := len(folder.held) - len(table):
        done.notes.append(f"{rowless} pictures here have no row in metadata.csv; ask again for the query that they came by.")
    for name in sorted({row.get("copyright_license", "") for row in table}):
        file = folder.path / LICENSES / f"{name}.txt"
        if LICENSE.fullmatch(name) and not file.is_file():
            try:
                text = web.read(f"zip-download/license-file/{quote(name)}/").decode("utf-8", "replace")
            except RefusedError as error:
                done.notes.append(f"The text of the licence {name} could not be had: {error}.")
                continue
            file.parent.mkdir(exist_ok=True)
            write_where_other(file, text)
    if not failed:
        folder.tidy()


@contextlib.contextmanager
def _pool(web: Web, workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that end soon after an error or a signal."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException:  # a signal too ends the threads; raised again
        web.stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _asked(collections: list[int], query: str) -> dict[str, str]:
    asked = {"query": query.strip(), "collections": ",".join(map(str, sorted(set(collections))))}
    return {name: value for name, value in asked.items() if value}


def _check_collections(web: Web, collections: list[int]) -> None:
    for number in sorted(set(collections)):
        path = f"collections/{number}/"
        try:
            web.read(path)
        except RefusedError as error:
            if error.status != 404:
                raise refusal(web.api + path, error) from error
            raise InputError(
                f"The archive has no public collection {number}.",
                f"{web.api}collections/ lists them; the number of one stands at the end of its page's address.",
            ) from error


def _search_page(web: Web, tail: str) -> dict[str, Any]:
    try:
        page = web.ask(SEARCH, tail)
    except RefusedError as error:
        raise refusal(web.api + SEARCH, error) from error
    if not isinstance(page, dict) or not isinstance(page.get("results"), list):
        raise _strange("a page without results")
    return page


def _overview(web: Web, collections: list[int], query: str) -> tuple[int, int | None]:
    """Return how many pictures a search has and their listed bytes; None where the archive does not add them up."""
    asked = _asked(collections, query)
    count = _search_page(web, urlencode({**asked, "limit": 1})).get("count")
    if not isinstance(count, int):
        raise _strange("a first page without a count")
    if not count:
        raise InputError("No public picture of the archive is in these collections and fits this query.", "Ask for others.")
    try:
        return count, int(json.loads(web.read(f"{SEARCH}size/", urlencode(asked)))["size"])
    except (RefusedError, KeyError, TypeError, ValueError):
        return count, None


def _check_space(folder: Folder, size: int | None) -> None:
    needed = (size or 0) - sum(h.bytes for h in folder.held.values())
    free = shutil.disk_usage(folder.path).free
    if needed > free:
        raise InputError(
            f"{folder.path} has room for {size_in_words(free)}, and {size_in_words(needed)} would come.",
            "Name a folder of a larger disk with --out, or ask for fewer pictures with --limit.",
        )


def _cannot_be_had(failed: Mapping[str, str], here: int) -> InputError:
    some = "; ".join(f"{isic_id}: {why}" for isic_id, why in sorted(failed.items())[:3])
    return InputError(f"{len(failed)} pictures could not be had ({some}); {here} are here.", AGAIN)


def _strange(what: str) -> InputError:
    return InputError(
        f"The archive answers with {what}, which its API version 2 does not give.",
        "It may have changed: look for a newer dermcurate, or download with isic-cli.",
    )
