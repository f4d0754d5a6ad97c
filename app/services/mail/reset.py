"""Another password for who has forgotten the old one, but reads the mails of the address."""

from app.clock import utcnow
from app.db import db
from app.models import MailKind
from app.services.accounts import passwords, users
from app.services.errors import BadCredentials, LinkExpired
from app.services.mail import outbox, tokens


def ask(written: str) -> None:
    """Queue the mail with the link, if the address is somebody's; the same work if not. Flushes."""
    user = users.by_address(written)
    outbox.queue_asked(user.id if user else None, MailKind.RESET_PASSWORD, user.email if user else written)


def is_good(token: str) -> bool:
    return tokens.reset_by(token) is not None


def reset(token: str, password: str) -> bool:
    """Signs every device out. True where the link is the first proof that the address is theirs: what was connected
    before may be somebody else's. Ends the caller's transaction first.

    Raises LinkExpired, also where somebody else was faster, and WeakPassword.
    """
    user = tokens.reset_by(token)
    if user is None:
        raise LinkExpired
    known = user.password_hash
    passwords.check_new(password, user.email)
    db.session.commit()
    passwords.check_not_known(password, known)
    try:
        users.replace_password(user, known, password)
    except BadCredentials:
        raise LinkExpired from None
    is_first_proof = user.email_confirmed_at is None
    user.email_confirmed_at = user.email_confirmed_at or utcnow()
    db.session.flush()
    return is_first_proof
