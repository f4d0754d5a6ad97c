"""Who may look after others' accounts, and what they do there."""

from app.clock import utcnow
from app.db import db
from app.models import EventKind, User
from app.services.accounts import events
from app.services.runs import codes, queue, schedule


def grant(user: User) -> None:
    """They see `/ops` from now on. Flushes."""
    if not user.is_operator:
        user.is_operator = True
        events.record(EventKind.OPERATOR_GRANTED, user.id)


def revoke(user: User) -> None:
    """Flushes."""
    if user.is_operator:
        user.is_operator = False
        events.record(EventKind.OPERATOR_REVOKED, user.id)


def halt(user: User, reason: str, operator_id: int) -> None:
    """No run of theirs starts, and the one at work ends between two changes; switch and confirmation stay.

    `reason`: what the owner reads. Flushes.
    """
    is_new = user.halted_at is None
    user.halted_at, user.halt_reason = user.halted_at or utcnow(), reason
    db.session.flush()
    queue.cancel(user.id, codes.HALTED)
    if is_new:
        events.record(EventKind.HALTED, user.id, by=operator_id)


def resume(user: User, operator_id: int) -> None:
    """Their runs start again, the next one at once where none is put off for another reason. Flushes."""
    if user.halted_at is None:
        return
    user.halted_at = user.halt_reason = None
    if not (user.sync_state and user.sync_state.strike_code):
        schedule.set_next_run(user.id, utcnow())
    events.record(EventKind.RESUMED, user.id, by=operator_id)
