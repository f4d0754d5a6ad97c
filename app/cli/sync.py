import signal
import threading
from dataclasses import asdict
from types import FrameType
from typing import Any

import click
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from app.cli.common import ExitCode, OneLineGroup, leave, print_json, user_or_exit, with_database
from app.db import db, reading
from app.models import RunStatus
from app.services import approvals, planning, pruning
from app.services.engine import Outcome
from app.tasks.sync import run_due, run_one

log = structlog.get_logger()


@click.group(cls=OneLineGroup)
def sync() -> None:
    """Plan and run the synchronisation."""


@sync.command()
@click.argument("user")
@with_database
def plan(user: str) -> None:
    """Print the plan of USER as JSON; changes nothing and calls nobody."""
    with reading():
        owner = user_or_exit(user)
        made = planning.plan_for(owner)
        print_json(planning.as_json(made, approvals.judge(owner, made)))


@sync.command()
@click.argument("user", required=False)
@click.option("--due", is_flag=True, help="Everybody whose run is queued or whose time has come.")
@with_database
def run(user: str | None, due: bool) -> None:
    """Run USER now, or everybody who is due."""
    if (user is None) is not due:
        raise click.UsageError("give a USER, or --due")
    if due:
        _run_due()
    elif user is not None:
        outcome = run_one(user_or_exit(user))
        print_json(outcome_json(outcome))
        leave(_exit_code(outcome))


def _run_due() -> None:
    for outcome in run_due():
        print_json(outcome_json(outcome))


def _exit_code(outcome: Outcome) -> ExitCode:
    if outcome.status == RunStatus.NEEDS_APPROVAL:
        return ExitCode.NEEDS_APPROVAL
    if outcome.status == "not_active":
        return ExitCode.NOT_ACTIVE
    return ExitCode.DONE if outcome.status == RunStatus.SUCCEEDED else ExitCode.FAILED


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {"outcome": outcome.status, **{key: value for key, value in asdict(outcome).items() if key != "status"}}


@sync.command()
@click.option("--days", type=click.IntRange(min=1, max=36500), default=90, show_default=True, help="How long to keep.")
@with_database
def prune(days: int) -> None:
    """Delete runs and their entries that ended longer ago, and approvals that have expired, photos of nobody."""
    print_json(pruning.prune(days))


@sync.command()
@click.option("--every", type=click.IntRange(min=1), default=30, show_default=True, help="Seconds between passes.")
@with_database
def worker(every: int) -> None:
    """One pass after another, for a machine without a queue, until it is told to stop."""
    stop = threading.Event()

    def finish(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    while not stop.is_set():
        try:
            for outcome in run_due():
                print_json(outcome_json(outcome))
                if stop.is_set():
                    break
        except (OperationalError, InterfaceError) as error:
            log.error("database_lost", error=type(error.orig).__name__)
        db.session.remove()
        stop.wait(every)
