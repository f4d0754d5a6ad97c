"""A worker of the queue, as a process."""

import logging
from collections.abc import Sequence
from functools import partial
from threading import Event, Thread
from typing import Any

from flask import Flask

from app.models import Lane
from app.services.runs.claims import worker_name
from app.services.runs.lanes import slots
from app.tasks.beat import Beat, keep_on
from app.tasks.celery_app import make_celery, queue_of, stopping
from app.tasks.hearing import listen_anew_after_lost_words


def work(app: Flask, lanes: Sequence[Lane], threads: int, *, with_beat: bool) -> int:
    """Until SIGTERM or SIGINT, after which runs end between two changes; returns the exit code of the process."""
    from celery import signals

    celery = make_celery(app)
    ended = Event()
    name = worker_name()
    show = partial(slots.note, name, lanes, threads)
    beside = Thread(target=keep_on, args=(app, show, Beat(celery) if with_beat else None, ended.wait), daemon=True)

    def begin(**_: Any) -> None:
        beside.start()

    def stop(**_: Any) -> None:
        stopping.set()
        ended.set()

    signals.setup_logging.connect(_keep_logging, weak=False)
    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutting_down.connect(stop, weak=False)
    worker = celery.Worker(
        pool="threads",
        concurrency=threads,
        queues=[queue_of(lane) for lane in lanes],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    listen_anew_after_lost_words(celery, worker)
    worker.start()
    ended.set()
    if beside.is_alive():
        beside.join(timeout=10)
    with app.app_context():
        slots.forget(name)
    return int(worker.exitcode or 0)


def _keep_logging(**_: Any) -> None:
    """Lines are written as everywhere; of Celery's own those that somebody has to look at."""
    logging.getLogger("celery").setLevel(logging.WARNING)
