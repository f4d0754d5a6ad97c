"""The one place that knows what time it is. Tests turn this clock."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Naive UTC: what every DateTime column holds, in both databases. The product's only wall clock."""
    return datetime.now(UTC).replace(tzinfo=None)
