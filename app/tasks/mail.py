"""The mails of a pass. Whatever is wrong with them, the runs go on."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from app.context import settings
from app.db import db
from app.logs import get_logger

log = get_logger()


def one_is_due() -> list[sa.ColumnElement[bool]]:
    """Nothing where there is no mail."""
    if not settings().has_mail:
        return []
    from app.services.mail import outbox

    return [outbox.one_is_due()]


def queue_notices() -> int:
    """Look for what owners have to be told of; how many are to go out."""
    if not settings().has_mail:
        return 0
    from app.services.mail import notices

    return _apart(notices.queue_due) or 0


def hand_over(is_stopping: Callable[[], bool], *, is_brief: bool = False) -> None:
    """What is due, for some seconds at most; `is_brief`: while runs wait."""
    if settings().has_mail:
        from app.services.mail import delivery

        _apart(lambda: delivery.hand_over(is_stopping, is_brief=is_brief))


def _apart(work: Callable[[], int]) -> int | None:
    """None where nothing came of it."""
    db.session.remove()
    try:
        return work()
    except (OperationalError, InterfaceError) as error:  # the runs find out whether the database stays away
        log.error("mails_left_out", error=type(error.orig).__name__)
    except Exception:
        log.exception("mails_left_out")
    finally:
        db.session.remove()
    return None
