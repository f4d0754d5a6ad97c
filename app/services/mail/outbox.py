"""The rows of mails: queued with what they tell of, claimed by one worker at a time, ended once.

A claim is committed before the mail is handed over, and counts as a try: of two workers one gets it. Who dies between
handing over and noting it leaves a mail that goes out once more, when its claim is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.smtp import Blame
from app.clock import utcnow
from app.db import db, reading
from app.models import MailKind, OutgoingMail
from app.models.mail import ABOUT_LENGTH
from app.services.accounts import throttle
from app.services.accounts.addresses import comparable

CLAIM = timedelta(minutes=5)
"""Longer than a pass may take over its mails."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 4 * 60, 20 * 60))
"""After the first try, the second, …: the last one comes about a day after the first."""
MOST_TRIES = len(PAUSES) + 1
ASKED_AGAIN, ASKED_FREELY, ASKED_AGAIN_LATER = timedelta(minutes=5), 5, timedelta(hours=1)
"""Of mails that somebody may order by an address alone: how soon the next one goes, up to so many, and after them.

They never end: whoever orders them in the owner's name would keep the owner's own away.
"""
NOT_NEEDED = "not_needed"
"""Why a mail never went out: what it was to tell is settled, too old, not wanted, or about another address."""
OF_ALL = (Blame.SERVER, Blame.ENCRYPTION, Blame.LOGIN, Blame.SENDER)
"""Errors that any mail would meet. The mail that met one stays claimed until the server may be asked again, so that
those queued meanwhile wait as well."""
MOST_AT_ONCE = 200
_URGENT = (MailKind.RESET_PASSWORD, MailKind.CONFIRM_EMAIL)
"""Somebody waits for them."""
_BLINDLY = {"synchronize_session": False}


def queue(user_id: int, kind: MailKind, address: str, about: str = "") -> None:
    """Goes out if the caller's transaction is committed."""
    now = utcnow()
    mail = OutgoingMail(user_id=user_id, kind=kind, address=address, about=about[:ABOUT_LENGTH])
    mail.created_at = mail.next_try_at = now
    db.session.add(mail)
    db.session.flush()


def queue_asked(user_id: int | None, kind: MailKind, address: str) -> bool:
    """The same, where somebody asked for it: False, and nothing goes out, if they did so too often.

    They are counted by the address: an account that is deleted and made anew gets no more of them. Without a user
    nothing goes out either. The work is the same, so that nobody can tell by the time it takes.
    """
    now = utcnow()
    is_in_time = throttle.count_order(f"mail {kind}", comparable(address), _pause_after, now)
    if goes := user_id is not None and is_in_time:
        mail = OutgoingMail(user_id=user_id, kind=kind, address=address, created_at=now, next_try_at=now)
    else:
        mail = OutgoingMail(kind=kind, created_at=now, given_up_at=now)
    db.session.add(mail)
    db.session.flush()
    return goes


def _pause_after(mails: int) -> timedelta:
    return ASKED_AGAIN if mails < ASKED_FREELY else ASKED_AGAIN_LATER


def one_is_due() -> sa.ColumnElement[bool]:
    """Or waits for the server only."""
    now = utcnow()
    return sa.exists().where(OutgoingMail.next_try_at <= now, _is_free(now))


def due() -> Sequence[int]:
    """Mails whose time has come, unless the server rests; those for which somebody waits come first."""
    now = utcnow()
    rests = sa.select(OutgoingMail.id).where(OutgoingMail.error_code.in_(OF_ALL), OutgoingMail.claimed_until > now)
    query = sa.select(OutgoingMail.id).where(OutgoingMail.next_try_at <= now, _is_free(now))
    in_order = (OutgoingMail.kind.in_(_URGENT).desc(), OutgoingMail.next_try_at, OutgoingMail.id)
    with reading():
        ids = db.session.scalars(query.order_by(*in_order).limit(MOST_AT_ONCE)).all()
        if ids and db.session.scalar(rests.limit(1)) is not None:
            ids = []
        db.session.commit()
    return ids


def is_server_trusted() -> bool:
    """Whether no mail waits because the server took none: until it takes one again, nobody is to wait for it."""
    in_doubt = sa.select(OutgoingMail.id).where(
        OutgoingMail.error_code.in_(OF_ALL), OutgoingMail.next_try_at.is_not(None)
    )
    with reading():
        is_trusted = db.session.scalar(in_doubt.limit(1)) is None
        db.session.commit()
    return is_trusted


def claim(mail_id: int) -> OutgoingMail | None:
    """None where another worker has it, or ended it. Commits."""
    now = utcnow()
    ours = (OutgoingMail.id == mail_id, OutgoingMail.next_try_at <= now, _is_free(now))
    taken = (
        sa.update(OutgoingMail)
        .where(*ours)
        .values(claimed_until=now + CLAIM, tries=OutgoingMail.tries + 1, error_code=None)
    )
    is_ours = getattr(db.session.execute(taken, execution_options=_BLINDLY), "rowcount", 0) == 1
    db.session.commit()
    return db.session.get(OutgoingMail, mail_id, populate_existing=True) if is_ours else None


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(OutgoingMail.claimed_until.is_(None), OutgoingMail.claimed_until <= now)


def was_sent_since(moment: datetime, user_id: int, kind: MailKind) -> bool:
    ours = (OutgoingMail.user_id == user_id, OutgoingMail.kind == kind, OutgoingMail.sent_at > moment)
    return db.session.scalar(sa.select(OutgoingMail.id).where(*ours).limit(1)) is not None


def note_sent(mail: OutgoingMail) -> None:
    """Commits."""
    _note(mail, next_try_at=None, claimed_until=None, sent_at=utcnow(), error_code=None)


def note_refused(
    mail: OutgoingMail, code: str, *, permanent: bool, rests_until: datetime | None = None
) -> datetime | None:
    """When it is tried again; None where it is given up. The server is left alone until then. Commits."""
    if permanent or mail.tries >= MOST_TRIES:
        note_given_up(mail, code, rests_until)
        return None
    again = utcnow() + PAUSES[mail.tries - 1]
    _note(mail, next_try_at=again, claimed_until=rests_until, error_code=code)
    return again


def note_given_up(mail: OutgoingMail, code: str, rests_until: datetime | None = None) -> None:
    """Commits."""
    _note(mail, next_try_at=None, claimed_until=rests_until, given_up_at=utcnow(), error_code=code)


def give_back(mail: OutgoingMail, code: str, rests_until: datetime | None) -> None:
    """It was not the mail's fault, so this was no try. Commits."""
    _note(mail, claimed_until=rests_until, tries=mail.tries - 1, error_code=code)


def _note(mail: OutgoingMail, **values: object) -> None:
    ours = (OutgoingMail.id == mail.id, OutgoingMail.claimed_until == mail.claimed_until)
    db.session.execute(sa.update(OutgoingMail).where(*ours).values(values), execution_options=_BLINDLY)
    db.session.commit()
