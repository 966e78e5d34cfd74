"""GET requests over http(s) with patience, and files that go on where they were cut off.

Beside an unfinished file lies what the server called its version (its ETag), `<name>.etag`; without that the rest is not asked for.
A file is whole when it is as long as the server that sends it says, and has the digests that it names.
"""

import base64
import contextlib
import email.utils
import hashlib
import http.client
import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from curate.errors import InputError

ATTEMPTS = 5
PAUSE = 1.0  # seconds before the second attempt, twice as long before each further one
LONGEST_PAUSE = 300.0  # seconds
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 18  # bytes
ANSWER = 1 << 26  # bytes of the longest answer that is read into memory
AGAIN = "Give the same command again: what is here is kept, and unfinished files go on where they stopped."

T = TypeVar("T")


class TransientError(Exception):
    """An attempt that may go better.

    Attributes:
        status: what was answered; 0 where it is not that.
        wait: seconds that the server asks for.
        answered: whether the server could be reached, and what it sent is at fault.
        gained: whether more of a file is here than ever before.
    """

    def __init__(self, reason: str, *, status: int = 0, wait: float = 0, answered: bool = False, gained: bool = False) -> None:
        super().__init__(reason)
        self.status, self.wait, self.answered, self.gained = status, wait, answered, gained


