"""Every route is knocked at as no browser would: nothing falls over, and nothing of others is shown."""

import ast
import gzip
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from flask import Flask

from app.db import db
from app.web.access import WEBHOOKS
from tests.conftest import running_app, settings_for
from tests.factories import PASSWORD
from tests.support.database import copy_sqlite, empty_postgres
from tests.support.knocks import (
    OWNER,
    Answer,
    Knock,
    Visitor,
    doors,
    furnish,
    knock_at,
    knock_of,
    odd_knocks,
    random_knocks,
)
from tests.support.mail_server import with_mail
from tests.support.page import Browser
from tests.support.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
SEED, COUNT = 20261127, {"sqlite": 1_500, "postgresql": 500}
FAREWELLS = ("/logout", "/account/sessions")
EVERY = {"sqlite": 1, "postgresql": 3}
"""Which share of the walk is tried: the second database sees what reaches a database at all."""
BY_HAND = {"data", "files", "form", "get_data", "get_json", "is_json", "json", "stream", "values"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sandbox_process: Sandbox
) -> Iterator[Flask]:
    """One for all knocks of a database."""
    folder = tmp_path_factory.mktemp("doors")
    if request.param == "sqlite":
        url = copy_sqlite(request.getfixturevalue("sqlite_template"), folder / "evosync.db")
    else:
        url = request.getfixturevalue("postgres_url")
    for app in running_app(settings_for(url, sandbox_process, photo_dir=str(folder / "photos"))):
        if request.param == "postgres":
            empty_postgres()
        with_mail(app, "smtp://127.0.0.1:9")
        furnish()
        yield app


def stranger(app: Flask) -> Visitor:
    browser = Browser(app.test_client())
    return _visitor("stranger", browser, "/login")


def owner(app: Flask) -> Visitor:
    browser = Browser(app.test_client())
    browser.sign_in(OWNER, PASSWORD)
    return _visitor("owner", browser, "/evotor")


def _visitor(name: str, browser: Browser, form: str) -> Visitor:
    token = browser.get(form).all("input[name=csrf_token]")[0]["value"]
    cookie = browser.client.get_cookie("evosync")
    assert cookie is not None
    return Visitor(name, f"evosync={cookie.value}", str(token))


def complaints(app: Flask, visitor: Visitor, knocks: Iterable[Knock]) -> list[str]:
    found = []
    for knock in knocks:
        try:
            faults = knock_at(app, knock).faults
        except Exception as error:  # told beside the knock that brought it
            faults = [repr(error)[:200]]
        found += [f"{visitor.name}: {fault}: {knock}" for fault in faults]
    return found


@pytest.mark.parametrize("visitor_of", [stranger, owner])
def test_nothing_falls_over_and_nothing_foreign_is_shown(shop: Flask, visitor_of: Callable[[Flask], Visitor]) -> None:
    visitor = visitor_of(shop)
    knocks = list(islice(odd_knocks(shop, visitor), 0, None, EVERY[db.engine.dialect.name]))
    farewells = [knock for knock in knocks if knock.target.startswith(FAREWELLS)]
    found = complaints(shop, visitor, (knock for knock in knocks if knock not in farewells))
    assert not found, "\n".join([f"{len(found)} complaints", *found[:20]])
    if visitor.name == "owner":
        seen = knock_at(shop, Knock("GET", "/catalog").having(host="localhost", cookie=visitor.cookie))
        assert seen.status == 200, "signed out on the way"
    assert farewells and not complaints(shop, visitor, farewells)


def test_a_fuzz_finds_nothing(shop: Flask) -> None:
    """`FUZZ_SEED` tries other requests than the usual ones; a complaint tells the seed that brought it."""
    seed = int(os.environ.get("FUZZ_SEED", SEED))
    visitors = [stranger(shop), owner(shop)]
    for visitor, knock in random_knocks(shop, visitors, seed, COUNT[db.engine.dialect.name]):
        found = complaints(shop, visitor, [knock])
        assert not found, f"seed {seed}: {found}"


def test_the_marks_of_others_would_be_seen(shop: Flask) -> None:
    """The tests above cannot be blind."""
    visitor = owner(shop)
    knock = knock_of("GET", next(rule for _, rule in doors(shop) if rule.endpoint == "catalog.stores"), visitor)
    answer = knock_at(shop, knock)
    assert "Своя лавка" in answer.text and not answer.faults
    packed = Answer(500, {"content-encoding": "gzip"}, gzip.compress("Чужая лавка".encode()))
    assert packed.faults == ["status 500", "Чужая лавка"]


def test_no_view_reads_a_form_by_hand() -> None:
    """What was sent is read by forms, and before them by the door alone; of webhooks, by the one that reads theirs."""
    readers = [ROOT / "app" / "web" / name for name in ("doors/hosts_and_bodies.py", "forms.py", "webhooks/bodies.py")]
    for path in sorted((ROOT / "app" / "web").rglob("*.py")):
        if path not in readers:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "request":
                    assert node.attr not in BY_HAND, f"{path}:{node.lineno} reads request.{node.attr}"


def test_every_post_has_a_form(shop: Flask) -> None:
    """Also one that sends nothing but its token. Evotor, which is no browser, sends none."""
    for method, rule in doors(shop):
        if method == "POST" and rule.endpoint not in WEBHOOKS:
            view = ast.parse(inspect.getsource(inspect.unwrap(shop.view_functions[rule.endpoint])))
            called = {ast.unparse(node.func) for node in ast.walk(view) if isinstance(node, ast.Call)}
            assert any(name == "sent" or name.lower().endswith("form") for name in called), rule
