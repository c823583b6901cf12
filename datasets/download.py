"""Downloading one file so that nothing is done twice and nothing wrong is ever taken for right.

The body grows in `<name>.part`; an interrupted download goes on from there, in this process or a later one. Only a
file of the right size and checksum gets its name. (pooch, the usual library, verifies but starts again from zero:
too dear for a 7 GB archive.)
"""

import fcntl
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from datasets.checksums import Checksums, file_checksums
from datasets.errors import DownloadError

if TYPE_CHECKING:
    from requests import Response, Session

Progress = Callable[[int, int | None], None]
"""Called with (bytes here, bytes in all or None where the server does not say)."""

ATTEMPTS = 4
"""Tries in a row that bring no new byte before giving up."""
_TIMEOUT = (10, 60)
_CHUNK = 1 << 18
_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_PLAIN = {"Accept-Encoding": "identity"}


class _BrokenError(Exception):
    """The connection or the server failed in a way that another try may fix."""


@dataclass(frozen=True)
class _Job:
    """What to fetch and where; the body grows in `part`, and `note` keeps the server's mark of that version."""

    url: str
    path: Path
    checksums: Checksums
    size: int | None
    progress: Progress | None

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")

    @property
    def note(self) -> Path:
        return self.path.with_name(self.path.name + ".part.json")

    def remember(self, validator: str | None) -> None:
        self.note.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")

    def remembered(self) -> str | None:
        """The validator of the bytes in `part`, or None where it is unknown or was of another URL."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            return str(note["validator"]) if note["url"] == self.url and note["validator"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def download(
    url: str,
    path: Path,
    *,
    checksums: Checksums = Checksums(),  # noqa: B008 - immutable
    size: int | None = None,
    progress: Progress | None = None,
    backoff: float = 1.0,
) -> Checksums:
    """Fetch `url` (http or https) to `path`, resuming what is in `<path>.part`, and return its checksums.

    A good file that is already there is not fetched again; a wrong one is never overwritten. Broken connections are
    tried again, waiting `backoff`, 2 `backoff`, 4 `backoff` ... seconds. On Ctrl-C and when giving up the part stays;
    it is removed if the finished body has the wrong checksum. `size` is in bytes. Raises DownloadError.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise DownloadError(f"cannot download {url!r}: only http and https addresses are fetched")
    try:
        if path.exists():
            return verify(path, checksums, size)
        path.parent.mkdir(parents=True, exist_ok=True)
        return _fetch(_Job(url, path, checksums, size, progress), backoff)
    except OSError as error:
        raise DownloadError(f"cannot write {path}: {error.strerror or error}; choose another folder") from error


def verify(path: Path, checksums: Checksums, size: int | None = None) -> Checksums:
    """Checksums of a file that is here; raises DownloadError if it is not the one expected."""
    actual = file_checksums(path)
    wrong = checksums.mismatch(actual)
    if wrong is None and not checksums.known and size is not None and path.stat().st_size != size:
        wrong = f"size is {path.stat().st_size:,} bytes, expected {size:,}"
    if wrong:
        raise DownloadError(f"{path} is not the published file: its {wrong}; move or delete it and fetch again")
    return actual


def _fetch(job: _Job, backoff: float) -> Checksums:
    import requests

    with job.part.open("ab") as body, requests.Session() as session:
        _lock(body, job)
        failures, reached = 0, body.tell()
        while True:
            try:
                _receive(session, job, body)
                break
            except _BrokenError as error:
                failures = 1 if body.tell() > reached else failures + 1
                reached = max(reached, body.tell())
                if failures >= ATTEMPTS:
                    kept = f"; {body.tell():,} bytes are kept, fetch again to go on" if body.tell() else ""
                    raise DownloadError(f"{job.url} failed {failures} times: {error}{kept}") from error
                time.sleep(backoff * 2 ** (failures - 1))
    actual = file_checksums(job.part)
    wrong = job.checksums.mismatch(actual)
    if wrong:
        job.part.unlink()
        job.note.unlink(missing_ok=True)
        raise DownloadError(f"{job.url} is not the published file: its {wrong}; it was removed, fetch again")
    job.part.replace(job.path)
    job.note.unlink(missing_ok=True)
    return actual


