"""Which mails an owner gets."""

from collections.abc import Collection

import sqlalchemy as sa

from app.db import db
from app.models import MailKind, User
from app.services.mail import tokens

CHOSEN = (MailKind.CONNECTION, MailKind.NO_GOOD_RUN, MailKind.APPROVAL, MailKind.WEEKLY_DIGEST)
"""Those that may be ended; the others answer what somebody asked for a moment ago."""
_OFF_BY_DEFAULT = frozenset({MailKind.WEEKLY_DIGEST})


def wants(user: User, kind: MailKind) -> bool:
    return user.mail_choices.get(kind, kind not in _OFF_BY_DEFAULT)


def wanting(kind: MailKind) -> sa.ColumnElement[bool]:
    """The same, of a query over users."""
    choice = User.mail_choices[str(kind)].as_boolean()
    wished: sa.ColumnElement[bool] = choice.is_(True) if kind in _OFF_BY_DEFAULT else choice.is_distinct_from(False)
    return wished


def wanted(user: User) -> list[MailKind]:
    return [kind for kind in CHOSEN if wants(user, kind)]


def choose(user: User, kinds: Collection[str]) -> None:
    """These and no others. Flushes."""
    user.mail_choices = {str(kind): kind in kinds for kind in CHOSEN}
    db.session.flush()


def stop(token: str) -> MailKind | None:
    """End the kind whose mail bore the token, once or again; None where nobody gave it. Flushes."""
    found = tokens.stopped_by(token)
    if found is None:
        return None
    user, kind = found
    user.mail_choices = {**user.mail_choices, str(kind): False}
    db.session.flush()
    return kind
