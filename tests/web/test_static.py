"""Files of ours: known by name, cached for ever under their version alone."""

import re

import pytest
from flask import Flask, url_for

from app.web.doors.static import STATIC
from tests.support.page import Browser, check_headers

STYLE = "/static/app.css"
NAMES = sorted(str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file())


def current(app: Flask, name: str = "app.css") -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_there_as_it_lies_on_the_disk(visitor: Browser, name: str) -> None:
    answer = visitor.client.get(f"/static/{name}")

    assert (answer.status_code, answer.data) == (200, (STATIC / name).read_bytes())
    check_headers(answer)


def test_the_current_version_is_kept_for_a_year(app: Flask, visitor: Browser) -> None:
    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{12}", current(app))
    assert "immutable" in visitor.client.get(current(app)).headers["Cache-Control"]


@pytest.mark.parametrize("query", ["", "?v=", "?v=1", "?v=0123456789ab", "?V=1", "?v=%00"])
def test_another_version_is_asked_for_again(visitor: Browser, query: str) -> None:
    assert visitor.client.get(STYLE + query).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("accepted", ["identity", "gzip", "br"])
def test_what_has_not_changed_is_not_sent_again(visitor: Browser, accepted: str) -> None:
    taken = {"Accept-Encoding": accepted}
    first = visitor.client.get(STYLE, headers=taken)
    again = visitor.client.get(STYLE, headers={**taken, "If-None-Match": first.headers["ETag"]})
    later = visitor.client.get(STYLE, headers={**taken, "If-Modified-Since": first.headers["Last-Modified"]})

    assert [(answer.status_code, answer.data) for answer in (again, later)] == [(304, b"")] * 2
    check_headers(first)


def test_a_file_sets_no_cookie(browser: Browser) -> None:
    assert "Set-Cookie" not in browser.ask_beside(lambda: browser.client.get(STYLE)).headers


def test_a_missing_file_is_a_page_that_says_so(visitor: Browser) -> None:
    assert visitor.get("/static/gone.css", status=404).heading == "Страница не найдена"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_files_are_only_read(visitor: Browser, method: str) -> None:
    answer = visitor.client.open(STYLE, method=method)

    assert (answer.status_code, set(answer.allow)) == (405, {"GET", "HEAD", "OPTIONS"})
    check_headers(answer)
