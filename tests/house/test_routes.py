"""Rules that every route keeps, also those that are written later."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.web.access import PUBLIC
from tests.factories import PASSWORD, make_user
from tests.support import story
from tests.support.page import Browser

SIGNED = ("/mail/stop/<string:token>",)
"""Paths whose own token is the proof, as mail programs know no other; tests/web/test_mail_links.py tries them."""
KEBAB = re.compile(r"(?:/(?:[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)?|<[^>]+>))+|/")


def rules(app: Flask) -> Iterator[Rule]:
    return app.url_map.iter_rules()


def address(app: Flask, rule: Rule) -> str:
    values = {
        name: 1 if type(rule._converters[name]).__name__ == "IntegerConverter" else "x" for name in rule.arguments
    }
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=sorted(rule.methods or {"GET"})[-1])


def test_paths_are_kebab_case(app: Flask) -> None:
    for rule in rules(app):
        if not rule.rule.startswith("/api/"):
            assert KEBAB.fullmatch(rule.rule), rule.rule


def test_public_endpoints_exist(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC


def test_every_other_page_asks_for_a_sign_in(app: Flask) -> None:
    client = app.test_client()
    for rule in rules(app):
        if "GET" in (rule.methods or ()) and rule.endpoint not in PUBLIC:
            answer = client.get(address(app, rule))
            assert answer.status_code == 302 and answer.headers["Location"].startswith("/login"), rule
            answer.close()


def test_every_other_change_asks_for_a_sign_in(app: Flask) -> None:
    visitor = Browser(app.test_client())
    for rule in rules(app):
        if "POST" in (rule.methods or ()) and rule.endpoint not in PUBLIC and not rule.rule.startswith("/api/"):
            token = str(visitor.get("/login").one("input[name=csrf_token]")["value"])
            answer = visitor.client.post(address(app, rule), data={"csrf_token": token})
            assert answer.status_code == 302 and answer.headers["Location"].startswith("/login"), rule


@pytest.mark.parametrize("signed_in", [False, True])
def test_every_change_asks_for_a_token(app: Flask, signed_in: bool) -> None:
    browser = Browser(app.test_client())
    if signed_in:
        browser.sign_in(make_user().email, PASSWORD)
    for rule in rules(app):
        if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api/"):
            path = address(app, rule)
            answer = browser.ask_beside(partial(browser.client.post, path))
            assert answer.status_code == (404 if rule.rule in SIGNED else 400), rule


def test_objects_of_others_do_not_exist(app: Flask) -> None:
    owner = make_user()
    assert story.stopped(owner).id == 1
    stranger = Browser(app.test_client())
    stranger.sign_in(make_user("stranger@example.ru").email, PASSWORD)
    for rule in rules(app):
        if rule.arguments and "GET" in (rule.methods or ()):
            stranger.get(address(app, rule), status=404)


def test_nothing_changes_by_looking(app: Flask) -> None:
    """What has a POST of its own is not done by GET."""
    for rule in rules(app):
        methods = rule.methods or set()
        assert methods <= {"GET", "HEAD", "POST", "OPTIONS"}, rule
