"""Nobody reads a file of the server by giving it an odd name, whatever the spelling, the packing or the method."""

import http.client
import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import brotli
import pytest
from backports import zstd
from flask import Flask

from app.web.doors.static import STATIC
from tests.conftest import settings_for
from tests.factories import PASSWORD, make_user
from tests.support.page import Browser
from tests.support.product import PATIENCE_SECONDS, start_server

ROOT = STATIC.parents[1]
CANARY = b"a canary that sings to nobody"
GIVEN_AWAY = (CANARY, b"root:x:0", b"EVOSYNC_ENV=", b"SQLite format", b"def create_app", b"BEGIN OPENSSH")
CLIMBS = (
    *("../", "..%2f", "..%2F", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "..;/", "..;x=1/", "....//", "..../", ".././"),
    *("%252e%252e%252f", "..%252f", "..%c0%af", "%c0%ae%c0%ae/", "%e0%80%ae%e0%80%ae/", "..%ef%bc%8f", "..%u2215"),
    *(
        "..%00/",
        "%2e%2e%00%2f",
        ".%2e/",
        "..//",
        "..%09/",
        "..%0d%0a/",
        "%uff0e%uff0e/",
        "vendor/../../",
        "app.css/../../",
    ),
)
ENDS = (
    "",
    "%00",
    "%00.css",
    "%00.png",
    ".gz",
    ".br",
    "?v=1",
    "%3fv=1",
    "#.css",
    ";.css",
    "/",
    "/.",
    "%20",
    "~",
    "::$DATA",
)
ODD = (
    *(
        "/static//etc/passwd",
        "/static///etc/passwd",
        "/static/%2fetc%2fpasswd",
        "//etc/passwd",
        "//static/../../.env.example",
    ),
    *(
        "/static/%00",
        "/static/",
        "/static",
        "/static/.",
        "/static/..",
        "/static/vendor",
        "/static/vendor/",
        "/static/\\",
    ),
    *("/static/app.css.gz", "/static/app.css.br", "/static/app.css%00.png", "/static/app.css/", "/static/APP.CSS"),
    *(
        "/static/app.css%20",
        "/static/app.css.",
        "/static/./../app.py",
        "/static/" + "a" * 6_000,
        "/static/" + "../" * 1_500,
    ),
    *("/static/file:///etc/passwd", "/static/c:/windows/win.ini", "/static/~root", "/static/%ff%fe", "/static/%"),
    *("/static/proc/self/environ", "/static/..%2f..%2f..%2f..%2f..%2fproc%2fself%2fenviron", "/static/__init__.py"),
)
PACKED = ("identity", "gzip", "br", "zstd", "deflate", "*", "gzip;q=0", "nonsense, gzip", "")
ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    *(("GET", {"Accept-Encoding": way}) for way in PACKED),
    *(("HEAD", {"Accept-Encoding": way}) for way in ("identity", "gzip")),
    *(("GET", {"Accept-Encoding": way, "Range": "bytes=0-99"}) for way in ("identity", "gzip")),
)
MOVED = (302, 308)
"""To the sign-in, or to the same path with one slash for two."""
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: zlib.decompress(data, 16 + zlib.MAX_WBITS),
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cage") / "canary.css"
    path.write_bytes(CANARY)
    return path


def targets(canary: Path, folder: str) -> Iterator[str]:
    """From a folder of ours: up and down again to a file that is there."""
    yield os.path.relpath(canary, folder)
    yield os.path.relpath(ROOT / ".env.example", folder)
    yield os.path.relpath("/etc/passwd", folder)


def climbing(canary: Path) -> Iterator[str]:
    for target in targets(canary, str(STATIC)):
        for climb in CLIMBS:
            down = target.replace("../", "")
            separator = "/" if climb.endswith("/") else climb.lstrip(".")
            steps = climb * target.count("../")
            yield f"/static/{steps}{down}"
            yield f"/static/{steps}{down.replace('/', separator)}"
            yield f"/static/vendor/{climb}{steps}{down}"
        for end in ENDS:
            yield f"/static/{quote(target, safe='.')}{end}"
    yield from ODD


def assert_nothing_foreign(path: str, status: int, packing: str | None, body: bytes) -> None:
    assert 400 <= status < 500 or status in MOVED, f"{status}: {path}"
    plain = UNPACK[packing](body) if packing and body else body
    for foreign in GIVEN_AWAY:
        assert foreign not in plain, f"{foreign!r} came for {path}"


@pytest.mark.parametrize(("method", "headers"), ASKED, ids=str)
def test_no_name_climbs_out_of_the_static_files(app: Flask, canary: Path, method: str, headers: dict[str, str]) -> None:
    client = app.test_client()
    for path in climbing(canary):
        answer = client.open(path, method=method, headers=headers)
        assert_nothing_foreign(path, answer.status_code, answer.headers.get("Content-Encoding"), answer.data)


@pytest.mark.parametrize("folder", ["/catalog/photos/", "/catalog/stores/", "/sync/runs/"])
def test_no_name_climbs_out_of_anything_else_that_is_kept(app: Flask, canary: Path, folder: str) -> None:
    """For somebody who is signed in, as a stranger can be, too."""
    user = make_user()
    browser = Browser(app.test_client())
    browser.sign_in(user.email, PASSWORD)
    photos = app.extensions["settings"].photo_dir
    for target in targets(canary, f"{photos}/{user.id}"):
        for name in (target.removesuffix(".jpg"), f"{target}%00", quote(target, safe="")):
            for climb in ("../", "..%2f", "%2e%2e%2f", "..%5c", "..%252f"):
                path = folder + name.replace("../", climb)
                answer = browser.ask_beside(partial(browser.client.get, path, headers={"Accept-Encoding": "gzip"}))
                assert_nothing_foreign(path, answer.status_code, answer.headers.get("Content-Encoding"), answer.data)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a real server."""
    place = tmp_path_factory.mktemp("server")
    settings = settings_for(f"sqlite:///{place / 'evosync.db'}")
    environment = {
        "EVOSYNC_ENV": "development",
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": settings.token_keys,
        "PHOTO_DIR": settings.photo_dir,
    }
    server, url = start_server(environment, place / "log")
    yield urlsplit(url).netloc
    server.terminate()
    server.wait(timeout=10)


@pytest.mark.parametrize("packing", ["gzip", "*"])
def test_no_raw_request_gets_a_file(address: str, canary: Path, packing: str) -> None:
    """The path as it stands, which no client tidied up."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    connection.request("GET", "/static/app.css")
    assert connection.getresponse().read() == (STATIC / "app.css").read_bytes()
    for path in climbing(canary):
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.putheader("Accept-Encoding", packing)
        connection.endheaders()
        answer = connection.getresponse()
        assert_nothing_foreign(path, answer.status, answer.getheader("Content-Encoding"), answer.read())
    connection.close()
