"""A key just pasted, kept for the next try: something else was typed wrong, or a vendor did not answer.

It travels in the session's cookie, which is signed and not encrypted; so it is sealed under the key ring, and opens
only for the same user on the same device, for the same purpose and for a short time.
"""

from datetime import datetime, timedelta

from flask import current_app

from app.clock import utcnow
from app.crypto import KeyRing
from app.domain.account.pasted import Service
from app.models import User
from app.services.accounts import sessions

LIFETIME = timedelta(minutes=15)
LONGEST = 1024
"""Signs: a cookie holds no more than 4 KB."""


def seal(user: User, service: Service, key: str) -> str | None:
    """None where the key is too long to be kept."""
    if len(key) > LONGEST:
        return None
    return _ring().encrypt("\n".join([_bound_to(user, service), (utcnow() + LIFETIME).isoformat(), key]))


def unseal(user: User, service: Service, sealed: str) -> str | None:
    """The key; None where it was sealed for somebody or something else, or too long ago."""
    bound_to, _, rest = (_ring().decrypt(sealed) or "").partition("\n")
    if bound_to != _bound_to(user, service):
        return None
    until, _, key = rest.partition("\n")
    return key if utcnow() <= datetime.fromisoformat(until) else None


def _bound_to(user: User, service: Service) -> str:
    device = sessions.current(user)
    return f"kept key {service} {user.id} {device.id if device is not None else ''}"


def _ring() -> KeyRing:
    ring: KeyRing = current_app.extensions["key_ring"]
    return ring
