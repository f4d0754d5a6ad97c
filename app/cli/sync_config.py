from typing import Any

import click

from app.cli.command import ExitCode, OneLineCommand, leave, print_json, user_or_exit, with_database
from app.db import reading
from app.models import User
from app.services.catalog.selection_json import selection_json
from app.services.owner.config import active_users
from app.services.owner.configuration_json import configuration_json


@click.command("sync-config", cls=OneLineCommand)
@click.argument("user", required=False)
@click.option("--active", is_flag=True, help="Every user whose sync is active, one JSON object a line.")
@click.option("--require-active", is_flag=True, help="With USER: exit 4 if the sync is not active.")
@click.option("--resolved", "with_resolved", is_flag=True, help="Add what the rules come to with the stored catalog.")
@with_database
def sync_config(user: str | None, active: bool, require_active: bool, with_resolved: bool) -> None:
    """Print the configuration of USER (e-mail or id) as JSON."""
    if (user is None) is not active:
        raise click.UsageError("give a USER, or --active")
    if active and require_active:
        raise click.UsageError("--require-active goes with USER")
    with reading():
        if active:
            _print_active(with_resolved)
        elif user is not None:
            _print_one(user_or_exit(user), with_resolved, require_active=require_active)


def _print_active(with_resolved: bool) -> None:
    for user in active_users():
        print_json(_config(user, with_resolved))


def _print_one(user: User, with_resolved: bool, *, require_active: bool) -> None:
    config = _config(user, with_resolved)
    print_json(config)
    if require_active and not config["is_active"]:
        leave(ExitCode.NOT_ACTIVE)


def _config(user: User, with_resolved: bool) -> dict[str, Any]:
    return configuration_json(user) | ({"resolved": selection_json(user)} if with_resolved else {})
