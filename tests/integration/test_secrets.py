"""No token, upload answer or purchase price is ever written anywhere in clear: everything is searched for them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from flask import Flask
from flask.logging import default_handler
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from app.clients.http import Response, TransportError
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.logs import remember_secret
from app.models import User
from app.services.accounts import users
from app.services.connections import evotor, vk
from app.services.errors import ConnectionRefused
from app.services.owner import switch
from tests.factories import PASSWORD, set_rule
from tests.integration.cli.conftest import Shell
from tests.support.page import Browser
from tests.support.sandbox import ACCOUNT, CLUB, Sandbox
from tests.support.shop import TINY, Shop

EVOTOR_SECRET = "5ec0ffee-1234-4abc-9def-00000000beef"
VK_SECRET = "vk1.a.Th1sIsTheOwnersToken-of-the-test_run"
PURCHASE_PRICE = 61.173
BAD = {"error_code": 100, "error_msg": f"bad access_token={VK_SECRET}: {VK_SECRET}"}
PAGES = (
    *("/sync", "/sync/plan", "/sync/runs", "/sync/runs/1", "/sync/runs/2", "/sync/runs/3", "/connections", "/evotor"),
    *("/vk", "/catalog", f"/catalog/stores/{TINY}", "/catalog/export.csv", "/account"),
)


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(sandbox, monkeypatch)
    sandbox.control("evotor/settings", tokens={EVOTOR_SECRET: {"user_id": ACCOUNT}})
    sandbox.control("vk/tokens", value=VK_SECRET, user_id=50001234, rights=["market", "photos", "groups"])
    shop.patch("P1", cost_price=PURCHASE_PRICE)
    owner = shop.owner
    evotor.connect_evotor(owner, EVOTOR_SECRET)
    vk.connect_vk(owner, VK_SECRET, CLUB)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, TINY)
    switch.toggle(owner, True)
    switch.confirm(owner)
    db.session.commit()
    return shop


def echoes_the_token(_call: Callable[[], Response]) -> Response:
    """Old reports show the token inside VK's errors (docs/contracts/vk.md §1.3)."""
    params = [{"key": "access_token", "value": VK_SECRET}]
    return Response(200, {}, json.dumps({"error": {**BAD, "request_params": params}}).encode())


def echoes_it_for_each_of_three(_call: Callable[[], Response]) -> Response:
    errors = [{**BAD, "method": "market.add"}] * 3
    return Response(200, {}, json.dumps({"response": [False] * 3, "execute_errors": errors}).encode())


def breaks_with_the_token(_call: Callable[[], Response]) -> Response:
    raise RuntimeError(f"POST https://api.example/?access_token={VK_SECRET} and {EVOTOR_SECRET}")


def is_gone(_call: Callable[[], Response]) -> Response:
    raise TransportError("connection lost", sent=True)


@pytest.fixture
def eventful(shop: Shop) -> Shop:
    """Runs in which everything that may carry a secret went wrong."""
    shop.on_call("/execute", echoes_it_for_each_of_three)
    shop.run()
    for number, (path, deed) in enumerate(
        (("/market.add", echoes_the_token), ("/market.edit", is_gone), ("/market.edit", breaks_with_the_token))
    ):
        shop.on_call(path, deed)
        shop.patch("P3", price=310 + number)
        shop.run()
        shop.patch("P3", price=320 + number)
        shop.run()
    shop.sandbox.fault("vk", "error:14", "market.edit")
    shop.patch("P3", price=300)
    shop.run()
    shop.sandbox.clear_faults()
    for token in (EVOTOR_SECRET[::-1], "x" * 40):
        with pytest.raises(ConnectionRefused):
            evotor.connect_evotor(shop.owner, token)
    db.session.commit()
    shop.run()
    return shop


def assert_clean(text: str, where: str) -> None:
    for secret in (EVOTOR_SECRET, VK_SECRET, str(PURCHASE_PRICE), "upload_response", "ERR_UPLOAD"):
        assert secret not in text, f"{secret} stands in {where}"