def _lock(body: IO[bytes], job: _Job) -> None:
    try:
        fcntl.flock(body, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DownloadError(f"{job.path} is being downloaded by another process; wait for it") from None


def _receive(session: "Session", job: _Job, body: IO[bytes]) -> None:
    """One request: append what is missing, or start again where the server cannot or must not go on."""
    from requests import RequestException, TooManyRedirects
    from urllib3.exceptions import HTTPError

    try:
        with _request(session, job, body) as response:
            total = _ready(body, job, response)
            _check_space(job, body, total)
            # Raw: an archive that a server mislabels "Content-Encoding: gzip" must arrive as it is.
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                body.write(chunk)
                if total is not None and body.tell() > total:
                    _empty(body)
                    raise DownloadError(f"{job.url} sends more than the expected {total:,} bytes; not kept")
                if job.progress:
                    job.progress(body.tell(), total)
    except (RequestException, HTTPError, ValueError) as error:  # ValueError: an address to go on to that is none
        if isinstance(error, ValueError | TooManyRedirects):
            raise DownloadError(f"cannot download {job.url!r}: {error}") from error
        raise _BrokenError(str(error) or type(error).__name__) from error
    finally:
        body.flush()
    if total is not None and body.tell() < total:
        raise _BrokenError(f"connection closed after {body.tell():,} of {total:,} bytes")


def _request(session: "Session", job: _Job, body: IO[bytes]) -> "Response":
    """GET the rest where it is sure to fit what is here (or a checksum will tell), else the whole."""
    validator = job.remembered()
    if not body.tell() or not (validator or job.checksums.known):
        _empty(body)
        return session.get(job.url, headers=_PLAIN, stream=True, timeout=_TIMEOUT)
    headers = _PLAIN | {"Range": f"bytes={body.tell()}-"} | ({"If-Range": validator} if validator else {})
    response = session.get(job.url, headers=headers, stream=True, timeout=_TIMEOUT)
    if response.status_code == 416 and response.headers.get("Content-Range") != f"bytes */{body.tell()}":
        # More is here than the server has: what is here is of another version.
        response.close()
        _empty(body)
        return session.get(job.url, headers=_PLAIN, stream=True, timeout=_TIMEOUT)
    return response


def _ready(body: IO[bytes], job: _Job, response: "Response") -> int | None:
    """Make `body` ready for what `response` carries; returns the whole file's length in bytes, if known."""
    status = response.status_code
    if status in _RETRIED_STATUS:
        raise _BrokenError(f"the server answered {status} {response.reason}")
    if status == 416:
        response.raw.drain_conn()  # all of the file is here; this answer's text is no part of it
        return body.tell()
    if status not in (200, 206):
        raise DownloadError(f"{job.url} cannot be downloaded: the server answered {status} {response.reason}")
    length = response.headers.get("Content-Length", "")
    start, total = _content_range(response) if status == 206 else (0, int(length) if length.isdigit() else None)
    if job.size is not None and total is not None and total != job.size:
        raise DownloadError(f"{job.url} is {total:,} bytes, expected {job.size:,}: not the published file")
    if status == 200:
        _empty(body)
        job.remember(_validator(response))
    elif start != body.tell() or job.remembered() not in (None, _validator(response)):
        _empty(body)
        raise _BrokenError("the server sent another part, or a part of another version, than was asked for")
    return total if total is not None else job.size


def _validator(response: "Response") -> str | None:
    """What tells this version of the file from another, fit for If-Range."""
    etag = response.headers.get("ETag", "")
    # A weak ETag promises the same meaning, not the same bytes: RFC 9110 forbids it in If-Range.
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _content_range(response: "Response") -> tuple[int, int | None]:
    """Start and whole length from "bytes 100-199/200"."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        raise _BrokenError("the server sent a part of the file without a valid Content-Range")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _check_space(job: _Job, body: IO[bytes], total: int | None) -> None:
    folder = job.path.parent
    if total is not None and total - body.tell() > shutil.disk_usage(folder).free:
        raise DownloadError(f"{job.url} needs {total:,} bytes and {folder} has less free space; choose another folder")


def _empty(body: IO[bytes]) -> None:
    body.seek(0)
    body.truncate()
