"""Old history goes a little at a time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.domain.planning.changes import Action
from app.models import EntryOutcome, RunStatus, RunTrigger, SyncRun, SyncRunEntry, User
from app.services.ops import pruning
from tests.factories import make_user
from tests.support.commits import counted_commits


def an_old_run(owner: User, entries: int) -> SyncRun:
    """By hand: no run of a test is months old."""
    old = {"created_at": utcnow() - timedelta(days=100), "finished_at": utcnow() - timedelta(days=100)}
    run = SyncRun(user_id=owner.id, trigger=RunTrigger.SCHEDULE, status=RunStatus.SUCCEEDED, done=entries, **old)
    db.session.add(run)
    db.session.flush()
    told = {"run_id": run.id, "action": Action.ADD, "outcome": EntryOutcome.DONE, "name": "Чай"}
    db.session.add_all([SyncRunEntry(**told) for _ in range(entries)])
    db.session.commit()
    return run


def test_a_long_run_goes_in_short_transactions(app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "ENTRIES_A_TIME", 4)
    owner = make_user()
    an_old_run(owner, 10)
    newest = an_old_run(owner, 3)

    with counted_commits() as commits:
        deleted = pruning.prune(90)

    assert (deleted["runs"], deleted["entries"]) == (1, 10)
    assert len(commits) > 3
    assert db.session.scalars(sa.select(SyncRun.id)).all() == [newest.id], "an owner's newest run stays"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SyncRunEntry)) == 3