class RefusedError(Exception):
    """The server answers, but not with what was asked for."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"the server answers {status}" + (f": {said}" if said else ""))
        self.status = status


class FailedError(Exception):
    """This file cannot be had; others may."""


class StoppedError(Exception):
    """Another thread has ended the work."""


class Web:
    """GET requests to one API and to the files that it names; over https where the API is.

    Attributes:
        api: the API's address, with a slash at its end.
        stop: when set, waiting ends and no further byte is read.

    Raises:
        InputError: the address is not of http or https.
    """

    def __init__(self, api: str, pause: float) -> None:
        self.api = api.rstrip("/") + "/"
        self.stop = threading.Event()
        self._pause = pause
        self._secure = urlsplit(self.api).scheme == "https"
        _check_address(self.api, secure=False)
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.UnknownHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _Redirects(),
        ):
            self._opener.add_handler(handler)

    def ask(self, path: str, tail: str = "") -> Any:
        """Return the JSON that the API answers to a path and the parameters after the question mark.

        Raises:
            RefusedError: it answers with an error.
            InputError: it cannot be reached, or the answer is no JSON.
        """
        try:
            return json.loads(self.read(path, tail))
        except ValueError as error:
            raise InputError(
                f"{self.api}{path} answers with something that is no JSON.",
                "A proxy or a login page may stand between; open the address in a browser.",
            ) from error

    def read(self, path: str, tail: str = "") -> bytes:
        """Return what the API answers.

        Raises:
            RefusedError: it answers with an error.
            InputError: it cannot be reached.
        """
        url = self.api + path + (f"?{tail}" if tail else "")

        def attempt() -> bytes:
            with self.open(url) as response:
                try:
                    content: bytes = response.read(ANSWER)
                except (OSError, http.client.HTTPException) as error:
                    raise TransientError(str(error) or type(error).__name__) from error
            length = response.headers.get("Content-Length")
            if length and len(content) < int(length):
                raise TransientError(f"cut off after {len(content)} of {length} bytes")
            return content

        return self.persist(attempt, url)

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """Open an address once.

        Raises:
            TransientError: try again later.
            RefusedError: the server refuses.
            InputError: the address is not of http(s), or the server's certificate is not trusted.
        """
        from importlib.metadata import version

        _check_address(url, secure=self._secure)
        request = urllib.request.Request(url, headers={"User-Agent": f"dermcurate/{version('dermcurate')}", **(headers or {})})
        try:
            return self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (408, 429) or error.code >= 500:
                    raise TransientError(f"{error.code}", status=error.code, wait=_retry_after(error.headers)) from error
                raise RefusedError(error.code, _said(error)) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise InputError(
                    f"The certificate of {urlsplit(url).hostname} is not trusted: {reason.verify_message}.",
                    "Check the clock; where a proxy has a certificate of its own, name it in SSL_CERT_FILE.",
                ) from error
            raise TransientError(str(reason) or type(reason).__name__) from error

    def persist(self, attempt: Callable[[], T], url: str) -> T:
        """Try until it works; a try that gained bytes starts the count anew.

        Raises:
            RefusedError: the last of `ATTEMPTS` tries was answered with an error too.
            FailedError: the last try was answered with something broken.
            InputError: the last try was not answered.
        """
        tries = 0
        while True:
            if self.stop.is_set():
                raise StoppedError
            try:
                return attempt()
            except TransientError as error:
                tries = 1 if error.gained else tries + 1
                if tries >= ATTEMPTS:
                    raise _at_last(error, url) from error
                self.stop.wait(min(max(error.wait, self._pause * 2 ** (tries - 1)), LONGEST_PAUSE))


class Download:
    """A file on its way; it is completed under the name that it has while it is unfinished.

    Args:
        partial: where it is put together; `<partial>.etag` beside it.
        listed_bytes: its length where the server names none.
        begins: the first bytes of what it can be; another file, such as the page of a proxy, is refused.

    Attributes:
        received: bytes that came.
    """

    def __init__(self, web: Web, partial: Path, listed_bytes: int, begins: tuple[bytes, ...]) -> None:
        self._web, self._listed_bytes, self._begins = web, listed_bytes, begins
        self._partial, self._etag = partial, partial.with_name(f"{partial.name}.etag")
        self._furthest = 0
        self.received = 0

    def complete(self, url: str) -> tuple[int, str]:
        """Complete the file from an address; return its length in bytes and its sha256.

        Raises:
            RefusedError: the server refuses, or has trouble each time.
            FailedError: what the server gives is not the file, or broken each time.
            InputError: the server cannot be reached.
            OSError: the file cannot be written.
        """
        return self._web.persist(lambda: self._attempt(url), url)

    def _attempt(self, url: str) -> tuple[int, str]:
        begin, version = self._rest()
        try:
            response = self._web.open(url, {"Range": f"bytes={begin}-", "If-Range": version} if begin else {})
        except RefusedError as error:
            if error.status != 416:
                raise
            self._discard()
            raise TransientError("the rest that was asked for is not there", answered=True) from error
        with response:
            place = _place(response, begin)
            if place is None:
                self._discard()
                raise TransientError("another part came than was asked for", answered=True)
            begin, length = place
            if begin == 0:
                self._discard()
                told = response.headers.get("ETag") or ""
                self._etag.write_text(told if told.startswith('"') else "", encoding="utf-8")  # a weak one proves no bytes
            digests = _hashes(self._partial)
            end = self._append(response, begin, digests)
            expected = self._listed_bytes if length is None else length
            if end < expected:
                raise TransientError(f"cut off after {end} of {expected} bytes", answered=True, gained=self._gains(end))
            return self._whole(end, expected, digests, response.headers)

    def _rest(self) -> tuple[int, str]:
        """Where the rest begins, and of which version of the file; the beginning, where that is not known."""
        version = self._etag.read_text(encoding="utf-8") if self._etag.is_file() else ""
        begin = self._partial.stat().st_size if version and self._partial.is_file() else 0
        self._furthest = max(self._furthest, begin)
        return begin, version

    def _append(self, response: Any, end: int, digests: Mapping[str, Any]) -> int:
        with self._partial.open("ab") as handle:
            while True:
                if self._web.stop.is_set():
                    raise StoppedError
                try:
                    chunk = response.read1(CHUNK)
                except (OSError, http.client.HTTPException) as error:
                    raise TransientError(str(error) or type(error).__name__, answered=True, gained=self._gains(end)) from error
                if not chunk:
                    return end
                handle.write(chunk)
                handle.flush()  # a kill loses nothing that came
                for digest in digests.values():
                    digest.update(chunk)
                end += len(chunk)
                self.received += len(chunk)

    def _whole(self, end: int, expected: int, digests: Mapping[str, Any], headers: Message) -> tuple[int, str]:
        with self._partial.open("rb") as handle:
            first = handle.read(8)
        if end > expected or not first.startswith(self._begins):
            self._discard()
            raise FailedError(f"{end} bytes came, {expected} are listed" if end > expected else "what came is no picture")
        for name, told in _told_digests(headers).items():
            if digests[name].hexdigest() != told:
                self._discard()
                raise TransientError(f"what came has not the {name} that the server names", answered=True)
        return end, digests["sha256"].hexdigest()

    def _gains(self, end: int) -> bool:
        gained, self._furthest = end > self._furthest, max(end, self._furthest)
        return gained

    def _discard(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http(s) only, and never from https to http."""

    def redirect_request(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl, secure=req.type == "https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _at_last(error: TransientError, url: str) -> Exception:
    if error.status:
        return RefusedError(error.status, "")
    if error.answered:
        return FailedError(str(error))
    return InputError(f"{urlsplit(url).hostname} cannot be reached: {error}.", f"Check the network. {AGAIN}")


def shown(url: str) -> str:
    """Return an address without its parameters, which may hold a signature."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def refusal(url: str, error: RefusedError) -> InputError:
    """Return what to tell the user of an API that refuses."""
    hints = {
        400: "Correct --query: field:value, joined by AND and OR, such as 'diagnosis_3:\"Nevus\" AND sex:male'.",
        404: "Is this the address of the API, version 2?",
        429: f"The archive asks for fewer requests; wait some minutes. {AGAIN}",
    }
    hint = hints.get(400 if error.status == 422 else error.status, f"Try later. {AGAIN}")
    return InputError(f"{shown(url)}: {error}.", hint)


def _check_address(url: str, *, secure: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or (secure and parts.scheme != "https"):
        raise InputError(
            f"{shown(url)} is not fetched: it is no {'https' if secure else 'http(s)'} address.",
            "Check --api; where the archive itself named it, a proxy may have changed the answer.",
        )


def _said(error: urllib.error.HTTPError) -> str:
    """Return the server's own words on a refusal, where it gives some."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
        told = json.loads(error.read(4096))
        return str(told.get("message") or told.get("detail") or "")[:200].rstrip(".")
    return ""


def _retry_after(headers: Message) -> float:
    """Return the seconds that a server asks to wait; 0 where it does not."""
    told = headers.get("Retry-After") or ""
    if told.isdigit():
        return float(told)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (email.utils.parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    return 0.0


def _place(response: Any, asked: int) -> tuple[int, int | None] | None:
    """Return where in the file the answer begins and how long the file is; None where another part came than was asked for."""
    if response.status == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range") or "")
        if not told or int(told[1]) != asked:
            return None
        return asked, int(told[2]) if told[2] != "*" else None
    length = response.headers.get("Content-Length") or ""
    return 0, int(length) if length.isdigit() else None


def _told_digests(headers: Message) -> dict[str, str]:
    """Return the digests of the whole file that an answer names, in hexadecimal.

    S3 gives the MD5 of a file that was uploaded in one part as its ETag, unless it is encrypted with a key of the owner's.
    """
    told = {}
    sha256 = re.search(r"sha-256=:([^:]+):", headers.get("Repr-Digest") or "")
    checksum = headers.get("x-amz-checksum-sha256") or ""
    with contextlib.suppress(ValueError):
        if sha256 or (checksum and "-" not in checksum):
            told["sha256"] = base64.b64decode(sha256[1] if sha256 else checksum, validate=True).hex()
    etag = re.fullmatch(r'"([0-9a-f]{32})"', headers.get("ETag") or "")
    plain = (headers.get("x-amz-server-side-encryption") or "AES256") == "AES256"
    if etag and headers.get("Server") == "AmazonS3" and plain:
        told["md5"] = etag[1]
    return told


def _hashes(file: Path) -> dict[str, Any]:
    """Return a running sha256 and MD5 of what is in a file; of nothing, where it is not there."""
    running = {"sha256": hashlib.sha256(), "md5": hashlib.md5(usedforsecurity=False)}
    if file.is_file():
        with file.open("rb") as handle:
            while chunk := handle.read(CHUNK):
                for digest in running.values():
                    digest.update(chunk)
    return running
