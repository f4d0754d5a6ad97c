"""Signed words in the links of mails. None of them is stored, and each dies with what it was given for."""

import hashlib
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

from app import clock
from app.context import settings
from app.db import db
from app.models import MailKind, User

CONFIRM_FOR, RESET_FOR = timedelta(days=7), timedelta(hours=1)
_CONFIRM, _RESET, _STOP = "mail: confirm", "mail: reset", "mail: stop"


class _OurTime(TimestampSigner):
    def get_timestamp(self) -> int:
        return int(clock.epoch())

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """In the form in which it was made: its last sign has bits to spare."""
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == want_bytes(sig)


def confirm_token(user: User) -> str:
    """Dies with the address and the password, and with its use; after that it still tells whose it was."""
    return _signed(_CONFIRM, user.id, _once(user), _digest(user.email))


def reset_token(user: User) -> str:
    """The same, and with its use, which makes another password."""
    return _signed(_RESET, user.id, _digest(user.email, user.session_key, user.password_hash))


def stop_token(user: User, kind: MailKind) -> str:
    """Lasts as long as the address: an old mail has to be stoppable, too."""
    return _signed(_STOP, user.id, _digest(user.email), str(kind))


def confirmed_by(token: str) -> User | None:
    user, digest, _ = _read(_CONFIRM, token, CONFIRM_FOR)
    return user if user and digest == _once(user) else None


def meant_to_confirm(token: str) -> tuple[User, bool] | None:
    """For whom it was made, used or too old, and whether for the address of now; None where it is none of ours."""
    user, _, rest = _read(_CONFIRM, token, None)
    return (user, rest == [_digest(user.email)]) if user else None


def _once(user: User) -> str:
    return _digest(user.email, user.session_key, str(user.confirmations))


def reset_by(token: str) -> User | None:
    user, digest, _ = _read(_RESET, token, RESET_FOR)
    return user if user and digest == _digest(user.email, user.session_key, user.password_hash) else None


def stopped_by(token: str) -> tuple[User, MailKind] | None:
    user, digest, rest = _read(_STOP, token, None)
    return (user, MailKind(rest[0])) if user and digest == _digest(user.email) else None


def _signed(purpose: str, *words: object) -> str:
    text = _serializer(purpose).dumps(words)
    return text if isinstance(text, str) else text.decode()


def _read(purpose: str, token: str, lasts: timedelta | None) -> tuple[User | None, str, list[Any]]:
    """Whose it is, where it is ours, not too old, and its user still there; what it is bound to; and the rest."""
    try:
        max_age = None if lasts is None else int(lasts.total_seconds())
        user_id, digest, *rest = _serializer(purpose).loads(token, max_age=max_age)
    except BadData:
        return None, "", []
    user = db.session.scalar(sa.select(User).where(User.id == user_id).execution_options(populate_existing=True))
    return user, digest, rest


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt=purpose, signer=_OurTime)


def _digest(*of: str) -> str:
    return hashlib.sha256("\n".join((settings().secret_key, *of)).encode()).hexdigest()[:32]
