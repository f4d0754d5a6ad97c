"""Workers of the queue, with real brokers: whatever happens to either, everybody is served, and nobody twice."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from flask import Flask
from kombu.connection import Connection

from app.db import db, reading
from app.models import Lane, QueueSlots, RunStatus, SyncRun, SyncState
from app.services.runs.lanes import slots
from app.tasks.beat import Beat
from app.tasks.celery_app import make_celery, queue_of
from tests.support.brokers import rabbitmq_host, redis_process
from tests.support.passes import Passes, make_stalls
from tests.support.redis_server import RedisServer
from tests.support.sandbox import EVOTOR_TOKEN, VK_TOKEN, Sandbox
from tests.support.settings import with_settings

WORKER = (sys.executable, "-m", "flask", "worker")
PATIENCE = 90.0


@pytest.fixture(
    params=[pytest.param("redis", marks=pytest.mark.redis), pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)]
)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with redis_process(tmp_path) if request.param == "redis" else rabbitmq_host() as url:
        yield url


@pytest.fixture
def app_with_queue(app_on_postgres: Flask, broker: str) -> Flask:
    changed = {"celery_broker_url": broker, "run_lease_seconds": 15}
    app_on_postgres.extensions["settings"] = msgspec.structs.replace(app_on_postgres.extensions["settings"], **changed)
    return app_on_postgres


@pytest.fixture
def passes(app_with_queue: Flask, tmp_path: Path) -> Passes:
    return Passes(app_with_queue, tmp_path)


def users_of_runs(status: RunStatus) -> Counter[int]:
    with reading(), db.engine.connect() as connection:
        return Counter(connection.scalars(sa.select(SyncRun.user_id).where(SyncRun.status == status)))


def served() -> Counter[int]:
    return users_of_runs(RunStatus.SUCCEEDED)


def until(is_so: Callable[[], bool], passes: Passes) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends, passes.errors.read_text()[-3000:]
        time.sleep(0.2)


def stopped(*workers: subprocess.Popen[str]) -> list[int]:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.communicate(timeout=60)
    return [worker.returncode for worker in workers]


def taken(connection: Connection, queue: str) -> Iterator[str]:
    """The messages of a queue with all that they bear."""
    with connection.SimpleQueue(queue) as waiting:
        while True:
            try:
                message = waiting.get(block=False)
            except waiting.Empty:
                return
            message.ack()
            yield f"{message.body!r} {message.headers} {message.properties}"


def test_two_workers_two_beats_and_one_of_them_killed_serve_everybody_once(passes: Passes, sandbox: Sandbox) -> None:
    users = make_stalls(sandbox, 40)
    db.session.remove()
    workers = [passes.begin(*WORKER, "--beat") for _ in range(2)]
    until(lambda: len(served()) >= 5, passes)
    workers[0].send_signal(signal.SIGKILL)

    until(lambda: len(served()) == len(users), passes)

    assert stopped(*workers)[1] == 0
    assert served() == Counter(users)


def test_an_emptied_queue_costs_no_more_than_the_claims_and_its_messages_name_nobody(
    passes: Passes, app_with_queue: Flask, sandbox: Sandbox, broker: str
) -> None:
    users = make_stalls(sandbox, 6)
    slots.note("nobody", list(Lane), 2)

    Beat(make_celery(app_with_queue)).round()

    with Connection(broker) as connection:
        messages = [message for lane in Lane for message in taken(connection, queue_of(lane))]
    assert sum("'serve'" in message for message in messages) == len(users)
    assert not any(secret in str(messages) for secret in (EVOTOR_TOKEN, VK_TOKEN, "@example.ru"))
    claimed = sa.select(sa.func.count(SyncState.id)).where(SyncState.claimed_until.is_not(None))
    assert db.session.scalar(claimed) == len(users)
    slots.forget("nobody")
    db.session.remove()
    passes.move(timedelta(seconds=16))
    worker = passes.begin(*WORKER, "--beat", "--threads", "2")

    until(lambda: served() == Counter(users), passes)

    assert stopped(worker) == [0]


def test_a_worker_that_is_told_to_end_gives_its_run_back(passes: Passes, sandbox: Sandbox) -> None:
    make_stalls(sandbox, 1)
    sandbox.fault("vk", "slow:700")
    db.session.remove()
    worker = passes.begin(*WORKER, "--beat")
    until(lambda: bool(users_of_runs(RunStatus.RUNNING)), passes)

    assert stopped(worker) == [0]

    ended = db.session.scalars(sa.select(SyncRun)).one()
    assert (ended.status, ended.error_code) == (RunStatus.CONTINUED, "time_slice")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(QueueSlots)) == 0


@pytest.mark.redis
def test_a_broker_that_was_away_while_all_slots_were_taken_is_heard_again(
    app_on_postgres: Flask, sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = RedisServer(tmp_path)
    request.addfinalizer(server.kill)
    with_settings(app_on_postgres, celery_broker_url=server.url, run_lease_seconds=15)
    passes = Passes(app_on_postgres, tmp_path)
    users = make_stalls(sandbox, 10)
    sandbox.fault("vk", "slow:300")
    db.session.remove()
    worker = passes.begin(*WORKER, "--beat", "--threads", "2")
    until(lambda: len(served()) >= 2 and len(users_of_runs(RunStatus.RUNNING)) == 2, passes)

    server.kill()
    until(lambda: not users_of_runs(RunStatus.RUNNING), passes)
    server.start()

    until(lambda: served() == Counter(users), passes)
    assert stopped(worker) == [0]
