"""Downloads against a local server that can resume, refuse to, break off, change its file and lie."""

import contextlib
import fcntl
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from datasets.checksums import Checksums, file_checksums
from datasets.download import ATTEMPTS, download, verify
from datasets.errors import DownloadError

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(BODY).hexdigest()
GOOD = Checksums(sha256=SHA256)


@dataclass
class Behaviour:
    """What the server does; `cuts` are the bytes it sends before it breaks off, one for each request."""

    body: bytes = BODY
    etag: str | None = '"v1"'
    ranges: bool = True
    honours_if_range: bool = True
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    encoding: str | None = None
    content_length: bool = True
    location: str | None = None
    requests: list[dict] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        b = self.server.behaviour
        b.requests.append(dict(self.headers))
        if b.statuses:
            return self._plain(b.statuses.pop(0))
        if b.location:
            return self._plain(302, Location=b.location)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if b.ranges else None
        if_range = self.headers.get("If-Range")
        if asked and b.honours_if_range and if_range and if_range != b.etag:
            asked = None
        start = int(asked[1]) if asked else 0
        if start >= len(b.body):
            return self._plain(416, **{"Content-Range": f"bytes */{len(b.body)}"})
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(b.body) - 1}/{len(b.body)}")
        if b.etag:
            self.send_header("ETag", b.etag)
        if b.encoding:
            self.send_header("Content-Encoding", b.encoding)
        if b.content_length:
            self.send_header("Content-Length", str(len(b.body) - start))
        self.send_header("Connection", "close")
        self.end_headers()
        end = start + b.cuts.pop(0) if b.cuts else len(b.body)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(b.body[start:end])
        self.close_connection = True
        return None

    def _plain(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"oops\n")

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.behaviour = Behaviour()
        httpd.url = f"http://127.0.0.1:{httpd.server_port}/file.bin"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def get(server, path, **options):
    return download(server.url, path, **({"checksums": GOOD, "backoff": 0} | options))


def leave_part(path, content, url, validator='"v1"'):
    path.with_name(path.name + ".part").write_bytes(content)
    path.with_name(path.name + ".part.json").write_text(json.dumps({"url": url, "validator": validator}))


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_downloads_into_a_new_folder_and_reports_progress(server, tmp_path):
    seen = []
    actual = get(server, tmp_path / "new" / "file.bin", size=len(BODY), progress=lambda *now: seen.append(now))
    assert (tmp_path / "new" / "file.bin").read_bytes() == BODY
    assert actual == Checksums(SHA256, hashlib.md5(BODY).hexdigest())
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert names(tmp_path / "new") == ["file.bin"]


