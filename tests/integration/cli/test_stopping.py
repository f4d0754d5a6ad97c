"""Passes and workers as processes: told to stop, and in trouble."""

import signal
from collections.abc import Callable, Iterator
from threading import Event

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.db import db
from app.models import RunStatus, SyncRun
from app.services import health
from app.services.engine import run as engine_run
from app.services.engine.run import Outcome
from app.services.health import DatabaseState
from app.services.runs import claims, lease
from tests.factories import make_active_owner
from tests.integration.cli.conftest import Shell
from tests.support.clock import TurnedClock
from tests.support.sandbox import Sandbox

EMAIL = "owner@example.ru"


@pytest.mark.parametrize("words", [("run", "--due"), ("run", EMAIL)])
def test_sigterm_ends_the_run_after_the_current_request(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    make_active_owner(EMAIL)
    usual = signal.getsignal(signal.SIGTERM)
    real = lease.renew
    added: list[bool] = []

    def renew(*given: object, **more: object) -> bool:
        if sandbox.writes() and not added:
            added.append(True)
            signal.raise_signal(signal.SIGTERM)
        return real(*given, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(lease, "renew", renew)

    answer = flask("sync", *words)

    assert answer.json["outcome"] == "continued"
    assert "Traceback" not in answer.err
    assert signal.getsignal(signal.SIGTERM) is usual
    run = db.session.scalars(sa.select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert (run.status, run.error_code) == (RunStatus.CONTINUED, "time_slice")
    assert run.done == len(sandbox.items()), "what was done is recorded"
    assert run.total > run.done, "no more than the request that was being made"


def test_an_account_deleted_meanwhile_is_one_line_and_exit_3(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_active_owner(EMAIL)
    db.session.remove()
    real = claims.claim

    def claim(*given: object) -> SyncRun | None:
        run = real(*given)  # type: ignore[arg-type]  # passed on as they came
        db.session.commit()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM users"))
        return run

    monkeypatch.setattr(claims, "claim", claim)

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
        raise OperationalError("SELECT", {}, Exception("server is gone"))

    monkeypatch.setattr(engine_run, "run_user", away)

    answer = flask("sync", "run", "--due")

    assert (answer.code, answer.out) == (5, "")
    assert answer.err.splitlines()[-1] == "Error: the database went away"
    assert "Traceback" not in answer.err


class NoWait(Event):
    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@pytest.mark.parametrize("trouble", [OperationalError("SELECT", {}, Exception("server is gone")), ValueError("ours")])
def test_a_worker_says_what_it_waits_for_and_goes_on(
    flask: Shell, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    passes: list[int] = []

    def run_due(_is_stopping: Callable[[], bool]) -> Iterator[Outcome]:
        passes.append(len(passes))
        if len(passes) == 1:
            raise trouble
        signal.raise_signal(signal.SIGTERM)
        yield from ()

    monkeypatch.setattr("app.cli.sync.Event", NoWait)
    monkeypatch.setattr("app.cli.sync.run_due", run_due)

    answer = flask("sync", "worker", "--every", "7")

    assert (answer.code, passes) == (0, [0, 1])


@pytest.mark.parametrize("command", [("sync", "worker"), ("worker",)])
def test_a_worker_without_a_queue_deletes_old_history_once_a_day(
    flask: Shell, monkeypatch: pytest.MonkeyPatch, clock: TurnedClock, command: tuple[str, ...]
) -> None:
    deeds: list[str] = []

    def run_due(_is_stopping: Callable[[], bool]) -> Iterator[Outcome]:
        deeds.append("pass")
        clock.move(hours=13)
        if len(deeds) >= 6:
            signal.raise_signal(signal.SIGTERM)
        yield from ()

    monkeypatch.setattr("app.cli.sync.Event", NoWait)
    monkeypatch.setattr("app.cli.sync.run_due", run_due)
    monkeypatch.setattr("app.cli.sync.pruning.prune", lambda days: deeds.append(f"older than {days} days"))

    assert flask(*command).code == 0
    assert deeds == ["pass", "older than 90 days", "pass", "pass", "older than 90 days", "pass"]


def test_a_worker_takes_lanes_that_there_are(flask: Shell) -> None:
    answer = flask("worker", "--lanes", "interactive,fast")

    assert (answer.code, answer.out) == (2, "") and "interactive, routine, bulk" in answer.err
