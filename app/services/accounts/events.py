"""The record of what matters to an owner's account: a row for the owner, a line for the log."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask import g
from sqlalchemy.exc import SQLAlchemyError

from app.clock import utcnow
from app.db import db
from app.domain.paging import Page, fetch_page
from app.logs import get_logger
from app.models import AccountEvent, EventKind
from app.models.event import DETAIL_LENGTH

CABINET = "cabinet"
"""`way` of what happened in Evotor's cabinet."""

log = get_logger()


def record(kind: EventKind, user_id: int | None, **ids: object) -> None:
    """Stands or falls with the caller's transaction, and never makes it fail. `ids` hold no secrets, no addresses.

    Where it comes from is what the web has put down for its request; commands and runs come from nowhere.
    """
    db.session.flush()  # what is recorded comes first, and its own trouble is not ours
    source = g.get("source")
    detail = " ".join(f"{name}={value}" for name, value in ids.items() if value is not None)[:DETAIL_LENGTH]
    row = {"user_id": user_id, "at": utcnow(), "kind": kind, "source": source, "detail": detail}
    row["device"] = g.get("device")
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(AccountEvent).values(row))
    except SQLAlchemyError as error:
        log.error("event_not_recorded", kind=kind, user_id=user_id, error=type(error).__name__)
    log.info(str(kind), user_id=user_id, source=source, **ids)


def latest(user_id: int, number: int, size: int) -> Page[AccountEvent]:
    """What happened to the account, the newest first."""
    of_user = AccountEvent.user_id == user_id

    def fetch(offset: int, limit: int) -> tuple[int, Sequence[AccountEvent]]:
        newest = sa.select(AccountEvent).where(of_user).order_by(AccountEvent.at.desc(), AccountEvent.id.desc())
        total = db.session.scalar(sa.select(sa.func.count()).select_from(AccountEvent).where(of_user)) or 0
        return total, db.session.scalars(newest.offset(offset).limit(limit)).all()

    return fetch_page(fetch, number, size)
