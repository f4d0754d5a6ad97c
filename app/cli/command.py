"""What all commands share: exit codes, one-line errors, JSON on stdout, a database that is there."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import InterfaceError, OperationalError

from app.db import db
from app.services.accounts.lookup import user_id_of
from app.services.health import DatabaseState, database_state

if TYPE_CHECKING:
    from app.models import User

P = ParamSpec("P")
R = TypeVar("R")


class ExitCode(IntEnum):
    """Fixed: operators' scripts read them."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    NO_SUCH_USER = 3
    NOT_ACTIVE = 4
    NO_DATABASE = 5
    NEEDS_APPROVAL = 6


class CommandError(click.ClickException):
    """One line on stderr and an exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]  # Click declares it on the class and reads it from the instance


class OneLineCommand(click.Command):
    """A wrong call is answered with one line, without the usage text round it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _without_usage_text():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _without_usage_text():
            return super().invoke(ctx)


@contextmanager
def _without_usage_text() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise CommandError(error.format_message(), ExitCode.WRONG_USAGE) from None


class OneLineGroup(OneLineCommand, click.Group):
    command_class = OneLineCommand


_DATABASE_ERRORS = {
    DatabaseState.UNREACHABLE: "the database does not answer",
    DatabaseState.NOT_MIGRATED: "the database is not migrated: run `flask db upgrade`",
}


def with_database(command: Callable[P, R]) -> Callable[P, R]:
    """The command runs in an application context, on a database that answers and is migrated."""

    @with_appcontext
    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        state = database_state()
        if state is not DatabaseState.OK:
            raise CommandError(_DATABASE_ERRORS[state], ExitCode.NO_DATABASE)
        try:
            return command(*args, **kwargs)
        except (OperationalError, InterfaceError):
            raise CommandError("the database went away", ExitCode.NO_DATABASE) from None

    return guarded


def user_id_or_exit(email_or_id: str) -> int:
    # Bytes that are no text come as lone surrogates, which no database takes.
    user_id = user_id_of(email_or_id) if email_or_id.isprintable() else None
    if user_id is None:
        raise no_such_user(email_or_id)
    return user_id


def user_or_exit(email_or_id: str) -> "User":
    from app.models import User

    user = db.session.get(User, user_id_or_exit(email_or_id))
    if user is None:
        raise no_such_user(email_or_id)
    return user


def no_such_user(email_or_id: str) -> CommandError:
    return CommandError(f"no such user: {email_or_id!r}", ExitCode.NO_SUCH_USER)


def print_json(value: dict[str, Any]) -> None:
    """One line. A reader that went away ends the command quietly, as Click has it; a full disk is told."""
    try:
        click.echo(json.dumps(value, ensure_ascii=False))
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left unwritten would be tried once more at the end, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CommandError(f"cannot write the answer: {error.strerror}", ExitCode.FAILED) from None


def leave(code: ExitCode) -> None:
    db.session.remove()
    sys.exit(code)
