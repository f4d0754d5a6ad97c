"""Users: registration, sign-in, password, deletion."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError, OperationalError

from app.db import db, utcnow
from app.models import SyncConfig, SyncState, User
from app.models.user import new_session_key
from app.services import photos
from app.services.errors import BadCredentials, EmailTaken, TooManyAttempts

FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
DELETION_TRIES = 3

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")
"""Verified for unknown addresses, so that an answer's time does not tell who is registered."""


def normalise_email(email: str) -> str:
    return email.strip().lower()


def register(email: str, password: str) -> User:
    """Raises EmailTaken."""
    user = User(email=normalise_email(email), password_hash=_hasher.hash(password))
    user.sync_config = SyncConfig()
    user.sync_state = SyncState()
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise EmailTaken from None
    return user


def authenticate(email: str, password: str, now: datetime | None = None) -> User:
    """Raises BadCredentials or TooManyAttempts. Commits, because a failure has to be counted too."""
    now = now or utcnow()
    user = find(email)
    if user is None:
        _matches(_NOBODY, password)
        raise BadCredentials
    _count_attempt(user, now)
    if not _matches(user.password_hash, password):
        raise BadCredentials
    user.failed_sign_ins, user.locked_until = 0, None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password)
    db.session.commit()
    return user


def _count_attempt(user: User, now: datetime) -> None:
    """Counted before the password is looked at, and only where no lock stands: parallel guesses gain nothing."""
    counted = (
        sa.update(User)
        .where(User.id == user.id, sa.or_(User.locked_until.is_(None), User.locked_until <= now))
        .values(failed_sign_ins=User.failed_sign_ins + 1)
        .returning(User.failed_sign_ins)
    )
    failures = db.session.execute(counted).scalar()
    if failures is None:
        db.session.rollback()
        raise TooManyAttempts
    if failures > FREE_ATTEMPTS:
        lock = min(FIRST_LOCK * 2 ** min(failures - FREE_ATTEMPTS - 1, 10), LONGEST_LOCK)
        db.session.execute(sa.update(User).where(User.id == user.id).values(locked_until=now + lock))
    db.session.commit()
    db.session.refresh(user)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def change_password(user: User, current: str, new: str) -> None:
    """Signs every other browser out. Raises BadCredentials or TooManyAttempts."""
    authenticate(user.email, current)
    set_password(user, new)


def set_password(user: User, new: str) -> None:
    user.password_hash = _hasher.hash(new)
    user.session_key = new_session_key()
    user.failed_sign_ins, user.locked_until = 0, None
    db.session.flush()


def delete(user: User, password: str) -> None:
    """The user and everything of theirs; what stands in VK stays. Raises BadCredentials or TooManyAttempts.

    Commits: the files of the photos go only after their rows.
    """
    authenticate(user.email, password)
    user_id = user.id
    if not _delete_rows(user_id):
        db.session.refresh(user)  # another request was quicker: as everywhere, there is no such row any more
    photos.sweep_files(user_id)


def _delete_rows(user_id: int) -> bool:
    """Whether there were any. Commits.

    A run at work locks the same rows in its own order; where the two wait for each other PostgreSQL ends one of them.
    """
    for tries_left in reversed(range(DELETION_TRIES)):
        try:
            deleted = db.session.execute(sa.delete(User).where(User.id == user_id))
            db.session.commit()
            return bool(getattr(deleted, "rowcount", 0))
        except OperationalError:
            db.session.rollback()
            if not tries_left:
                raise
    return False


def find(email_or_id: str) -> User | None:
    """By e-mail or by number."""
    wanted = normalise_email(email_or_id)
    if wanted.isascii() and wanted.isdigit():
        return db.session.get(User, int(wanted)) if len(wanted) < 10 else None
    return db.session.scalar(sa.select(User).where(User.email == wanted))


def by_session_key(session_key: str) -> User | None:
    return db.session.scalar(sa.select(User).where(User.session_key == session_key))
