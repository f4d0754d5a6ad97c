"""Whether somebody reads the mails of an address."""

from enum import StrEnum

import sqlalchemy as sa

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import EventKind, MailKind, User
from app.services.accounts import events
from app.services.mail import outbox, tokens


def ask(user: User) -> bool:
    """Queue the mail with the link; False where there is no mail, or one went out just now. Flushes."""
    if not settings().has_mail or user.email_confirmed_at is not None:
        return False
    return outbox.queue_asked(user.id, MailKind.CONFIRM_EMAIL, user.email)


class Link(StrEnum):
    """What a link that confirms comes to."""

    GOOD = "good"
    CONFIRMED = "confirmed"
    """Already: by this link or another one, of the same address."""
    PAST = "past"
    """Too old, or of an address or a time that is no more."""
    FORGED = "forged"


def state_of(token: str) -> Link:
    if tokens.confirmed_by(token) is not None:
        return Link.GOOD
    if (found := tokens.meant_to_confirm(token)) is None:
        return Link.FORGED
    user, is_same_address = found
    return Link.CONFIRMED if is_same_address and user.email_confirmed_at is not None else Link.PAST


def confirm(token: str) -> None:
    """Nothing where somebody else with the link was faster. Flushes."""
    if (user := tokens.confirmed_by(token)) is None:
        return
    is_first = user.email_confirmed_at is None
    is_next = (User.id == user.id, User.email == user.email, User.confirmations == user.confirmations)
    confirmed = {"confirmations": User.confirmations + 1, "email_confirmed_at": user.email_confirmed_at or utcnow()}
    done = db.session.execute(sa.update(User).where(*is_next).values(confirmed).returning(User.id))
    if done.scalar() is not None and is_first:
        events.record(EventKind.EMAIL_CONFIRMED, user.id)
