import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from app.clock import utcnow
from app.context import settings
from app.db import db, reading
from app.logs import get_logger
from app.models import RunTrigger, User
from app.services import health
from app.services.connections import catalog_due, daily_checks
from app.services.engine import run
from app.services.engine.context.held_lease import RunNews
from app.services.engine.run import Outcome
from app.services.runs.lanes import due, tidying
from app.services.runs.lanes.ready import PROBE_EVERY
from app.tasks import mail

T = TypeVar("T")

log = get_logger()


def run_one(
    user: User,
    is_stopping: Callable[[], bool] = lambda: False,
    on_news: Callable[[RunNews], None] = lambda _news: None,
) -> Outcome:
    """This user's run, to its end, or to the next change where the process is told to stop."""
    return run.run_user(user, RunTrigger.COMMAND, is_stopping=is_stopping, on_news=on_news)


def run_due(is_stopping: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
    """Everybody whose run is queued or whose time has come, each for at most one time slice; catalogs that are to be
    read, one between each two of them and the others after. However many passes are at work, nobody is served twice.

    Users who cannot run now (nothing connected, or another worker is at them) are left out in silence; connections
    that no run asks are checked at the end. Raises a database error where the database stays away; nothing else that
    happens to one user ends the pass. Mails go out after the runs, and briefly between them, so that none waits for a
    whole pass. A pass for which nothing waits asks so in one statement, and looks only for notices.
    """
    is_idle = not _something_is_due()
    if not is_idle:
        yield from _carry_out(is_stopping)
    if not is_stopping() and (mail.queue_notices() or not is_idle):
        mail.hand_over(is_stopping)


def _something_is_due() -> bool:
    now = utcnow()
    conditions = (
        due.somebody_is_due(now),
        *tidying.what_is_out_of_order(now),
        catalog_due.one_is_due(),
        daily_checks.one_is_due(),
        *mail.one_is_due(),
    )
    with reading():
        is_due = bool(db.session.scalar(sa.select(sa.or_(*conditions))))
        db.session.commit()
    return is_due


def _carry_out(is_stopping: Callable[[], bool]) -> Iterator[Outcome]:
    catalogs = catalog_due.Share()
    for number, user_id in enumerate(_claimed_in_turn(is_stopping)):
        _read_catalogs(catalogs, is_stopping, is_brief=True)
        if number:
            mail.hand_over(is_stopping, is_brief=True)
        outcome = serve(user_id, is_stopping)
        if outcome is not None and outcome.run_id is not None:
            yield outcome
    if is_stopping():
        return
    mail.hand_over(is_stopping)
    _read_catalogs(catalogs, is_stopping, is_brief=False)
    daily_checks.check_due(is_stopping)


def _claimed_in_turn(is_stopping: Callable[[], bool]) -> Iterator[int]:
    """Everybody who is due as the pass begins, and whoever asks for a run while it goes on. Commits."""
    tidying.put_in_order()
    began = utcnow()
    for number in itertools.count():
        user_id = None if is_stopping() else due.claim_next(number, began)
        if user_id is None:
            return
        yield user_id


def read_catalogs(is_stopping: Callable[[], bool]) -> None:
    """As many as a pass reads."""
    _read_catalogs(catalog_due.Share(), is_stopping, is_brief=False)


def _read_catalogs(share: catalog_due.Share, is_stopping: Callable[[], bool], *, is_brief: bool) -> None:
    """Between the runs as well, one at a time: the owner who has just connected is waiting."""
    if not share.seconds(is_brief=is_brief):
        return
    for user_id in catalog_due.due_user_ids(1 if is_brief else share.count):
        seconds = share.seconds(is_brief=is_brief)
        if is_stopping() or not seconds:
            return
        with share.taken(is_brief=is_brief):
            _apart(user_id, partial(_read_catalog, seconds=seconds))


def _read_catalog(user: User, seconds: float) -> None:
    catalog_due.read(user.id, seconds)


def serve(user_id: int, is_stopping: Callable[[], bool]) -> Outcome | None:
    """One time slice for a user who was claimed; None where somebody has begun a run for them since.

    Raises a database error where the database stays away.
    """

    def work(user: User) -> Outcome | None:
        if not due.is_claimed(user_id):
            return None
        outcome = run.run_user(
            user, RunTrigger.SCHEDULE, to_end=False, is_stopping=is_stopping, others_wait=due.somebody_waits
        )
        if outcome.run_id is None and outcome.status != "already_running":
            usual = timedelta(minutes=settings().sync_interval_minutes)
            due.pass_over(user_id, PROBE_EVERY if outcome.status == "vendor_away" else usual)
        return outcome

    return _apart(user_id, work)


def _apart(user_id: int, work: Callable[[User], T]) -> T | None:
    """One user's trouble stays theirs; None where nothing came of it."""
    db.session.remove()
    try:
        user = db.session.get(User, user_id)
        return work(user) if user else None
    except (OperationalError, InterfaceError) as error:
        db.session.remove()
        log.error("user_left_out", user_id=user_id, error=type(error.orig).__name__)
        if not health.comes_back():
            raise
    except Exception:
        log.exception("user_left_out", user_id=user_id)
    return None
