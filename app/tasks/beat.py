"""What a worker of the queue does beside its runs: it says that it lives, and as the beat it fills the queues."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask

from app import clock
from app.logs import get_logger
from app.models import Lane
from app.services import health
from app.services.runs.lanes import due, slots, tidying
from app.tasks.celery_app import catalogs, checks, mails, prune, queue_of, serve

if TYPE_CHECKING:
    from celery import Celery

log = get_logger()

EVERY = 2
"""Seconds between two rounds: an owner who pressed waits for the next one, and quick runs empty a queue as soon."""
SHOWN_EVERY = 10
"""Seconds between two times that a worker says that it lives."""
UPKEEP_EVERY: dict[Callable[..., None], float] = {mails: 30, catalogs: 30, checks: 60, prune: 24 * 60 * 60}
TIDY_EVERY = 60


class Beat:
    """Several at once do no harm: each user is claimed once, and so is whatever else they ask for."""

    def __init__(self, celery: "Celery") -> None:
        self._celery = celery
        self._next: dict[object, float] = {}

    def round(self) -> None:
        """Sends as many users as there is room for. Commits."""
        if self._is_time(tidying, TIDY_EVERY):
            tidying.put_in_order()
        with self._celery.connection_for_write() as connection:
            queued = {lane: _length(connection, queue_of(lane)) for lane in Lane}
            room = slots.room(queued)
            for lane in Lane:
                for user_id in due.claim(lane, most=room[lane]) if room[lane] else ():
                    self._send(connection, serve, lane, user_id)
            for work, every in UPKEEP_EVERY.items():
                if room[Lane.ROUTINE] and self._is_time(work, every):
                    self._send(connection, work, Lane.ROUTINE)

    def _send(self, connection: object, work: Callable[..., None], lane: Lane, *given: int) -> None:
        """One that does not get there is not sent again: its claim ends by itself."""
        self._celery.send_task(work.__name__, given, queue=queue_of(lane), connection=connection, retry=False)

    def _is_time(self, what: object, every: float) -> bool:
        now = clock.monotonic()
        is_time = now >= self._next.get(what, now)
        if is_time:
            self._next[what] = now + every
        return is_time


def _length(connection: object, queue: str) -> int:
    """How many messages wait there; makes the queue where a broker lost it."""
    from kombu.entity import Queue

    with connection.channel() as channel:  # type: ignore[attr-defined]  # kombu has no types
        return int(Queue(queue, channel=channel, durable=True).queue_declare().message_count)


def keep_on(app: Flask, show: Callable[[], None], beat: Beat | None, wait: Callable[[float], bool]) -> None:
    """Round after round until `wait`, given seconds, says that the worker ends. Whatever fails, the next one comes.

    `show`: that the worker lives.
    """
    every = SHOWN_EVERY if beat is None else EVERY
    rounds = itertools.cycle(range(SHOWN_EVERY // every))
    with app.app_context():
        is_over = False
        while not is_over:
            try:
                if next(rounds) == 0:
                    show()
                if beat is not None:
                    beat.round()
            except Exception as error:
                log.error("round_failed", error=type(error).__name__, next_try_in_seconds=every)
            health.end_session()
            is_over = wait(every)
