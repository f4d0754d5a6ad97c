"""The token of the forms: another text in every answer, the same secret behind it."""

import pytest
from flask import Flask
from flask_wtf.csrf import generate_csrf

from app.csrf import masked_token, unmasked
from app.web.auth.forms import LoginForm
from tests.support.page import Browser


def token(visitor: Browser) -> str:
    return str(visitor.get("/login").one("input[name=csrf_token]")["value"])


def test_every_answer_masks_the_token_anew(visitor: Browser) -> None:
    first, second = token(visitor), token(visitor)

    assert first != second
    assert unmasked(first).partition(".")[0] == unmasked(second).partition(".")[0]


def test_every_form_of_a_page_masks_it_anew(app: Flask) -> None:
    with app.test_request_context():
        shown = {masked_token(), str(LoginForm().csrf_token.current_token), masked_token()}

        assert len(shown) == 3 and {unmasked(text) for text in shown} == {generate_csrf()}


@pytest.mark.parametrize("given", ["", "x", "é", "\ud800", "=" * 50, "AAAA", "A" * 10_000, "AAAAA"])
def test_what_is_no_token_is_refused(visitor: Browser, given: str) -> None:
    token(visitor)
    sent = {"csrf_token": given.encode("utf-8", "surrogateescape" if given.isascii() else "surrogatepass")}
    assert visitor.client.post("/login", data=sent).status_code == 400


def test_the_token_without_its_mask_is_refused(app: Flask, visitor: Browser) -> None:
    assert visitor.client.post("/login", data={"csrf_token": unmasked(token(visitor))}).status_code == 400


def test_a_stranger_token_is_refused(app: Flask, visitor: Browser) -> None:
    token(visitor)
    other = token(Browser(app.test_client()))
    assert visitor.client.post("/login", data={"csrf_token": other}).status_code == 400
