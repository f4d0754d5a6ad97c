"""The watch itself: it must see what it is there for."""

import pytest
from playwright.sync_api import Browser

from tests.support.visit import PHONE, Watch

HOME = "http://127.0.0.1:9"
STRICT = {"Content-Security-Policy": "default-src 'self'"}


@pytest.mark.parametrize(
    ("body", "headers", "complaint"),
    [
        ("<canvas width=900></canvas>", {}, "scrolls sideways"),
        ("<p style='color: red'>inline", STRICT, "against the policy: style-src-attr"),
        ("<script>nothing.here()</script>", {}, "script: "),
        ("<script>console.error('broken')</script>", {}, "console: broken"),
        ("<img src=/lost>", {}, "404 GET"),
        ("<img src=/dropped>", {}, "net::ERR_FAILED GET"),
    ],
)
def test_a_bad_page_is_told(browser: Browser, body: str, headers: dict[str, str], complaint: str) -> None:
    context = browser.new_context(**PHONE)
    watch = Watch(context)
    page = "<!doctype html><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>" + body
    context.route("**", lambda route: route.fulfill(body=page, content_type="text/html", headers=headers))
    context.route("**/lost", lambda route: route.fulfill(status=404))
    context.route("**/dropped", lambda route: route.abort())
    context.new_page().goto(HOME, wait_until="load")
    context.close()
    assert complaint in "\n".join(watch.complaints)
