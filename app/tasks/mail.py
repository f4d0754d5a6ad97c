"""The mails of a pass. Whatever is wrong with them, the runs go on."""

from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from app.context import settings
from app.db import db
from app.logs import get_logger

log = get_logger()


def queue_notices() -> None:
    """Look for what owners have to be told of."""
    if settings().has_mail:
        from app.services.mail import notices

        _apart(notices.queue_due)


def hand_over(is_stopping: Callable[[], bool], *, is_brief: bool = False) -> None:
    """What is due, for some seconds at most; `is_brief`: while runs wait."""
    if settings().has_mail:
        from app.services.mail import delivery

        _apart(lambda: delivery.hand_over(is_stopping, is_brief=is_brief))


def _apart(work: Callable[[], object]) -> None:
    db.session.remove()
    try:
        work()
    except (OperationalError, InterfaceError) as error:  # the runs find out whether the database stays away
        log.error("mails_left_out", error=type(error.orig).__name__)
    except Exception:
        log.exception("mails_left_out")
    db.session.remove()
