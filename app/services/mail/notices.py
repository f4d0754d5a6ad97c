"""Notices to owners, queued by the pass: at most one a day and kind, and the same one again only after a week."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.clock import utcnow
from app.db import db, reading
from app.logs import get_logger
from app.models import MailKind, OutgoingMail, User
from app.models.mail import ABOUT_LENGTH
from app.services import locks
from app.services.mail import outbox, preferences
from app.services.mail.occasions import DAY, FOUND_BY, Occasion

SAME_AGAIN = timedelta(days=7)
_EXPLAINED_BY = (MailKind.CONNECTION, MailKind.APPROVAL)
"""Whoever hears of one of these knows why there was no good run."""

log = get_logger()

Told = list[tuple[str, datetime, bool]]
"""What was told of one kind to one owner, when, and whether it still waits to be."""


def queue_due() -> int:
    """How many. Commits, each by itself: one owner's trouble stays theirs."""
    with reading():
        found = [(kind, occasion) for kind, find in FOUND_BY.items() for occasion in find(None)]
        told = _told_lately() if found else {}
        db.session.commit()
    explained = {occasion.user_id for kind, occasion in found if kind in _EXPLAINED_BY}
    queued = 0
    for kind, occasion in found:
        is_news = _is_news(occasion, told.get((occasion.user_id, kind), []))
        if is_news and not (kind is MailKind.NO_GOOD_RUN and occasion.user_id in explained):
            queued += _queue(kind, occasion)
    return queued


def _told_lately(only: int | None = None) -> dict[tuple[int | None, MailKind], Told]:
    told: dict[tuple[int | None, MailKind], Told] = {}
    at, waits = sa.func.coalesce(OutgoingMail.sent_at, OutgoingMail.created_at), OutgoingMail.next_try_at.is_not(None)
    is_told = OutgoingMail.error_code.is_distinct_from(outbox.NOT_NEEDED)  # else it may be true again by now
    lately: list[Any] = [OutgoingMail.user_id.is_not(None), OutgoingMail.kind.in_([*FOUND_BY]), is_told]
    if only is not None:
        lately.append(OutgoingMail.user_id == only)
    columns = (OutgoingMail.user_id, OutgoingMail.kind, OutgoingMail.about, at, waits)
    query = sa.select(*columns).where(*lately, sa.or_(waits, at > utcnow() - SAME_AGAIN))
    for user_id, kind, about, moment, is_waiting in db.session.execute(query):
        told.setdefault((user_id, MailKind(kind)), []).append((about, moment, is_waiting))
    return told


def _is_news(occasion: Occasion, told: Told) -> bool:
    """Neither said, nor waiting; and nothing else of its kind was within a day."""
    about, day_ago = occasion.about[:ABOUT_LENGTH], utcnow() - DAY
    since = occasion.since or datetime.min
    return not any(waits or at > day_ago or (was == about and at >= since) for was, at, waits in told)


def _queue(kind: MailKind, occasion: Occasion) -> bool:
    """Whether it was; two passes that found the same take turns."""
    user_id = occasion.user_id
    try:
        locks.lock(user_id)
        user = db.session.get(User, user_id, populate_existing=True)
        is_news = _is_news(occasion, _told_lately(user_id).get((user_id, kind), []))
        goes = user is not None and user.email_confirmed_at is not None and preferences.wants(user, kind) and is_news
        if goes and user is not None:
            outbox.queue(user_id, kind, user.email, occasion.about)
        db.session.commit()
        return goes
    except SQLAlchemyError as error:
        db.session.rollback()
        log.error("notice_not_queued", user_id=user_id, kind=str(kind), error=type(error).__name__)
        return False
