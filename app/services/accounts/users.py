"""Users: registration, sign-in, password, deletion."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from app.clock import utcnow
from app.db import db
from app.logs import get_logger
from app.models import EventKind, SyncConfig, SyncState, User
from app.services.accounts import events, passwords, sessions, throttle
from app.services.accounts.addresses import comparable, normalise_email
from app.services.accounts.lookup import user_id_of
from app.services.accounts.throttle import Attempt
from app.services.errors import BadCredentials, EmailTaken
from app.services.photos import gallery

PASSWORD_FORM = "password_form"  # noqa: S105 - not a password
DELETION_TRIES = 3

log = get_logger()


def register(email: str, password: str) -> User:
    """Ends the caller's transaction first. Raises EmailTaken or NotAnAddress."""
    address = normalise_email(email)
    user = User(email=address, password_hash=_hash_outside_transaction(password))
    user.sync_config = SyncConfig()
    user.sync_state = SyncState()
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise EmailTaken from None
    events.record(EventKind.REGISTERED, user.id)
    return user


def authenticate(email: str, password: str, source: str, now: datetime | None = None) -> User:
    """By address and password. A failure is committed, a success flushed. Raises BadCredentials or TooManyAttempts."""
    user = known_by_password(email, password, source, now)
    events.record(EventKind.SIGNED_IN, user.id)
    return user


def known_by_password(email: str, password: str, source: str, now: datetime | None = None, *, crowd: str = "") -> User:
    """The same for whoever does not sign in by that. `crowd`: see `Attempt`."""
    user = by_address(email)
    known = user.password_hash if user else None
    attempt = Attempt(throttle.SIGN_IN, comparable(email), source, crowd)
    _prove(attempt, user, password, EventKind.SIGN_IN_FAILED, now)
    assert user is not None and known is not None
    renewed = passwords.renewed(known, password)
    _lock_unchanged(user, known)
    user.password_hash = renewed or known
    return user


def _prove(attempt: Attempt, user: User | None, password: str, failure: EventKind, now: datetime | None = None) -> None:
    """Whoever asks knows the user's password. Commits, also in the end. Raises BadCredentials or TooManyAttempts."""
    user_id, known = (user.id, user.password_hash) if user else (None, None)
    locks = throttle.count_attempt(attempt, now or utcnow())
    if passwords.matches(known, password):
        throttle.take_back(attempt)
        db.session.commit()
        return
    one_more = {"failed_sign_ins": User.failed_sign_ins + 1}
    db.session.execute(sa.update(User).where(User.id == (user_id or 0)).values(one_more))
    events.record(failure, user_id)
    if locks:
        events.record(EventKind.SIGN_IN_LOCKED, user_id)
    db.session.commit()
    raise BadCredentials


def _lock_unchanged(user: User, known: str) -> None:
    """Until the transaction ends. Raises BadCredentials where user or password are not what they were."""
    same = sa.select(User).where(User.id == user.id, User.password_hash == known).with_for_update(key_share=True)
    if db.session.scalar(same.execution_options(populate_existing=True)) is None:
        raise BadCredentials


def forget_failures(user: User) -> int:
    """How often the password was given wrong since the last sign-in."""
    failures, user.failed_sign_ins = user.failed_sign_ins, 0
    return failures


def change_password(user: User, current: str, new: str, source: str) -> None:
    """Signs every device out. Raises BadCredentials, TooManyAttempts or, for the same one again, WeakPassword."""
    known = user.password_hash
    _prove(Attempt(PASSWORD_FORM, str(user.id), source), user, current, EventKind.PASSWORD_REFUSED)
    passwords.check_other(new, current)
    password_hash = passwords.hashed(new)
    _lock_unchanged(user, known)
    _store_password(user, password_hash)


def set_password(user: User, new: str) -> None:
    """Signs every device out. Ends the caller's transaction first."""
    _store_password(user, _hash_outside_transaction(new))


def replace_password(user: User, known: str, new: str) -> None:
    """For who has proved in another way who they are. Signs every device out. Ends the caller's transaction first.

    Raises BadCredentials where the password is not any more the one with the hash `known`, or every device was signed
    out meanwhile.
    """
    session_key, password_hash = user.session_key, _hash_outside_transaction(new)
    _lock_unchanged(user, known)
    if user.session_key != session_key:
        raise BadCredentials
    _store_password(user, password_hash, way="mail")


def _store_password(user: User, password_hash: str, **ids: object) -> None:
    user.password_hash = password_hash
    sessions.drop_all(user)
    throttle.forget(throttle.SIGN_IN, user.email)
    events.record(EventKind.PASSWORD_CHANGED, user.id, **ids)


def _hash_outside_transaction(password: str) -> str:
    """Outside of any transaction: on SQLite nobody could write meanwhile."""
    db.session.commit()
    return passwords.hashed(password)


def delete(user: User, password: str, source: str) -> None:
    """The user and everything of theirs; what stands in VK stays. Raises BadCredentials or TooManyAttempts.

    Commits: the files of the photos go only after their rows. Nothing happens where another request was first.
    """
    user_id, email, known = user.id, user.email, user.password_hash
    _prove(Attempt(PASSWORD_FORM, str(user_id), source), user, password, EventKind.PASSWORD_REFUSED)
    is_first = _delete_rows(user_id, known)
    throttle.forget(throttle.SIGN_IN, email)
    throttle.forget(PASSWORD_FORM, str(user_id))
    db.session.commit()
    if is_first:
        log.info("account_deleted", user_id=user_id, source=source)
    gallery.sweep_files(user_id)


def _delete_rows(user_id: int, known: str) -> bool:
    """Whether there were any. Commits. Raises BadCredentials where the password is not what it was.

    A run at work locks the same rows in its own order; where the two wait for each other PostgreSQL ends one of them.
    """
    for tries_left in reversed(range(DELETION_TRIES)):
        try:
            deleted = db.session.execute(sa.delete(User).where(User.id == user_id, User.password_hash == known))
            db.session.commit()
            break
        except OperationalError:
            db.session.rollback()
            if not tries_left:
                raise
    is_first = bool(getattr(deleted, "rowcount", 0))
    if not is_first and is_there(user_id):
        raise BadCredentials
    return is_first


def is_there(user_id: int) -> bool:
    return db.session.scalar(sa.select(User.id).where(User.id == user_id)) is not None


def find(email_or_id: str) -> User | None:
    """By e-mail or by number, as commands name a user."""
    user_id = user_id_of(email_or_id)
    return None if user_id is None else db.session.get(User, user_id)


def by_address(written: str) -> User | None:
    """An address that was stored before all had one form, and could not get it, is found as it was written."""
    stored = written.strip().lower()
    query = sa.select(User).where(User.email.in_({stored, comparable(written)}))
    return db.session.scalar(query.order_by((User.email == stored).desc()).limit(1))
