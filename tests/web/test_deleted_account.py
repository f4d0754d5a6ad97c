"""One account, deleted while other requests of its owner are on their way."""

import re
from collections.abc import Callable
from contextvars import Context
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db
from app.models import User
from app.services.accounts import users
from app.services.owner import switch
from tests.factories import PASSWORD, make_user

EMAIL = "owner@example.ru"
AT_ONCE = 4


def apart(call: Callable[[], TestResponse]) -> TestResponse:
    """Outside the test's application context and transaction."""
    return Context().run(call)


def token(client: FlaskClient, path: str) -> str:
    page = apart(lambda: client.get(path)).get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token(client, "/login")}
    assert apart(lambda: client.post("/login", data=form)).status_code == 302
    return client


def said(client: FlaskClient) -> str:
    return apart(lambda: client.get("/login")).get_data(as_text=True)


def test_of_four_deletions_at_once_one_succeeds(app_on_each_database: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    make_user(EMAIL)
    db.session.remove()
    clients = [signed_in(app_on_each_database) for _ in range(AT_ONCE)]
    forms = [{"action": "delete", "password": PASSWORD, "csrf_token": token(client, "/account")} for client in clients]
    answers: dict[int, TestResponse] = {}

    def send(number: int) -> None:
        answers[number] = clients[number].post("/account", data=forms[number])

    threads = [Thread(target=send, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(answer.status_code, answer.location.split("?")[0]) for answer in answers.values()] == [
        (302, "/login")
    ] * AT_ONCE
    assert any("Учётная запись удалена" in said(client) for client in clients)
    assert capfd.readouterr().err.count("event=account_deleted") == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_form_whose_account_goes_meanwhile_leads_to_the_sign_in(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    make_user(EMAIL)
    db.session.remove()
    client = signed_in(app_on_each_database)
    form = {"csrf_token": token(client, "/account"), "enabled": "0"}
    real = switch.toggle

    def toggle(user: User, enabled: bool | None) -> bool:
        user_id = user.id
        db.session.commit()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM users WHERE id = :id"), {"id": user_id})
        if moment == "after":
            db.session.expire_all()
        return real(user, enabled)

    monkeypatch.setattr(switch, "toggle", toggle)

    answer = apart(lambda: client.post("/sync/toggle", data=form))

    assert (answer.status_code, answer.location) == (302, "/login")


def test_a_deletion_that_waits_in_vain_for_a_run_is_tried_again(
    app_on_postgres: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where PostgreSQL ends the weaker of two that wait for each other."""
    user = make_user(EMAIL)
    with db.engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(sa.text("SELECT 1 FROM sync_states FOR UPDATE"))
        db.session.execute(sa.text("SET lock_timeout = '200ms'"))
        db.session.commit()
        real = db.session.rollback

        def rollback() -> None:
            real()
            transaction.rollback()

        monkeypatch.setattr(db.session, "rollback", rollback)
        users.delete(user, PASSWORD, "192.0.2.1")

    assert users.find(EMAIL) is None
