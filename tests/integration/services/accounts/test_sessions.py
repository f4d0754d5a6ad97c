"""Sessions as rows: how long they last, when they are noted as seen, how they go."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.context import SESSION_LIFETIME
from app.db import db
from app.models import AccountEvent, EventKind, SignInFailures, User, UserSession
from app.services.accounts import events, sessions
from app.services.accounts.sessions import SEEN_EVERY
from app.services.accounts.throttle import FORGOTTEN_AFTER
from app.services.ops import pruning
from tests.factories import make_user

NOW = datetime(2026, 11, 23, 12, 0)


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    return make_user()


def begin(user: User, at: datetime = NOW) -> str:
    sessions.begin(user, is_remembered=False, source="192.0.2.1", device="Chrome, Windows", now=at)
    db.session.commit()
    assert user.carried is not None
    return user.carried


def last_seen() -> datetime | None:
    return db.session.scalar(sa.select(UserSession.last_seen_at))


def test_a_session_lasts_thirty_days(owner: User) -> None:
    carried = begin(owner)

    assert sessions.resume(carried, now=NOW + SESSION_LIFETIME - timedelta(seconds=1)) is owner
    assert sessions.resume(carried, now=NOW + SESSION_LIFETIME) is None


@pytest.mark.parametrize("carried", ["", ".", "1", "x.y", "é", "." * 5000])
def test_anything_else_is_nobodys(owner: User, carried: str) -> None:
    begin(owner)

    assert sessions.resume(carried, now=NOW) is None


def test_either_half_alone_is_nobodys(owner: User) -> None:
    session_key, key = begin(owner).split(".")

    assert sessions.resume(f"{session_key}.", now=NOW) is None
    assert sessions.resume(f".{key}", now=NOW) is None
    assert sessions.resume(f"{session_key}.{key}", now=NOW) is owner


@pytest.mark.parametrize(
    ("is_change", "after", "noted"),
    [(True, SEEN_EVERY * 2, True), (True, SEEN_EVERY / 2, False), (False, SEEN_EVERY * 2, False)],
)
def test_it_is_noted_as_seen_now_and_then_and_never_by_a_reader(
    owner: User, is_change: bool, after: timedelta, noted: bool
) -> None:
    carried = begin(owner)

    sessions.resume(carried, is_change=is_change, now=NOW + after)

    assert last_seen() == (NOW + after if noted else NOW)


def test_what_is_over_is_pruned(owner: User) -> None:
    now = utcnow()
    for age in (timedelta(), SESSION_LIFETIME + timedelta(minutes=1)):
        begin(owner, now - age)
    for number, age in enumerate((timedelta(), FORGOTTEN_AFTER + timedelta(minutes=1))):
        db.session.add(SignInFailures(account=str(number), source="", failures=1, last_at=now - age))
    events.record(EventKind.CONFIRMED, owner.id)
    db.session.flush()
    db.session.execute(
        sa.update(AccountEvent).where(AccountEvent.kind == "registered").values(at=now - timedelta(days=91))
    )
    db.session.commit()

    assert pruning.prune(90).items() >= {"events": 1, "sessions": 1, "failures": 1}.items()
    assert db.session.scalars(sa.select(AccountEvent.kind)).all() == ["confirmed"]
    assert len(sessions.of(owner)) == 1
