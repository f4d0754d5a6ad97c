"""Whether a run goes as it should, and what it waits for."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import RunStage, RunStatus, RunTrigger, SyncRun
from app.services.pages.sync.run_progress import USUAL_WAIT, RunPhase, RunProgress, run_progress
from tests.factories import make_user
from tests.support.clock import NOON

LONG_AGO, IN_A_MINUTE = NOON - 2 * USUAL_WAIT, NOON + timedelta(minutes=1)


def a_run(status: RunStatus, **fields: Any) -> SyncRun:
    usual = {"created_at": NOON, "total": 0, "done": 0, "cancel_requested": False}
    return SyncRun(trigger=RunTrigger.SCHEDULE, status=status, **(usual | fields))


@pytest.mark.parametrize(
    ("run", "phase"),
    [
        (a_run(RunStatus.SUCCEEDED), RunPhase.ENDED),
        (a_run(RunStatus.QUEUED), RunPhase.QUEUED),
        (a_run(RunStatus.RUNNING), RunPhase.BEGUN),
        (a_run(RunStatus.RUNNING, total=3), RunPhase.CHANGING),
        (a_run(RunStatus.RUNNING, stage=RunStage.CATALOG), RunPhase.PREPARING),
        (a_run(RunStatus.RUNNING, stage=RunStage.HIDE), RunPhase.CHANGING),
        (a_run(RunStatus.RUNNING, lease_until=IN_A_MINUTE), RunPhase.BEGUN),
        (a_run(RunStatus.RUNNING, lease_until=LONG_AGO), RunPhase.LOST),
        (a_run(RunStatus.RUNNING, lease_until=LONG_AGO, cancel_requested=True), RunPhase.STOPPING),
    ],
)
def test_a_run_is_in_one_phase(run: SyncRun, phase: RunPhase) -> None:
    assert run_progress(run, NOON).phase is phase


def test_what_the_owner_switched_off_is_stopping() -> None:
    assert run_progress(a_run(RunStatus.RUNNING, total=3), NOON, is_called_off=True).phase is RunPhase.STOPPING


def test_the_rest_of_a_run_is_waited_for_like_one_in_the_queue(app: Flask) -> None:
    just_now, long_ago = (a_run(RunStatus.CONTINUED, finished_at=at) for at in (NOON, LONG_AGO))
    found = [run_progress(run, NOON, goes_on=True).phase for run in (just_now, long_ago)]
    assert found == [RunPhase.BETWEEN, RunPhase.UNATTENDED]


@pytest.mark.parametrize("somebody_works", [True, False])
def test_a_run_that_waits_long_is_troubled_only_where_nobody_works(app: Flask, somebody_works: bool) -> None:
    if somebody_works:
        user = make_user("other@example.ru")
        db.session.add(a_run(RunStatus.RUNNING, user_id=user.id, lease_until=NOON + timedelta(minutes=1)))
        db.session.commit()
    found = run_progress(a_run(RunStatus.QUEUED, created_at=LONG_AGO), NOON)
    assert found.phase is (RunPhase.BEHIND if somebody_works else RunPhase.UNATTENDED)
    assert found.is_troubled is not somebody_works


@pytest.mark.parametrize(
    ("ends_in", "silent_for", "left"), [(40, 5, 40.0), (-5, 5, None), (40, 60, None)], ids=["tells", "late", "silent"]
)
def test_the_end_is_told_while_the_run_is_heard_of(ends_in: float, silent_for: float, left: float | None) -> None:
    run = a_run(RunStatus.RUNNING, stage=RunStage.EDIT, total=50, done=30)
    run.ends_at, run.heartbeat_at = NOON + timedelta(seconds=ends_in), NOON - timedelta(seconds=silent_for)
    assert run_progress(run, NOON) == RunProgress(RunPhase.CHANGING, stage=RunStage.EDIT, seconds_left=left)
