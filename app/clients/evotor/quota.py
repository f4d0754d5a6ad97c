"""Evotor's quota headers: docs/contracts/evotor.md §8.2. Moments are epoch seconds."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_EPOCH_ABOVE = 1e9
_DAY = 86_400.0


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, if the answer names them."""
    named = _named_wait(headers.get("Retry-After", ""), now)
    return reset(headers, now) if named is None else named


def reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until a new quota: Evotor sends a span, others send a moment."""
    number = _whole(headers.get("X-RateLimit-Reset", ""))
    if number is None:
        return None
    return _within_a_day(number - now if number > _EPOCH_ABOVE else number)


def runs_low(headers: Mapping[str, str]) -> bool:
    """A tenth of the quota is left, or one call."""
    remaining = _whole(headers.get("X-RateLimit-Remaining", ""))
    limit = _whole(headers.get("X-RateLimit-Limit", "")) or 0.0
    return remaining is not None and remaining <= max(1.0, limit / 10)


def _named_wait(value: str, now: float) -> float | None:
    """Retry-After: a number of seconds or an HTTP date."""
    seconds = _whole(value)
    if seconds is not None:
        return _within_a_day(seconds)
    try:
        return _within_a_day(parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _whole(value: str) -> float | None:
    text = value.strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _within_a_day(seconds: float) -> float:
    return min(max(seconds, 0.0), _DAY)
