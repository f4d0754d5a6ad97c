"""How often one user may ask for what costs much."""

import logging
import time
from math import ceil

import structlog
from flask import Flask
from flask_limiter import RateLimitExceeded
from limits.errors import StorageError

from app.extensions import limiter


class _Passed(logging.Handler):
    """The library's word in our log: who was stopped, and that its storage is away."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[0]
        facts = {"error": error.__name__} if error else {}
        structlog.get_logger().log(record.levelno, "limits", said=record.getMessage(), **facts)


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
