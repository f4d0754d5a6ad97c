"""Connections that nothing has asked for a day are checked, a few in each pass, so that their owners hear in time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.clock import utcnow
from app.db import db, reading
from app.logs import get_logger
from app.models import EvotorConnection, User, VkConnection
from app.services.connections.evotor import check_evotor
from app.services.connections.vk import check_vk
from app.services.vendors import turns
from app.services.vendors.turns import AllSeatsTaken, TurnTaken

log = get_logger()

EVERY = timedelta(days=1)
MOST_A_PASS, SECONDS_A_PASS = 20, 20.0
"""No check begins after so long: vendors that keep silent hold up nobody's run."""
_CHECKS: dict[str, tuple[type[EvotorConnection] | type[VkConnection], Callable[[User], object]]] = {
    "evotor": (EvotorConnection, check_evotor),
    "vk": (VkConnection, check_vk),
}


def check_due(is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Returns how many were checked. Commits each. Raises a database error where the database is away."""
    checked, ends = 0, clock.monotonic() + SECONDS_A_PASS
    for service, user_id, checked_at in _due():
        if is_stopping() or clock.monotonic() > ends:
            break
        if _claim(service, user_id, checked_at):
            _check(service, user_id)
            checked += 1
    return checked


def one_is_due() -> sa.ColumnElement[bool]:
    return sa.or_(*(part.exists() for part in _parts()))


def _due() -> list[tuple[str, int, datetime | None]]:
    """The longest unasked first. What runs ask is asked more often than that."""
    query = sa.union_all(*_parts()).order_by(sa.nulls_first(sa.text("checked_at"))).limit(MOST_A_PASS)
    with reading():
        rows = db.session.execute(query).all()
        db.session.commit()
    return [(service, user_id, checked_at) for service, user_id, checked_at in rows]


def _parts() -> list[sa.Select[Any]]:
    """Each finds its rows by an index alone; the last ones are from a clock that was wrong."""
    now, found = utcnow(), []
    for service, (model, _) in _CHECKS.items():
        at: Any = model.checked_at
        columns = (sa.literal(service).label("service"), model.user_id, at.label("checked_at"))
        for is_time in (at.is_(None), at < now - EVERY, at > now + EVERY):
            found.append(sa.select(*columns).where(*_mine(model), is_time))
    return found


def _mine(model: type[EvotorConnection] | type[VkConnection]) -> list[Any]:
    """A key that Evotor has just delivered, and a catalog that is due, belong to the reading of the catalog."""
    if model is VkConnection:
        return [model.token.is_not(None)]
    due, checked = EvotorConnection.refresh_due_at, EvotorConnection.checked_at
    return [model.token.is_not(None), due.is_(None), checked.is_not(None)]


def _claim(service: str, user_id: int, checked_at: datetime | None) -> bool:
    """No other machine checks it, and a check that breaks off comes again after a day."""
    model, _ = _CHECKS[service]
    is_same: Any = model.checked_at.is_not_distinct_from(checked_at)
    claimed = db.session.execute(
        sa.update(model)
        .where(model.user_id == user_id, is_same, *_mine(model))
        .values(checked_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return getattr(claimed, "rowcount", 0) == 1


def _check(service: str, user_id: int) -> None:
    db.session.remove()
    try:
        with turns.turn(user_id):
            if (user := db.session.get(User, user_id)) is not None:
                _CHECKS[service][1](user)
                db.session.commit()
    except (TurnTaken, AllSeatsTaken):
        pass  # a page of its owner asks at this very moment
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        db.session.rollback()
        log.exception("connection_not_checked", user_id=user_id, service=service)
    finally:
        db.session.remove()
