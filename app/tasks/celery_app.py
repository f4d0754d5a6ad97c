"""Runs handed to workers by a broker: a queue for each lane, and in its messages numbers of users and nothing else.

The truth stands in our rows. A message says that somebody was claimed; one that comes late or twice finds no claim and
is dropped, and one that is lost costs no more than the claim lasts.
"""

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from flask import Flask

from app.context import settings
from app.logs import get_logger
from app.models import Lane
from app.services.runs.lanes import due

if TYPE_CHECKING:
    from celery import Celery

log = get_logger()

stopping = Event()
"""This worker is told to end: its runs do, after their current change."""


def make_celery(app: Flask) -> "Celery":
    """For one application, whose CELERY_BROKER_URL is set. Asks nobody."""
    from celery import Celery
    from kombu.entity import Queue

    with app.app_context():
        longest = settings().run_slice_seconds + settings().run_lease_seconds
        broker = settings().celery_broker_url
    celery = Celery("evosync", broker=broker, set_as_current=False)
    celery.conf.update(
        task_queues=[Queue(queue_of(lane), durable=True) for lane in Lane],
        task_create_missing_queues=False,
        task_default_queue=queue_of(Lane.ROUTINE),
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        # Redis hands a message out anew when its task ought to be over; the queues are asked in the order of the lanes.
        broker_transport_options={"visibility_timeout": longest, "queue_order_strategy": "priority"},
    )
    for name, work in WORK.items():
        celery.task(name=name)(_in_context(app, work))
    return celery


def queue_of(lane: Lane) -> str:
    return f"evosync.{lane}"


def _in_context(app: Flask, work: Callable[..., None]) -> Callable[..., None]:
    def run(*given: int) -> None:
        with app.app_context():
            try:
                work(*given)
            except Exception:  # in lines that mask what nobody shall read; the next round comes anyway
                log.exception("task_failed", task=work.__name__)

    return run


def serve(user_id: int) -> None:
    from app.tasks import sync

    if stopping.is_set():
        due.give_back(user_id)
    else:
        sync.serve(user_id, stopping.is_set)


def mails() -> None:
    from app.tasks import mail

    mail.queue_notices()
    mail.hand_over(stopping.is_set)


def catalogs() -> None:
    from app.tasks import sync

    sync.read_catalogs(stopping.is_set)


def checks() -> None:
    from app.services.connections import daily_checks

    daily_checks.check_due(stopping.is_set)


def prune() -> None:
    from app.services.ops import pruning

    pruning.prune(pruning.KEPT_DAYS)


WORK: dict[str, Callable[..., None]] = {work.__name__: work for work in (serve, mails, catalogs, checks, prune)}
