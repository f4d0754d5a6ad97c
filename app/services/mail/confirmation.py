"""Whether somebody reads the mails of an address."""

from app.clock import utcnow
from app.context import settings
from app.models import EventKind, MailKind, User
from app.services.accounts import events
from app.services.mail import outbox, tokens


def ask(user: User) -> bool:
    """Queue the mail with the link; False where there is no mail, or one went out just now. Flushes."""
    if not settings().has_mail or user.email_confirmed_at is not None:
        return False
    return outbox.queue_asked(user.id, MailKind.CONFIRM_EMAIL, user.email)


def is_good(token: str) -> bool:
    return tokens.confirmed_by(token) is not None


def confirm(token: str) -> User | None:
    """Once or again; None for a link that is none, or not any more. Flushes."""
    user = tokens.confirmed_by(token)
    if user is not None and user.email_confirmed_at is None:
        user.email_confirmed_at = utcnow()
        events.record(EventKind.EMAIL_CONFIRMED, user.id)
    return user
