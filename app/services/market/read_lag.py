"""VK's lists trail its writes: how long after one a read proves nothing."""

from datetime import datetime, timedelta

from app.clock import utcnow
from app.context import settings


def read_lag() -> timedelta:
    return timedelta(seconds=settings().vk_read_lag_seconds)


def after_read_lag() -> datetime:
    """From when on a read shows what is written now."""
    return utcnow() + read_lag()
