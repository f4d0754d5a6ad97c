"""The record of what matters to an owner's account: a row for the owner, a line for the log."""

import sqlalchemy as sa
from flask import g
from sqlalchemy.exc import SQLAlchemyError

from app.clock import utcnow
from app.db import db
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
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(AccountEvent).values(row))
    except SQLAlchemyError as error:
        log.error("event_not_recorded", kind=kind, user_id=user_id, error=type(error).__name__)
    log.info(str(kind), user_id=user_id, source=source, **ids)
