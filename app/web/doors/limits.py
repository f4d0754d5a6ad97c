"""How often one user may ask for what costs much, and how many at once."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from flask import Flask
from flask_limiter import RateLimitExceeded
from limits.errors import StorageError

from app.context import request_source
from app.extensions import limiter
from app.logs import get_logger
from app.services.errors import ServiceError


class ExportUnderWay(ServiceError):
    """This user has one already."""

    code = "export_under_way"


class TooManyExports(ServiceError):
    """Of all users, in this process."""

    code = "too_many_exports"


class _Passed(logging.Handler):
    """The library's word in our log: who was stopped, and that its storage is away."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[0]
        facts = {"error": error.__name__} if error else {}
        get_logger().log(record.levelno, "limits", said=record.getMessage(), **facts)


UPLOADS = limiter.shared_limit("60 per minute", scope="uploads")
EXPORTS = limiter.shared_limit("20 per minute", scope="exports")
CHECKS = limiter.shared_limit("30 per minute", scope="checks", methods=["POST"])
LISTS = limiter.shared_limit("20 per minute", scope="communities", methods=["GET"])
SIGN_INS = limiter.shared_limit("30 per minute", scope="sign-ins at VK")
REFRESHES = limiter.shared_limit("20 per minute", scope="refreshes")
"""Of one user: more than anybody does by hand, with all pages of a kind together."""
WEBHOOKS = limiter.shared_limit("6000 per minute", scope="webhooks", key_func=request_source)
"""Evotor's few servers call for all owners."""

MOST_EXPORTS_MADE, PATIENCE = 2, 3.0
"""At once in one process, for each takes the processor and memory; and the seconds that the next one waits."""
MOST_EXPORTS_READ = 32
"""A table may be read as slowly as its reader likes, and holds a thread and a file all the while."""
_making = threading.BoundedSemaphore(MOST_EXPORTS_MADE)
_readers: set[int] = set()
_readers_lock = threading.Lock()

limiter.logger.addHandler(_Passed())
limiter.logger.setLevel(logging.INFO)


def init_app(app: Flask) -> None:
    limiter.init_app(app)


def seconds_left(error: RateLimitExceeded) -> int:
    """Until the window of the limit that was met is over."""
    window = error.limit.limit.get_expiry()
    try:
        left = limiter.current_limit.reset_at - time.time() if limiter.current_limit else window
    except StorageError:
        left = window
    return min(window, max(1, ceil(left)))


@contextmanager
def one_export(user_id: int) -> Iterator[None]:
    """From its beginning until its reader has it whole. Raises ExportUnderWay and TooManyExports."""
    with _readers_lock:
        if user_id in _readers:
            raise ExportUnderWay
        if len(_readers) >= MOST_EXPORTS_READ:
            raise TooManyExports
        _readers.add(user_id)
    try:
        yield
    finally:
        _readers.discard(user_id)


@contextmanager
def making_an_export() -> Iterator[None]:
    """Raises TooManyExports where no turn comes in time."""
    if not _making.acquire(timeout=PATIENCE):
        raise TooManyExports
    try:
        yield
    finally:
        _making.release()