def test_a_good_file_is_not_fetched_again(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(BODY)
    assert get(server, tmp_path / "file.bin").sha256 == SHA256
    assert server.behaviour.requests == []


def test_a_wrong_file_is_never_overwritten(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(b"the user's own")
    with pytest.raises(DownloadError, match="expected " + SHA256):
        get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == b"the user's own"
    assert server.behaviour.requests == []


@pytest.mark.parametrize("cuts", [[1000], [1000, 300_000], [1, 1, 1, 1, 1, 1]])
def test_a_broken_connection_goes_on_where_it_stopped(server, tmp_path, cuts):
    server.behaviour.cuts = list(cuts)
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY
    starts = [request.get("Range") for request in server.behaviour.requests]
    assert starts == [None] + [f"bytes={sum(cuts[: i + 1])}-" for i in range(len(cuts))]
    assert all(request["If-Range"] == '"v1"' for request in server.behaviour.requests[1:])


def test_a_later_process_resumes_and_the_part_is_kept_until_then(server, tmp_path):
    server.behaviour.cuts = [500_000] + [0] * ATTEMPTS
    with pytest.raises(DownloadError, match="500,000 bytes are kept"):
        get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin.part").read_bytes() == BODY[:500_000]
    server.behaviour.requests.clear()
    server.behaviour.cuts.clear()
    get(server, tmp_path / "file.bin")
    assert [request["Range"] for request in server.behaviour.requests] == ["bytes=500000-"]
    assert (tmp_path / "file.bin").read_bytes() == BODY
    assert names(tmp_path) == ["file.bin"]


def test_an_interruption_keeps_the_part(server, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "file.bin", progress=interrupt)
    kept = (tmp_path / "file.bin.part").read_bytes()
    assert kept
    assert kept == BODY[: len(kept)]


@pytest.mark.parametrize("checksums", [GOOD, Checksums()])
def test_a_server_without_ranges_is_read_from_the_start(server, tmp_path, checksums):
    server.behaviour.ranges = False
    server.behaviour.cuts = [700_000]
    get(server, tmp_path / "file.bin", checksums=checksums)
    assert (tmp_path / "file.bin").read_bytes() == BODY


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_changed_file_is_read_from_the_start(server, tmp_path, honours_if_range):
    leave_part(tmp_path / "file.bin", b"old" * 1000, server.url, validator='"v0"')
    server.behaviour.honours_if_range = honours_if_range
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_without_validator_and_checksum_nothing_is_joined(server, tmp_path):
    leave_part(tmp_path / "file.bin", b"of unknown age", server.url, validator=None)
    get(server, tmp_path / "file.bin", checksums=Checksums())
    assert (tmp_path / "file.bin").read_bytes() == BODY
    assert "Range" not in server.behaviour.requests[0]


def test_a_weak_etag_is_no_validator(server, tmp_path):
    server.behaviour.etag = 'W/"v1"'
    server.behaviour.cuts = [1000]
    get(server, tmp_path / "file.bin")
    assert server.behaviour.requests[1]["Range"] == "bytes=1000-"
    assert "If-Range" not in server.behaviour.requests[1]


def test_a_part_of_another_address_is_resumed_only_because_the_checksum_tells(server, tmp_path):
    leave_part(tmp_path / "file.bin", BODY[:1000], "http://mirror.example/file.bin", validator='"m1"')
    get(server, tmp_path / "file.bin")
    assert "If-Range" not in server.behaviour.requests[0]
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_complete_part_needs_no_more_bytes(server, tmp_path):
    leave_part(tmp_path / "file.bin", BODY, server.url)
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY
    assert len(server.behaviour.requests) == 1


def test_a_part_longer_than_the_file_is_dropped(server, tmp_path):
    leave_part(tmp_path / "file.bin", BODY + b"more", server.url)
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    with pytest.raises(DownloadError, match=f"sha256 is {SHA256}, expected 00"):
        get(server, tmp_path / "file.bin", checksums=Checksums(sha256="00" * 32))
    assert names(tmp_path) == []


def test_md5_alone_is_verified(server, tmp_path):
    with pytest.raises(DownloadError, match="md5 is"):
        get(server, tmp_path / "file.bin", checksums=Checksums(md5="00" * 16))
    get(server, tmp_path / "file.bin", checksums=Checksums(md5=hashlib.md5(BODY).hexdigest()))
    assert (tmp_path / "file.bin").exists()


def test_a_login_page_in_place_of_the_file_does_not_cost_the_part(server, tmp_path):
    leave_part(tmp_path / "file.bin", BODY[:1000], server.url)
    server.behaviour.body, server.behaviour.ranges = b"<html>please log in</html>", False
    with pytest.raises(DownloadError, match="expected 1,048,576"):
        get(server, tmp_path / "file.bin", size=len(BODY))
    assert (tmp_path / "file.bin.part").read_bytes() == BODY[:1000]


def test_an_endless_body_is_cut_off(server, tmp_path):
    server.behaviour.content_length = False
    with pytest.raises(DownloadError, match="more than the expected 1,000 bytes"):
        get(server, tmp_path / "file.bin", size=1000)
    assert (tmp_path / "file.bin.part").stat().st_size == 0


def test_a_body_without_length_is_short_only_by_its_size(server, tmp_path):
    server.behaviour.content_length = False
    server.behaviour.cuts = [1000]
    get(server, tmp_path / "file.bin", size=len(BODY))
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_mislabelled_archive_is_not_decoded(server, tmp_path):
    server.behaviour.encoding = "gzip"
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.behaviour.statuses = [503, 429]
    get(server, tmp_path / "file.bin")
    assert len(server.behaviour.requests) == 3


def test_a_missing_file_is_not_asked_for_again(server, tmp_path):
    server.behaviour.statuses = [404]
    with pytest.raises(DownloadError, match="404"):
        get(server, tmp_path / "file.bin")
    assert len(server.behaviour.requests) == 1


def test_giving_up_after_attempts_without_progress(server, tmp_path):
    server.behaviour.statuses = [500] * 99
    with pytest.raises(DownloadError, match=f"failed {ATTEMPTS} times"):
        get(server, tmp_path / "file.bin")
    assert len(server.behaviour.requests) == ATTEMPTS


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/file", "/etc/passwd", "", "http://"])
def test_only_http_addresses(tmp_path, url):
    with pytest.raises(DownloadError, match="cannot download"):
        download(url, tmp_path / "file.bin")
    assert not (tmp_path / "file.bin").exists()


def test_a_redirect_out_of_http_is_refused(server, tmp_path):
    server.behaviour.location = "file:///etc/passwd"
    with pytest.raises(DownloadError, match="cannot download"):
        get(server, tmp_path / "file.bin")


def test_no_server(tmp_path):
    with pytest.raises(DownloadError, match="failed"):
        download("http://127.0.0.1:9/file", tmp_path / "file.bin", backoff=0)


def test_a_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match="choose another folder"):
        get(server, tmp_path / "taken" / "file.bin")


def test_no_space(server, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000})())
    with pytest.raises(DownloadError, match="less free space"):
        get(server, tmp_path / "file.bin")


def test_two_downloads_of_one_file_do_not_mix(server, tmp_path):
    with (tmp_path / "file.bin.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DownloadError, match="another process"):
            get(server, tmp_path / "file.bin")


def test_verify_without_checksum_goes_by_size(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(BODY)
    assert verify(path, Checksums(), len(BODY)) == file_checksums(path)
    with pytest.raises(DownloadError, match="expected 7"):
        verify(path, Checksums(), 7)


@pytest.mark.parametrize("location", ["http://[::bad", "http://", "ftp://a.b/c", "http://a b:99999999/"])
def test_a_redirect_to_no_address_is_one_error(server, tmp_path, location):
    server.behaviour.location = location
    with pytest.raises(DownloadError):
        download(f"{server.url}/x", tmp_path / "x", backoff=0.0)
