"""Who waits for whom on PostgreSQL, where rows are held one by one."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import AccountEvent, EventKind, SignInFailures, User
from app.services import locks
from app.services.accounts import events, throttle
from app.services.ops import pruning
from tests.factories import make_user


@pytest.fixture
def user(app_on_postgres: Flask) -> User:
    """Who waits for a lock gives up soon."""
    sa.event.listen(db.engine, "begin", lambda connection: connection.exec_driver_sql("SET LOCAL lock_timeout = 200"))
    return make_user()


def test_rows_that_refer_to_a_user_are_written_during_a_refresh(user: User) -> None:
    with db.engine.connect() as refreshing:
        refreshing.execute(locks.turn_of(user.id))
        events.record(EventKind.ENABLED, user.id)
        db.session.commit()
        refreshing.rollback()
    assert db.session.scalar(sa.select(AccountEvent.kind).where(AccountEvent.kind == EventKind.ENABLED))


def test_two_refreshes_take_turns(user: User) -> None:
    with db.engine.connect() as refreshing:
        refreshing.execute(locks.turn_of(user.id))
        with pytest.raises(sa.exc.OperationalError):
            locks.lock(user.id)
        db.session.rollback()
        refreshing.rollback()


def test_pruning_waits_for_no_try(user: User) -> None:
    old = utcnow() - 2 * throttle.FORGOTTEN_AFTER
    for account in ("a", "b"):
        db.session.add(SignInFailures(account=account, source="192.0.2.1", failures=1, last_at=old))
    db.session.commit()
    with db.engine.connect() as trying:
        trying.execute(sa.select(SignInFailures.account).where(SignInFailures.account == "a").with_for_update())
        assert pruning.prune(90)["failures"] == 1
        trying.rollback()
