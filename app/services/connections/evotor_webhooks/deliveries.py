"""Tokens that Evotor delivers: stored for whoever is linked, kept for a week for who is not yet.

Nothing is asked with them here: the next run or pass tries them.
"""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.clock import utcnow
from app.db import db
from app.models import ConnectionState, EvotorConnection, EvotorKeptToken, User
from app.services import locks
from app.services.accounts import events
from app.services.catalog import other_account
from app.services.connections.evotor_webhooks.known import linked_user
from app.services.runs import schedule
from app.services.vendors.connection_use import locked

KEPT_FOR = timedelta(days=7)


def deliver(evotor_user_id: str, token: str) -> None:
    """Commits; delivering it again changes nothing."""
    if not _stored(evotor_user_id, token):
        _keep(evotor_user_id, token)
        hand_over_kept(evotor_user_id)  # the link may have come just now


def hand_over_kept(evotor_user_id: str) -> None:
    """To whoever is linked by now; at the same time only one has it. Commits."""
    if linked_user(evotor_user_id) is None:
        db.session.commit()
        return
    kept = EvotorKeptToken
    taken = sa.delete(kept).where(kept.evotor_user_id == evotor_user_id).returning(kept.token, kept.expires_at)
    found = db.session.execute(taken.execution_options(synchronize_session=False)).first()
    token = found.token if found is not None and found.expires_at > utcnow() else None
    if token is not None and not _store_locked(evotor_user_id, token):
        db.session.rollback()  # unlinked just now: it waits for the next link
    db.session.commit()


def _stored(evotor_user_id: str, token: str) -> bool:
    """False where nobody is linked to that user of Evotor's. Commits."""
    is_stored = _store_locked(evotor_user_id, token)
    db.session.commit()
    return is_stored


def _store_locked(evotor_user_id: str, token: str) -> bool:
    user_id = linked_user(evotor_user_id)
    if user_id is None:
        return False
    locks.lock(user_id)
    connection = locked(EvotorConnection, user_id)
    user = db.session.get(User, user_id)
    if connection is None or user is None or connection.linked_id != evotor_user_id:
        return False
    if connection.token == token:
        if connection.state != ConnectionState.OK:
            connection.refresh_due_at = utcnow()
        return True
    is_other = connection.evotor_user_id not in (None, evotor_user_id)
    connection.token, connection.evotor_user_id = token, evotor_user_id
    connection.have_checked(utcnow())
    if is_other:
        other_account.begin_anew(user, way=events.CABINET)
    else:
        schedule.end_pause(user_id)
    return True


def _keep(evotor_user_id: str, token: str) -> None:
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    kept = {"token": token, "expires_at": utcnow() + KEPT_FOR}
    new = insert(EvotorKeptToken).values(evotor_user_id=evotor_user_id, **kept)
    index = [EvotorKeptToken.evotor_user_id]
    db.session.execute(new.on_conflict_do_update(index_elements=index, set_=kept))
    db.session.commit()
