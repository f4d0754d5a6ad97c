"""Workers who take up the same user at once, on PostgreSQL, where rows are held one by one."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import RunStatus, RunTrigger, SyncRun, SyncState
from app.services.runs import claims
from tests.factories import make_user

PATIENCE_SECONDS = 20


def until_waiting(number: int) -> None:
    """So many of the others wait for rows."""
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
    with db.engine.connect() as looking:
        while looking.exec_driver_sql(f"{waiting} AND datname = current_database()").scalar_one() < number:
            pass


@contextmanager
def held_before_insert(thread: str, gate: threading.Event) -> Iterator[None]:
    """The thread of that name writes no new run before the gate is open."""

    def hold(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name.startswith(thread) and statement.startswith("INSERT INTO sync_runs"):
            gate.wait(PATIENCE_SECONDS)

    sa.event.listen(db.engine, "before_cursor_execute", hold)
    try:
        yield
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", hold)


def test_who_finds_nothing_queued_waits_for_nobody_who_takes_up_what_was_queued_since(app_on_postgres: Flask) -> None:
    user_id, gate = make_user().id, threading.Event()
    db.session.commit()

    def claim(worker: str) -> int | None:
        with app_on_postgres.app_context():
            run = claims.claim(user_id, RunTrigger.SCHEDULE, worker)
            return run.id if run is not None else None

    first, second = ThreadPoolExecutor(1, thread_name_prefix="first"), ThreadPoolExecutor(1)
    with first, second, held_before_insert("first", gate), db.engine.connect() as pressing:
        pressing.execute(sa.select(SyncState.id).where(SyncState.user_id == user_id).with_for_update())
        begun: list[Future[int | None]] = [first.submit(claim, "w1")]
        until_waiting(1)
        queued = {"user_id": user_id, "trigger": RunTrigger.MANUAL, "status": RunStatus.QUEUED}
        pressing.execute(sa.insert(SyncRun).values(queued))
        pressing.commit()
        begun.append(second.submit(claim, "w2"))
        until_waiting(1)
        gate.set()
        found = [one.result(PATIENCE_SECONDS) for one in begun]

    assert found == [None, db.session.scalar(sa.select(SyncRun.id))]
