"""Argon2id, slow on purpose: never while a transaction is open, and never more than two at once in one process.

The profile is OWASP's for small servers (19 MiB, two passes): a flood of sign-ins then costs some 40 MB and a fraction
of a second, where 64 MiB a thread would take a machine's memory and all its time.
"""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 8, 128
"""Signs of a password."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = BoundedSemaphore(2)


def hashed(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """False where there is no hash, after the same work: an answer's time does not tell who is registered."""
    nobodys = _nobodys()
    with _at_once:
        try:
            return _hasher.verify(password_hash or nobodys, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def renewed(password_hash: str, password: str) -> str | None:
    """The hash as it is made today, where the stored one is older; else None."""
    return hashed(password) if _hasher.check_needs_rehash(password_hash) else None


@cache
def _nobodys() -> str:
    return hashed("nobody has this password")
