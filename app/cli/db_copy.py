import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app.cli.command import CommandError, ExitCode, OneLineCommand, print_json, with_database
from app.cli.progress import has_watcher
from app.context import settings
from app.logs import remember_secret
from app.services.ops.copying.copy import RowRefused, RowsDiffer, TargetRefused, copy_database
from config import SettingsError
from settings_checks.addresses import database_address

_REFUSED = {
    "target_unreachable": ("the target does not answer", ExitCode.NO_DATABASE),
    "target_not_migrated": (
        "the target is not migrated as this database is: give its address as DATABASE_URL to `flask db upgrade`",
        ExitCode.NO_DATABASE,
    ),
    "target_not_empty": ("the target is not empty", ExitCode.FAILED),
}


@click.command("db-copy", cls=OneLineCommand)
@click.argument("target_url")
@with_database
def db_copy(target_url: str) -> None:
    """Copy everything into the empty, migrated database at TARGET_URL."""
    try:
        target = database_address(target_url)
    except SettingsError as error:
        raise click.UsageError(f"TARGET_URL: {str(error).partition(': ')[2]}") from None
    remember_secret(sa.make_url(target).password or "")
    with _bar() as bar, _told():
        counts = copy_database(settings().database_url, target, begin=bar.begin, tell=bar.tell)
    print_json({"rows": sum(counts.values()), "tables": counts})


@contextmanager
def _told() -> Iterator[None]:
    """Every failure in one line, without a value and without an address."""
    try:
        yield
    except TargetRefused as error:
        raise CommandError(*_REFUSED[error.code]) from None
    except RowRefused as error:
        said = f"the target does not take {error.table} {error.key}: {error.why}; nothing was copied"
        raise CommandError(said, ExitCode.FAILED) from None
    except RowsDiffer as error:
        said = f"{error.table} came out different in the target; nothing was copied"
        raise CommandError(said, ExitCode.FAILED) from None
    except (OperationalError, InterfaceError):
        raise
    except DBAPIError as error:
        said = f"the copy failed with {type(error.orig).__name__}; nothing was copied"
        raise CommandError(said, ExitCode.FAILED) from None


class _RowsBar:
    """On the terminal of whoever waits; silent where nobody does."""

    def __init__(self) -> None:
        self._bar: Any = None

    def begin(self, total: int) -> None:
        if has_watcher():
            self._bar = click.progressbar(length=total, label="rows", show_pos=True, file=sys.stderr)

    def tell(self, rows: int) -> None:
        if self._bar is not None:
            self._bar.update(rows)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()


@contextmanager
def _bar() -> Iterator[_RowsBar]:
    bar = _RowsBar()
    try:
        yield bar
    finally:
        bar.end()
