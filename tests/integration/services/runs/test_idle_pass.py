"""A pass for which nothing waits: it comes every few seconds, all day."""

import pytest
from flask import Flask

from app.db import db
from app.services.connections import daily_checks
from app.tasks.sync import run_due
from tests.factories import connect_both, make_active, make_user
from tests.support.clock import NOON, stop_at
from tests.support.statements import counted_statements, noted_statements, plan_of

MOST, MOST_WITH_MAIL = 2, 5
"""With the look at the database that every command begins with."""


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a Wednesday: on Mondays mail asks who wants the week summed up, too."""
    stop_at(monkeypatch, NOON)


def asked_by_a_pass(app: Flask) -> list[str]:
    make_active(connect_both(make_user()))
    list(run_due())
    db.session.remove()
    with counted_statements() as asked:
        done = app.test_cli_runner().invoke(args=["sync", "run", "--due"])
    assert (done.exit_code, done.stdout) == (0, "")
    return asked


def test_an_idle_pass_asks_next_to_nothing(app_on_each_database: Flask) -> None:
    assert len(asked_by_a_pass(app_on_each_database)) <= MOST


def test_with_mail_it_looks_for_what_owners_have_to_be_told_of(app_with_mail_on_each_database: Flask) -> None:
    assert len(asked_by_a_pass(app_with_mail_on_each_database)) <= MOST_WITH_MAIL


def test_who_is_to_be_checked_is_found_by_an_index(app_on_each_database: Flask) -> None:
    connect_both(make_user())
    with noted_statements(lambda statement: "checked_at" in statement) as asked:
        daily_checks.check_due()

    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET enable_seqscan = off"))  # of one row PostgreSQL would take no index
    plan = plan_of(*asked[0])
    assert "ix_evotor_connections_refresh_due_at" in plan and "ix_vk_connections_checked_at" in plan, plan
    assert "Seq Scan" not in plan and "SCAN" not in plan, plan
