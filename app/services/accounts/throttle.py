"""Slows guessing down without letting a stranger who guesses keep the owner out.

Failures are counted of an account, of a source, and of an account from a source, in the same rows whether that account
exists or not. Only the last two refuse, so a source that has not failed always gets its try; an account that many
sources guess at merely leaves each of them fewer. Sources of one crowd are bounded together as well. A try is counted
before the password is looked at, and taken back if it was right: parallel guesses gain nothing. Whoever writes several
of the rows begins with the account's, then the source's: in another order two tries would wait for each other.

What anybody may order for an address is counted in such rows, too, and outlasts the account.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.context import settings
from app.db import db
from app.logs import get_logger
from app.models import SignInFailures
from app.services.errors import TooManyAttempts

FREE_TRIES = 5
FREE_TRIES_WHEN_GUESSED_AT = 1
GUESSED_AT = 20
"""So many failures of an account, wherever they come from, are more than forgetfulness."""
FREE_TRIES_OF_SOURCE = 20
"""For whatever accounts: many owners may share one address."""
FREE_TRIES_OF_CROWD = 30
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)

SIGN_IN = "sign_in"
ANYWHERE = ""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Attempt:
    """To prove to be `subject` (an address, a user's number), from `source`."""

    purpose: str
    """Failures for one purpose do not count for another."""
    subject: str
    source: str
    crowd: str = ""
    """Sources of this kind are one more together: whoever guesses at one account may have many of them."""

    @property
    def account(self) -> str:
        text = f"{self.purpose} {self.subject}".encode(errors="surrogatepass")
        return hmac.new(settings().secret_key.encode(), text, hashlib.sha256).hexdigest()

    @property
    def of_account(self) -> tuple[str, str]:
        return self.account, ANYWHERE

    @property
    def of_source(self) -> tuple[str, str]:
        return self.purpose, self.source

    @property
    def of_both(self) -> tuple[str, str]:
        return self.account, self.source

    @property
    def of_crowd(self) -> list[tuple[str, str]]:
        return [(self.account, self.crowd)] if self.crowd else []


def count_attempt(attempt: Attempt, now: datetime) -> bool:
    """As failed, until it is taken back; True if this one begins a lock. Commits. Raises TooManyAttempts."""
    guessed_at = (_counted(attempt.of_account, now) or 0) > GUESSED_AT
    locks = False
    for key, free in (
        (attempt.of_source, FREE_TRIES_OF_SOURCE),
        *((key, FREE_TRIES_OF_CROWD) for key in attempt.of_crowd),
        (attempt.of_both, FREE_TRIES_WHEN_GUESSED_AT if guessed_at else FREE_TRIES),
    ):
        failures = _counted(key, now)
        if failures is None:
            seconds_left = _seconds_left(key, now)
            db.session.rollback()
            log.info("attempt_refused", purpose=attempt.purpose, source=attempt.source)
            raise TooManyAttempts(seconds_left)
        if failures > free:
            _lock(key, now + min(FIRST_LOCK * 2 ** min(failures - free - 1, 10), LONGEST_LOCK))
            locks = True
    db.session.commit()
    return locks


def _counted(key: tuple[str, str], now: datetime) -> int | None:
    """How many failures that makes; None while a lock stands."""
    table = SignInFailures
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    new = insert(table).values(account=key[0], source=key[1], failures=1, last_at=now)
    again = new.on_conflict_do_update(
        index_elements=[table.account, table.source],
        set_={
            "failures": sa.case((table.last_at < now - FORGOTTEN_AFTER, 1), else_=table.failures + 1),
            "last_at": now,
        },
        where=sa.or_(table.locked_until.is_(None), table.locked_until <= now),
    )
    return db.session.execute(again.returning(table.failures)).scalar()


def _lock(key: tuple[str, str], until: datetime) -> None:
    db.session.execute(sa.update(SignInFailures).where(_is(key)).values(locked_until=until))


def count_order(purpose: str, subject: str, pause: Callable[[int], timedelta], now: datetime) -> bool:
    """Whether this one is not too soon; then no other is taken until the `pause` after so many is over. Flushes."""
    key = Attempt(purpose, subject, ANYWHERE).of_account
    orders = _counted(key, now)
    if orders is None:
        return False
    _lock(key, now + pause(orders))
    return True


def _seconds_left(key: tuple[str, str], now: datetime) -> int:
    """At least one, also where the lock was taken back meanwhile: tries that turn out right may have made it."""
    until = db.session.scalar(sa.select(SignInFailures.locked_until).where(_is(key)))
    return max(1, ceil((until - now).total_seconds())) if until else 1


def take_back(attempt: Attempt) -> None:
    """It was right: earlier failures of this account from here are forgiven, too."""
    for key in (attempt.of_account, attempt.of_source, *attempt.of_crowd):
        one_less = {"failures": SignInFailures.failures - 1, "locked_until": None}
        db.session.execute(sa.update(SignInFailures).where(_is(key), SignInFailures.failures > 0).values(one_less))
    db.session.execute(sa.delete(SignInFailures).where(_is(attempt.of_both)))


def forget(purpose: str, subject: str) -> None:
    """Every failure of this account, from wherever."""
    account = Attempt(purpose, subject, ANYWHERE)
    db.session.execute(sa.delete(SignInFailures).where(_is(account.of_account)))
    db.session.execute(sa.delete(SignInFailures).where(SignInFailures.account == account.account))


def _is(key: tuple[str, str]) -> sa.ColumnElement[bool]:
    return sa.tuple_(SignInFailures.account, SignInFailures.source) == key
