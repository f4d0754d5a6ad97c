"""How often one user may ask for what costs much."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import structlog
from flask import Flask
from flask_limiter import RateLimitExceeded
from limits.errors import StorageError

from app.extensions import limiter


class TooManyExports(Exception):
    """At this moment, in this process."""


class _Passed(logging.Handler):
    """The library's word in our log: who was stopped, and that its storage is away."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[0]
        facts = {"error": error.__name__} if error else {}
        structlog.get_logger().log(record.levelno, "limits", said=record.getMessage(), **facts)


UPLOADS = limiter.shared_limit("60 per minute", scope="uploads")
EXPORTS = limiter.shared_limit("6 per minute", scope="exports")
CHECKS = limiter.shared_limit("10 per minute", scope="checks", methods=["POST"])
REFRESHES = limiter.shared_limit("6 per minute", scope="refreshes")
"""Of one user: more than anybody does by hand, with all pages of a kind together."""

MOST_EXPORTS_AT_ONCE = 2
"""Of a process, which has more threads than that: a table may be read as slowly as its reader likes."""
_exporting: set[int] = set()
_exporting_lock = threading.Lock()

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
    """Raises TooManyExports where this user has one already, or as many as may be are on their way."""
    with _exporting_lock:
        if user_id in _exporting or len(_exporting) >= MOST_EXPORTS_AT_ONCE:
            raise TooManyExports
        _exporting.add(user_id)
    try:
        yield
    finally:
        _exporting.discard(user_id)
