"""States of an owner's shop as the engine makes them: by runs against the sandbox, never by rows written by hand."""

from datetime import timedelta

import pytest

from app.clock import utcnow
from app.db import db
from app.models import RunTrigger, SyncRun, User
from app.services.engine import run as engine_run
from app.services.runs import claims, queue, records
from tests.factories import connect_both, make_active
from tests.support.clock import stop_at
from tests.support.sandbox import SECOND_STORE, Sandbox


def last_run(owner: User) -> SyncRun:
    run = records.latest(owner.id)
    assert run is not None
    return run


def ran(owner: User) -> SyncRun:
    """Everything connected and confirmed; the nine products of the little store stand in VK."""
    make_active(connect_both(owner), SECOND_STORE)
    return run_again(owner)


def run_again(owner: User) -> SyncRun:
    engine_run.run_user(owner, RunTrigger.SCHEDULE)
    return last_run(owner)


def ran_into(owner: User, sandbox: Sandbox, service: str, kind: str, target: str | None = None) -> SyncRun:
    """A run that had something to do, and to which a vendor answered like this; it answers well again since."""
    sandbox.put_product("met-a-fault", SECOND_STORE)
    sandbox.fault(service, kind, target)
    run = run_again(owner)
    sandbox.clear_faults()
    return run


def queued(owner: User, trigger: RunTrigger = RunTrigger.MANUAL) -> SyncRun:
    queue.request(owner.id, trigger)
    db.session.commit()
    return last_run(owner)


def at_work(owner: User, trigger: RunTrigger = RunTrigger.SCHEDULE) -> SyncRun:
    """In the hands of a worker."""
    run = claims.claim(owner.id, trigger, claims.worker_name())
    assert run is not None, "another worker is at it"
    return run


def stopped(owner: User) -> SyncRun:
    """Asked for, and withdrawn before a worker took it."""
    run = queued(owner)
    queue.drop_queued(owner.id)
    db.session.commit()
    return run


def run_a_day_later(owner: User, monkeypatch: pytest.MonkeyPatch) -> SyncRun:
    """When the whole market is read again, so that what was changed there by hand is seen."""
    stop_at(monkeypatch, utcnow() + timedelta(days=1, minutes=1))
    return run_again(owner)
