"""Devices that are signed in. Their cookies carry the user's session key and the row's own; both can be ended here."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from app.clock import utcnow
from app.context import SESSION_LIFETIME
from app.db import db, reading
from app.models import EventKind, User, UserSession
from app.models.user import new_session_key
from app.services import locks
from app.services.accounts import events
from app.services.errors import SessionEnded

SEEN_EVERY = timedelta(minutes=5)
_PARTS = (User.sync_config, User.sync_state, User.evotor, User.vk)
"""What nearly every page asks of its user: it comes in the same query."""


def begin(user: User, *, is_remembered: bool, source: str, device: str, now: datetime | None = None) -> None:
    """The cookies of the device that asks carry `user.carried` from now on. Flushes."""
    now, key = now or utcnow(), secrets.token_urlsafe(32)
    db.session.add(
        UserSession(
            user_id=user.id,
            key_hash=_hash(key),
            is_remembered=is_remembered,
            source=source,
            device=device,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    db.session.flush()
    user.carried = f"{user.session_key}.{key}"


def resume(carried: str, *, is_change: bool = False, now: datetime | None = None) -> User | None:
    """The user whose device carries this, or None. That it was seen is noted only where something changes anyway."""
    now = now or utcnow()
    session_key, _, key = carried.partition(".")
    asked = {"key_hash": _hash(key), "now": now, "session_key": session_key}
    found = _looked_up(asked) if is_change else db.session.scalar(_signed_in(with_parts=True), asked)
    if found is None:
        return None
    if is_change and found.last_seen_at < now - SEEN_EVERY:
        db.session.execute(sa.update(UserSession).where(UserSession.id == found.id).values(last_seen_at=now))
    found.user.carried = carried
    return found.user


def _looked_up(asked: Mapping[str, object]) -> UserSession | None:
    """Without the writer's turn, as nothing is changed yet: on SQLite there is one for all."""
    if db.session().in_transaction():
        return db.session.scalar(_signed_in(with_parts=False), asked)
    with reading():
        found = db.session.scalar(_signed_in(with_parts=False), asked)
        db.session.commit()
    return found


@cache
def _signed_in(*, with_parts: bool) -> sa.Select[UserSession]:
    """What changes something reads the parts only when it holds the user's lock."""
    user = contains_eager(UserSession.user)
    query = sa.select(UserSession).join(UserSession.user).options(user)
    query = query.where(
        UserSession.key_hash == sa.bindparam("key_hash"),
        UserSession.expires_at > sa.bindparam("now"),
        User.session_key == sa.bindparam("session_key"),
    )
    return query.options(*(user.joinedload(part) for part in _PARTS)) if with_parts else query


def current(user: User) -> UserSession | None:
    """That of the device that asks."""
    key = (user.carried or "").partition(".")[2]
    return db.session.scalar(sa.select(UserSession).where(UserSession.key_hash == _hash(key)))


def still(user: User) -> UserSession | None:
    """The same, for a change that took long to prepare: no other one of this user's is made until it is stored.

    None where no device asks. Raises SessionEnded where it was signed out meanwhile.
    """
    locks.lock(user.id)
    device = current(user)
    if device is None and user.carried is not None:
        raise SessionEnded
    return device


def of(user: User, now: datetime | None = None) -> Sequence[UserSession]:
    query = sa.select(UserSession).where(UserSession.user_id == user.id, UserSession.expires_at > (now or utcnow()))
    return db.session.scalars(query.order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())).all()


def end(found: UserSession) -> None:
    """Flushes."""
    db.session.execute(sa.delete(UserSession).where(UserSession.id == found.id))
    events.record(EventKind.SIGNED_OUT, found.user_id, session_id=found.id)


def end_all(user: User) -> None:
    """Flushes."""
    drop_all(user)
    events.record(EventKind.SIGNED_OUT_EVERYWHERE, user.id)


def drop_all(user: User) -> None:
    """Without a word in the record: part of something greater."""
    user.session_key = new_session_key()
    db.session.execute(sa.update(User).where(User.id == user.id).values(session_key=user.session_key))
    db.session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
