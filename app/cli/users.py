import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from app.cli.command import CommandError, ExitCode, OneLineGroup, print_json, user_or_exit, with_database
from app.db import db
from app.services.accounts import passwords
from app.services.accounts import users as accounts_users
from app.services.accounts.addresses import normalise_email
from app.services.accounts.passwords import LONGEST, SHORTEST, WeakPassword
from app.services.errors import EmailTaken, NotAnAddress
from app.services.ops import operators

if TYPE_CHECKING:
    from app.models import User


@click.group(cls=OneLineGroup)
def users() -> None:
    """Accounts."""


@users.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_database
def create(email: str, password_stdin: bool) -> None:
    """Make an account for EMAIL."""
    try:
        address = normalise_email(email)
        db.session.commit()  # no transaction stays open while somebody types
        user = accounts_users.register(address, _password(password_stdin, address))
    except NotAnAddress:
        raise click.UsageError(f"{email!r} is not an e-mail address") from None
    except EmailTaken:
        raise CommandError(f"{email} has an account already", ExitCode.FAILED) from None
    db.session.commit()
    print_json({"user_id": user.id, "email": user.email})


@users.command("set-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_database
def set_password(email: str, password_stdin: bool) -> None:
    """Give EMAIL another password; signs them out everywhere."""
    user = user_or_exit(email)
    db.session.commit()  # no transaction stays open while somebody types
    accounts_users.set_password(user, _password(password_stdin, user.email))
    db.session.commit()
    print_json({"user_id": user.id, "email": user.email})


@users.command("grant-operator")
@click.argument("email")
@with_database
def grant_operator(email: str) -> None:
    """Let EMAIL see /ops and hold up the runs of others."""
    _told_after(operators.grant, email)


@users.command("revoke-operator")
@click.argument("email")
@with_database
def revoke_operator(email: str) -> None:
    """Take that from EMAIL again."""
    _told_after(operators.revoke, email)


def _told_after(change: Callable[["User"], None], email: str) -> None:
    user = user_or_exit(email)
    change(user)
    db.session.commit()
    print_json({"user_id": user.id, "email": user.email, "is_operator": user.is_operator})


WEAK = {
    "password_length": f"a password has {SHORTEST} to {LONGEST} characters",
    "password_common": "this password is one of those that are guessed first",
    "password_simple": "this password is the same few characters again and again, or a row of them",
    "password_expected": "this password is little more than the address or the name of the service",
}


def _password(from_stdin: bool, email: str) -> str:
    if from_stdin:
        password = _line_from_stdin()
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        passwords.check_new(password, email)
    except WeakPassword as error:
        raise click.UsageError(WEAK[error.code]) from None
    return password


def _line_from_stdin() -> str:
    try:
        line = sys.stdin.readline().rstrip("\r\n")
        line.encode()  # bytes that are no text may come as lone surrogates
    except UnicodeError:
        raise click.UsageError("the password is not text in UTF-8") from None
    return line
