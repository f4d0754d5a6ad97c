"""What travels: packed for browsers that take it, plain for all others, and little of it."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
from bs4 import BeautifulSoup
from flask import Flask, Response
from werkzeug.test import TestResponse

from app.models import User
from tests.factories import add_group, add_product, add_store
from tests.support.page import Browser

GZIP = {"Accept-Encoding": "gzip, deflate"}
FIRST_VISIT, LATER_VISIT = 200_000, 30_000


def ask(browser: Browser, path: str, **headers: str) -> TestResponse:
    return browser.ask_beside(lambda: browser.client.get(path, headers=GZIP | headers, buffered=True))


def assets(page: str) -> set[str]:
    tags = BeautifulSoup(page, "html.parser").select("script[src], link[rel=stylesheet], link[rel=icon]")
    return {str(tag.get("src") or tag["href"]) for tag in tags}


@pytest.mark.parametrize(("way", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
def test_a_page_is_packed_and_says_so(browser: Browser, way: str, unpack: Callable[[bytes], bytes]) -> None:
    answer = ask(browser, "/sync", **{"Accept-Encoding": way})
    assert answer.headers["Content-Encoding"] == way and "Accept-Encoding" in answer.vary
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "<h1>" in unpack(answer.data).decode()


@pytest.mark.parametrize(
    "accepted", ["", "identity", "nonsense", "gzip;q=0", "gzip; q=0.0, br;q=0", "*;q=0", "identity;q=1, *;q=0"]
)
def test_a_browser_that_takes_nothing_packed_gets_it_plain(browser: Browser, accepted: str) -> None:
    answer = ask(browser, "/sync", **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers and "<h1>" in answer.text
    assert "Accept-Encoding" in answer.vary


def test_pictures_and_small_answers_stay_as_they_are(visitor: Browser) -> None:
    for path in ("/static/icon.svg", "/health"):
        assert "Content-Encoding" not in ask(visitor, path).headers


def test_a_table_streams_packed_without_being_held_as_a_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.access.PUBLIC", {"health.stream"})
    pieces = [f"{number};{zlib.crc32(b'%d' % number)}\n" * 400 for number in range(2_000)]
    taken: list[str] = []

    def table() -> Iterator[str]:
        for piece in pieces:
            taken.append(piece)
            yield piece

    app.add_url_rule("/stream", "health.stream", lambda: Response(table(), mimetype="text/csv"))
    answer = app.test_client().get("/stream", headers=GZIP, buffered=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    stream = answer.iter_encoded()
    start = b"".join(reader.decompress(next(stream)) for _ in range(2))
    assert start and len(taken) < len(pieces) / 2
    assert start + b"".join(map(reader.decompress, stream)) == "".join(pieces).encode() and reader.eof


def test_main_pages_are_light(browser: Browser, owner: User) -> None:
    add_store(owner)
    for number in range(60):
        add_group(owner, f"G{number}", f"Группа товаров {number}")
        add_product(owner, f"P{number}", name=f"Товар с длинным названием {number}", group_id=f"G{number}")
    for path in ("/sync", "/sync/plan", "/sync/settings", "/catalog", "/catalog/stores/S1", "/evotor", "/vk"):
        answer = ask(browser, path)
        assert answer.status_code == 200 and len(answer.data) < LATER_VISIT, path
        page = gzip.decompress(answer.data).decode()
        files = sum(len(ask(browser, file).data) for file in assets(page))
        assert len(answer.data) + files < FIRST_VISIT, path
