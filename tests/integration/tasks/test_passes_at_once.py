"""Several passes at once, as processes: nobody is left out, and nobody is served twice."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db, reading
from app.models import RunStatus, SyncRun, SyncState
from tests.support.clock import real_now
from tests.support.killing_proxy import KillingProxy, Point
from tests.support.passes import Passes, make_stalls
from tests.support.sandbox import Sandbox

USERS, AT_ONCE = 40, 3


@pytest.fixture
def passes(app_on_each_database: Flask, tmp_path: Path) -> Passes:
    return Passes(app_on_each_database, tmp_path)


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[KillingProxy]:
    between = KillingProxy(sandbox.url)
    yield between
    between.stop()


def runs_by_user(status: RunStatus) -> Counter[int]:
    with reading(), db.engine.connect() as connection:
        return Counter(connection.scalars(sa.select(SyncRun.user_id).where(SyncRun.status == status)))


def test_three_passes_at_once_serve_everybody_once(passes: Passes, sandbox: Sandbox) -> None:
    users = make_stalls(sandbox, USERS)
    db.session.remove()

    said = passes.end(*[passes.begin() for _ in range(AT_ONCE)])

    assert runs_by_user(RunStatus.SUCCEEDED) == Counter(users)
    assert len(said) == db.session.scalar(sa.select(sa.func.count()).select_from(SyncRun)) == USERS
    assert db.session.scalar(sa.select(sa.func.max(SyncRun.id))) == USERS, "whoever came second cost no number"


def test_whom_a_killed_pass_was_serving_is_served_after_a_lease(
    passes: Passes, sandbox: Sandbox, proxy: KillingProxy
) -> None:
    users = make_stalls(sandbox, 5)
    db.session.remove()
    proxy.arm(Point(12, "before"))
    killed = passes.begin(VK_API_URL=f"{proxy.url}/method")
    proxy.victim.put(killed.pid)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    passes.end(*[passes.begin() for _ in range(AT_ONCE)])
    served = runs_by_user(RunStatus.SUCCEEDED)
    assert len(served) == len(users) - 1, "all but the one whose lease still holds"

    passes.move(timedelta(seconds=301))
    passes.end(passes.begin())

    assert runs_by_user(RunStatus.SUCCEEDED) == Counter(users)
    assert sum(runs_by_user(RunStatus.FAILED).values()) == 1


WRONG_HOUR = """
import sys
from datetime import datetime, timedelta

from app import clock


class Wrong(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=float(sys.argv[1]))


clock.datetime = Wrong
from app.db import db
from app.tasks.sync import run_due
from wsgi import app

with app.app_context():
    for outcome in run_due():
        print(outcome.status, flush=True)
    print(clock.utcnow().isoformat())
"""
"""A pass on a machine whose hour is wrong: the product reads that hour in one place."""


def quiet_runs() -> dict[int, int]:
    """Those that left no row, by user."""
    with reading(), db.engine.connect() as connection:
        rows = connection.execute(sa.select(SyncState.user_id, SyncState.quiet_runs)).all()
    return {row.user_id: row.quiet_runs for row in rows}


@pytest.mark.parametrize("hours", [1, -1])
def test_nobody_waits_longer_for_a_machine_whose_hour_is_wrong(passes: Passes, sandbox: Sandbox, hours: int) -> None:
    users = make_stalls(sandbox, 2)
    db.session.remove()

    *_, moment = passes.end(passes.begin(sys.executable, "-c", WRONG_HOUR, str(hours)))
    is_by_the_database = abs(datetime.fromisoformat(moment) - real_now()) < timedelta(minutes=5)
    assert is_by_the_database == (db.engine.dialect.name == "postgresql")
    passes.end(passes.begin())
    assert set(runs_by_user(RunStatus.SUCCEEDED)) == set(users)
    quiet = quiet_runs()
    passes.move(timedelta(minutes=15, seconds=1))
    passes.end(passes.begin())

    assert all(quiet_runs()[user] > quiet[user] for user in users), "after one interval"
