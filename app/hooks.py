"""What every change of the database brings with it: its verdicts, and the number of the state that plans are made of.

Both are imported with the first change: a command that only reads pays for neither.
"""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction

from app.db import db


def listen() -> None:
    """To every session, once for however many applications a process makes."""
    for name, listener in _LISTENERS.items():
        if not event.contains(db.session, name, listener):
            event.listen(db.session, name, listener)


def _before_flush(session: Session, _context: UOWTransaction, _objects: object) -> None:
    from app.services.catalog.verdicts import commit_hook

    commit_hook.note(session)


def _after_flush(session: Session, _context: UOWTransaction) -> None:
    from app.services import plan_version

    plan_version.note_objects(session)


def _on_statement(asked: ORMExecuteState) -> None:
    if not asked.is_select:
        from app.services import plan_version

        plan_version.note_statement(asked)


def _before_commit(session: Session) -> None:
    session.flush()
    if session.info:
        from app.services import plan_version
        from app.services.catalog.verdicts import commit_hook

        commit_hook.settle()
        plan_version.tell(session)


def _after_end(session: Session, ended: SessionTransaction) -> None:
    """A savepoint that ends takes nothing along: what was noted within it is looked at once too often."""
    if session.info and ended.parent is None:
        from app.services import plan_version
        from app.services.catalog.verdicts import marks

        plan_version.forget(session)
        marks.forget(session)


_LISTENERS: dict[str, Callable[..., None]] = {
    "before_flush": _before_flush,
    "after_flush": _after_flush,
    "do_orm_execute": _on_statement,
    "before_commit": _before_commit,
    "after_transaction_end": _after_end,
}
