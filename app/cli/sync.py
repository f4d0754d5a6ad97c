import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from types import FrameType
from typing import Any

import click
from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.cli.command import CommandError, ExitCode, OneLineGroup, leave, print_json, user_or_exit, with_database
from app.cli.progress import run_bar
from app.db import reading
from app.logs import get_logger
from app.models import RunStatus
from app.services import health
from app.services.engine.run import Outcome
from app.services.ops import pruning
from app.services.planning import approvals, plans
from app.services.runs.codes import ACCOUNT_DELETED
from app.tasks.sync import run_due, run_one

log = get_logger()

DAY = 24 * 60 * 60


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
        made = plans.plan_for(owner)
        print_json(plans.as_json(made, approvals.check_brakes(owner, made)))


@sync.command()
@click.argument("user", required=False)
@click.option("--due", is_flag=True, help="Everybody whose run is queued or whose time has come.")
@with_database
def run(user: str | None, due: bool) -> None:
    """Run USER now, or everybody who is due."""
    if (user is None) is not due:
        raise click.UsageError("give a USER, or --due")
    with told_to_stop() as stop:
        if user is not None:
            owner = user_or_exit(user)
            with run_bar() as bar:
                outcome = run_one(owner, stop.is_set, bar)
            if outcome.error == ACCOUNT_DELETED:
                raise CommandError(f"the account of {outcome.email} was deleted meanwhile", ExitCode.NO_SUCH_USER)
            print_json(outcome_json(outcome))
            leave(_exit_code(outcome))
        _run_due(stop)


def _run_due(stop: Event) -> None:
    for outcome in run_due(stop.is_set):
        print_json(outcome_json(outcome))


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """Set by SIGTERM or Ctrl-C: the work ends after the current change; a second signal ends the process at once."""
    stop = Event()
    usual = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        _restore(usual)

    for number in usual:
        signal.signal(number, heard)
    try:
        yield stop
    finally:
        _restore(usual)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _exit_code(outcome: Outcome) -> ExitCode:
    if outcome.status == RunStatus.NEEDS_APPROVAL:
        return ExitCode.NEEDS_APPROVAL
    if outcome.status == "not_active":
        return ExitCode.NOT_ACTIVE
    return ExitCode.DONE if outcome.status == RunStatus.SUCCEEDED else ExitCode.FAILED


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {"outcome": outcome.status, **{key: value for key, value in asdict(outcome).items() if key != "status"}}


@sync.command()
@click.option(
    "--days",
    type=click.IntRange(1, 36500),
    default=pruning.KEPT_DAYS,
    show_default=True,
    help="How long to keep.",
)
@with_database
def prune(days: int) -> None:
    """Delete runs and events of longer ago, what has expired (approvals, sessions, tokens), and photos of nobody."""
    print_json(pruning.prune(days))


@sync.command()
@click.option("--every", type=click.IntRange(min=1), default=30, show_default=True, help="Seconds between passes.")
@with_database
def worker(every: int) -> None:
    """One pass after another, for a machine without a queue, until it is told to stop.

    While the database is away it says so once a pass and goes on trying. Once a day old history goes.
    """
    go_on(every)


def go_on(every: int) -> None:
    """One pass after another, with so many seconds between them."""
    prune_at = 0.0
    with told_to_stop() as stop:
        while not stop.is_set():
            try:
                _run_due(stop)
                if not stop.is_set() and clock.monotonic() >= prune_at:
                    prune_at = clock.monotonic() + DAY
                    pruning.prune(pruning.KEPT_DAYS)
            except (OperationalError, InterfaceError) as error:
                log.error("database_lost", error=type(error.orig).__name__, next_try_in_seconds=every)
            except Exception:
                log.exception("pass_failed", next_try_in_seconds=every)
            health.end_session()
            stop.wait(every)
