"""A browser without script: requests in, parsed pages out, after the checks that every page must pass."""

import io
import re
from collections.abc import Callable
from contextvars import Context
from functools import cached_property
from typing import Any, TypeVar

import html5lib
from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.db import db

T = TypeVar("T")

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
KEYS = ("/password/", "/email/", "/mail/")
"""Begin addresses that nobody else may learn."""
TOKEN = re.compile(r'(name="csrf_token"[^>]* value=)"([^"]*)"')
HTMX = {"HX-Request": "true"}


class Page:
    """One answer."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.path = answer.request.path
        self.html = answer.get_data(as_text=True)

    @cached_property
    def soup(self) -> BeautifulSoup:
        """Many pages are only passed through, and nobody looks into them."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        return words(self.soup)

    @property
    def location(self) -> str:
        return self.answer.headers.get("Location", "")

    @property
    def heading(self) -> str:
        return words(self.one("h1"))

    @property
    def notices(self) -> list[str]:
        return [words(notice) for notice in self.all(".notice")]

    @property
    def errors(self) -> list[str]:
        return [words(error) for error in self.all(".invalid-feedback")]

    def all(self, selector: str) -> list[Tag]:
        return list(self.soup.select(selector))

    @cached_property
    def tags(self) -> list[Tag]:
        """All, for questions that need no selector: matching one takes longer than making the page."""
        return [tag for tag in self.soup.descendants if isinstance(tag, Tag)]

    def having(self, attribute: str) -> list[Tag]:
        return [tag for tag in self.tags if attribute in tag.attrs]

    def named(self, *names: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name in names]

    def one(self, selector: str) -> Tag:
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} × {selector} on {self.path}"
        return found[0]

    def button(self, text: str) -> Tag:
        found = [button for button in self.all("button") if text in (words(button), button.get("aria-label"))]
        assert len(found) == 1, f"{len(found)} buttons {text} on {self.path}"
        return found[0]

    def is_disabled(self, text: str) -> bool:
        return self.button(text).has_attr("disabled")

    def cells(self) -> list[list[str]]:
        return [[words(cell) for cell in row.select("td")] for row in self.all("tbody tr")]

    def links(self) -> set[str]:
        return {str(link["href"]) for link in self.all("a[href]")}


class Browser:
    """A visitor with cookies; remembers the page that it last saw."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page: Page | None = None

    def get(self, path: str, status: int = 200, **options: Any) -> Page:
        return self._seen(self._ask(lambda: self.client.get(path, **options)), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 200, **options: Any) -> Page:
        """With the token of the session; a redirect is followed."""
        fields = {"csrf_token": self._token(), **(data or {})}
        answer = self._ask(lambda: self.client.post(path, data=fields, **options))
        if answer.status_code in (302, 303):
            return self.get(answer.headers["Location"], status)
        return self._seen(answer, status)

    def upload(self, path: str, name: str, content: bytes, status: int = 200) -> Page:
        """A file in the field `photo`. Encoded here: the test client would leave a temporary file open."""
        file = FileStorage(io.BytesIO(content), name)
        boundary, body = encode_multipart({"csrf_token": self._token(), "photo": file})
        kind = f"multipart/form-data; boundary={boundary}"
        answer = self._ask(lambda: self.client.post(path, data=body, content_type=kind))
        if answer.status_code in (302, 303):
            return self.get(answer.headers["Location"], status)
        return self._seen(answer, status)

    def submit(self, action: str, status: int = 200, /, **fields: Any) -> Page:
        """Fill in the one form of the page that goes to `action`, and send it as a browser would."""
        assert self.page is not None
        form = self.page.one(f'form[action="{action}"]')
        hidden = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[type=hidden]")}
        names = {str(field["name"]) for field in form.select("[name]")}
        assert set(fields) <= names, f"the form has no {set(fields) - names}"
        return self.post(action, hidden | fields, status)

    def sign_in(self, email: str, password: str) -> Page:
        self.get("/login")
        return self.post("/login", {"email": email, "password": password})

    def _token(self) -> str:
        found = TOKEN.search(self.page.html) if self.page else None
        return found[2] if found else ""

    def _ask(self, call: Callable[[], T]) -> T:
        """As another process would: outside the test's application context and transaction."""
        db.session.commit()
        answer = self.ask_beside(call)
        db.session.expire_all()
        return answer

    def ask_beside(self, call: Callable[[], T]) -> T:
        """Without ending the test's own transaction."""
        return Context().run(call)

    def _seen(self, answer: TestResponse, status: int) -> Page:
        page = Page(answer)
        assert page.status == status, f"{page.status} instead of {status} on {page.path}: {page.text[:300]}"
        check_headers(answer)
        if page.html.lstrip().startswith("<!doctype"):
            if status < 300 or status >= 400:
                check_page(page)
            self.page = page
        return page


