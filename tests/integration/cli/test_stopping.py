"""Passes and workers as processes: told to stop, and in trouble."""

import signal

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import RunStatus, SyncRun
from app.services import engine, health, runs
from app.services.engine import Outcome
from app.services.health import DatabaseState
from tests.factories import make_active_owner
from tests.integration.cli.conftest import Shell
from tests.support.sandbox import Sandbox

EMAIL = "owner@example.ru"


@pytest.mark.parametrize("words", [("run", "--due"), ("run", EMAIL)])
def test_sigterm_ends_the_run_after_the_current_change(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    make_active_owner(EMAIL)
    usual = signal.getsignal(signal.SIGTERM)
    real = runs.renew
    added: list[bool] = []

    def renew(*given: object, **more: object) -> bool:
        if sandbox.writes() and not added:
            added.append(True)
            signal.raise_signal(signal.SIGTERM)
        return real(*given, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(runs, "renew", renew)

    answer = flask("sync", *words)

    assert answer.json["outcome"] == "continued"
    assert "Traceback" not in answer.err
    assert signal.getsignal(signal.SIGTERM) is usual
    run = db.session.scalars(sa.select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert (run.status, run.error_code) == (RunStatus.CONTINUED, "time_slice")
    assert run.done == len(sandbox.items()), "what was done is recorded"
    assert len(sandbox.items()) == 1


def test_an_account_deleted_meanwhile_is_one_line_and_exit_3(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_active_owner(EMAIL)
    db.session.remove()
    real = runs.claim

    def claim(*given: object) -> SyncRun | None:
        run = real(*given)  # type: ignore[arg-type]  # passed on as they came
        db.session.commit()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM users"))
        return run

    monkeypatch.setattr(runs, "claim", claim)

    answer = flask("sync", "run", EMAIL)

    assert (answer.code, answer.out) == (3, "")
    assert answer.err.splitlines()[-1] == f"Error: the account of {EMAIL} was deleted meanwhile"
    assert "Traceback" not in answer.err


def test_a_database_that_stays_away_ends_the_pass_with_exit_5(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_active_owner(EMAIL)
    db.session.remove()

    def away(*_: object, **__: object) -> Outcome:
        monkeypatch.setattr(health, "database_state", lambda: DatabaseState.UNREACHABLE)
        monkeypatch.setattr(health, "RETURNS_AFTER", (0,))
        raise sa.exc.OperationalError("SELECT", {}, Exception("server is gone"))

    monkeypatch.setattr(engine, "run_user", away)

    answer = flask("sync", "run", "--due")

    assert (answer.code, answer.out) == (5, "")
    assert answer.err.splitlines()[-1] == "Error: the database went away"
    assert "Traceback" not in answer.err
