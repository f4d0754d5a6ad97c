"""What travels: packed for browsers that take it, plain for all others, and little of it."""

import gzip
import zlib
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from flask import Flask, Response
from werkzeug.test import TestResponse

from app.models import User
from app.web.compression import padded
from tests.factories import add_group, add_product, add_store
from tests.support.page import Browser

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
FIRST_VISIT, LATER_VISIT = 200_000, 30_000
STYLE = "/static/vendor/bootstrap-5.3.9/bootstrap.min.css"


def ask(browser: Browser, path: str, **headers: str) -> TestResponse:
    return browser.ask_beside(lambda: browser.client.get(path, headers=GZIP | headers, buffered=True))


def assets(page: str) -> set[str]:
    tags = BeautifulSoup(page, "html.parser").select("script[src], link[rel=stylesheet], link[rel=icon]")
    return {str(tag.get("src") or tag["href"]) for tag in tags}


def test_a_page_is_packed_and_says_so(browser: Browser) -> None:
    answer = ask(browser, "/sync")
    assert answer.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer.vary
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "<h1>" in gzip.decompress(answer.data).decode()


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0"])
def test_a_browser_without_gzip_gets_it_plain(browser: Browser, accepted: str) -> None:
    answer = ask(browser, "/sync", **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers and "<h1>" in answer.text
    assert "Accept-Encoding" in answer.vary


def test_a_file_is_packed_keeps_for_a_year_and_is_known_again(visitor: Browser) -> None:
    answer = ask(visitor, f"{STYLE}?v=1")
    assert answer.headers["Content-Encoding"] == "gzip" and "immutable" in answer.headers["Cache-Control"]
    assert len(answer.data) < 40_000 and b"bootstrap" in gzip.decompress(answer.data).lower()
    again = ask(visitor, f"{STYLE}?v=1", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_a_part_of_a_file_stays_plain(visitor: Browser) -> None:
    answer = ask(visitor, STYLE, Range="bytes=0-999")
    assert answer.status_code == 206 and len(answer.data) == 1000 and "Content-Encoding" not in answer.headers


def test_pictures_and_small_answers_stay_as_they_are(visitor: Browser) -> None:
    for path in ("/static/icon.svg", "/health"):
        assert "Content-Encoding" not in ask(visitor, path).headers


def test_a_table_streams_packed_piece_by_piece(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.access.PUBLIC", {"health.stream"})
    taken: list[str] = []

    def pieces() -> Iterator[str]:
        for word in ("one,", "two,"):
            taken.append(word)
            yield word

    app.add_url_rule("/stream", "health.stream", lambda: Response(pieces(), mimetype="text/csv"))
    answer = app.test_client().get("/stream", headers=GZIP, buffered=False)
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    stream = answer.iter_encoded()
    assert reader.decompress(next(stream)) == b"one," and taken == ["one,"]
    assert b"".join(reader.decompress(piece) for piece in stream) == b"two," and reader.eof


def test_the_length_of_a_page_tells_nothing() -> None:
    page = b"<p>the same</p>" * 100
    packed = [padded(page) for _ in range(50)]
    assert {gzip.decompress(data) for data in packed} == {page}
    assert len({len(data) for data in packed}) > 10


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