def words(tag: Tag | BeautifulSoup) -> str:
    """Text as read, spaces of every kind made one."""
    return " ".join(tag.get_text(" ").split())


# Standing checks


def check_headers(answer: TestResponse) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    if answer.request.path == "/vk/community":  # its pictures lie at VK
        policy = re.sub(r"(img-src 'self' data:)( https?://[\w.:-]+)*;", r"\1;", policy)
    assert policy == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    is_key = answer.request.path.startswith(KEYS)
    assert headers["Referrer-Policy"] == ("no-referrer" if is_key else "same-origin")
    if headers["Content-Type"].startswith("text/html"):
        assert "no-store" in headers["Cache-Control"]


_sound: set[str] = set()
"""Pages that have passed, without their CSRF tokens: most tests begin with the same two or three."""


def check_page(page: Page) -> None:
    html = TOKEN.sub(r"\1", page.html)
    if html not in _sound:
        _check_page(page)
        _sound.add(html)


def _check_page(page: Page) -> None:
    html5lib.HTMLParser(strict=True).parse(page.html)
    for check in (_language, _heading, _ids, _labels, _forms, _quotes, _inline_code):
        check(page)


def _language(page: Page) -> None:
    assert page.one("html")["lang"] == "ru"


def _heading(page: Page) -> None:
    assert words(page.one("head > title")).startswith(page.heading), "the h1 begins the title"
    assert page.heading


def _ids(page: Page) -> None:
    ids = [str(tag["id"]) for tag in page.having("id")]
    assert len(ids) == len(set(ids)), f"an id stands twice: {sorted(i for i in ids if ids.count(i) > 1)}"
    for attribute in ("for", "aria-describedby", "aria-labelledby"):
        for tag in page.having(attribute):
            wanted = set(" ".join(tag.get_attribute_list(attribute)).split())
            assert wanted <= set(ids), f"{attribute} names no element: {wanted}"


def _labels(page: Page) -> None:
    labelled = {str(tag["for"]) for tag in page.having("for") if tag.name == "label"}
    for field in page.named("input", "select", "textarea", "progress"):
        if field.get("type") in ("hidden", "submit"):
            continue
        named = field.get("id") in labelled or field.get("aria-label") or field.find_parent("label")
        assert named, f"without a label: {field}"
    for control in page.named("button", "a", "summary"):
        if control.name == "a" and not control.has_attr("href"):
            continue
        assert words(control) or control.get("aria-label"), f"without words: {control}"


def _forms(page: Page) -> None:
    for form in page.named("form"):
        assert form.has_attr("action"), f"without an action: {form}"
        if str(form.get("method", "get")).lower() == "post":
            assert form.select_one("input[name=csrf_token][value]"), f"without csrf_token: {form['action']}"


def _quotes(page: Page) -> None:
    """What was not written by us is marked with data-verbatim."""
    ours = [text for text in page.one("body").strings if not any(tag.has_attr("data-verbatim") for tag in text.parents)]
    quoted = re.findall('.{0,30}".{0,30}', "".join(ours))
    assert not quoted, f"straight quotes: {quoted}"


def _inline_code(page: Page) -> None:
    assert not page.having("style") and not page.named("style"), "inline style"
    assert not [script for script in page.named("script") if not script.get("src") or words(script)], "inline script"
    for tag in page.tags:
        handlers = [name for name in tag.attrs if name.startswith(("on", "hx-on"))]
        assert not handlers, f"inline handlers: {handlers}"
    links = [tag for tag in page.having("href") if tag.name == "link"]
    for tag in page.having("src") + links:
        if tag.parent and "community-letter" in tag.parent.get_attribute_list("class"):
            continue  # a picture at VK
        assert str(tag.get("src") or tag["href"]).startswith("/"), f"from elsewhere: {tag}"