def test_the_log_holds_no_secret(capfd: pytest.CaptureFixture[str], eventful: Shop) -> None:
    written = capfd.readouterr()

    assert "event=run " in written.err
    assert "event=run_failed" in written.err
    assert "event=change_failed" in written.err
    assert_clean(written.out + written.err, "the log")


def test_the_database_holds_no_secret_in_clear(eventful: Shop, tmp_path: Path) -> None:
    db.session.execute(sa.text("SELECT 1"))
    db.session.remove()
    db.engine.dispose()

    files = list(tmp_path.glob("evosync.db*"))
    assert files
    for path in files:
        assert_clean(path.read_bytes().decode("latin-1"), path.name)


def test_no_page_shows_a_secret(eventful: Shop, client: FlaskClient) -> None:
    owner = eventful.owner
    users.set_password(owner, PASSWORD)
    db.session.commit()
    browser = Browser(client)
    browser.sign_in(owner.email, PASSWORD)

    for path in PAGES:
        assert_clean(browser.get(path, buffered=True).html, path)


def test_no_command_prints_a_secret(eventful: Shop, app: Flask) -> None:
    flask = Shell(app)
    email = db.session.scalars(sa.select(User.email)).one()
    db.session.remove()

    for words in (
        ("sync-config", email),
        ("sync-config", "--active"),
        ("sync", "plan", email),
        ("sync", "run", email),
        ("sync", "run", "--due"),
        ("keys", "rotate"),
        ("sync", "prune"),
    ):
        answer = flask(*words)
        assert_clean(answer.out + answer.err, " ".join(words))


def test_an_error_never_names_the_token_that_it_refuses(shop: Shop) -> None:
    with pytest.raises(ConnectionRefused) as refusal:
        vk.connect_vk(shop.owner, VK_SECRET[::-1], CLUB)

    cause = refusal.value.__cause__
    assert VK_SECRET[::-1] not in f"{refusal.value!r} {cause!r} {vars(cause) if cause else ''}"


# The filter of the log


@pytest.mark.parametrize(
    "facts",
    [
        {"access_token": "abc"},
        {"upload_response": "abc"},
        {"cost_price": 61.173},
        {"text": "Authorization: Bearer abc.def"},
        {"text": "https://x.example/?access_token=abc"},
        {"error": RuntimeError("vk1.a.abcdef")},
        {"pairs": {"key": "vk1.a.abcdef"}},
        {"text": "known-secret-1 is known"},
    ],
)
def test_the_filter_hides(app: Flask, capfd: pytest.CaptureFixture[str], facts: dict[str, object]) -> None:
    remember_secret("known-secret-1")

    structlog.get_logger().info("odd", **facts)

    line = capfd.readouterr().err
    assert "[hidden]" in line
    for secret in ("abc", "61.173", "known-secret-1"):
        assert secret not in line


# Errors of the database

HUSHED = "hush@example.ru"
"""Not written out below: a traceback shows lines of the source."""


def test_an_error_of_the_database_tells_no_value(
    app_on_each_database: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(IntegrityError) as refusal:
        db.session.execute(sa.text("INSERT INTO users (email) VALUES (:email)"), {"email": HUSHED})
    structlog.get_logger().error("broken", exc_info=refusal.value)
    db.session.rollback()

    written = capfd.readouterr().err
    assert "event=broken" in written and "INSERT INTO users" in written
    assert HUSHED not in written


def test_an_error_that_nobody_expected_tells_no_value(
    app_on_postgres: Flask, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is Flask that writes this one down."""

    def broken() -> str:
        remember_secret("known-secret-2")
        db.session.execute(sa.text("SELECT CAST(:given AS integer) -- known-secret-2"), {"given": HUSHED})
        return ""

    monkeypatch.setattr("app.web.access.PUBLIC", {"broken"})
    monkeypatch.setitem(app_on_postgres.config, "PROPAGATE_EXCEPTIONS", False)
    app_on_postgres.add_url_rule("/broken", "broken", broken)
    app_on_postgres.logger.handlers = [default_handler]
    assert app_on_postgres.test_client().get("/broken").status_code == 500

    written = capfd.readouterr().err
    assert "Exception on /broken" in written and "InvalidTextRepresentation" in written
    assert HUSHED not in written and "known-secret-2" not in written
