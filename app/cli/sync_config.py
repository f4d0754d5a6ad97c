from typing import Any

import click

from app.cli.command import (
    ExitCode,
    OneLineCommand,
    leave,
    no_such_user,
    print_json,
    user_id_or_exit,
    with_database,
)
from app.db import db, reading
from app.services.owner.configuration_json import active_configurations, configuration_json


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
            _print_one(user, with_resolved, require_active=require_active)


def _print_active(with_resolved: bool) -> None:
    for config in active_configurations():
        if not with_resolved:
            print_json(config)
        elif (now := _config(config["user_id"], with_resolved=True)) and now["is_active"]:
            print_json(now)


def _print_one(email_or_id: str, with_resolved: bool, *, require_active: bool) -> None:
    config = _config(user_id_or_exit(email_or_id), with_resolved)
    if config is None:
        raise no_such_user(email_or_id)
    print_json(config)
    if require_active and not config["is_active"]:
        leave(ExitCode.NOT_ACTIVE)


def _config(user_id: int, with_resolved: bool) -> dict[str, Any] | None:
    """None where the account is gone meanwhile. What is printed next finds no transaction open."""
    config = configuration_json(user_id)
    if config is not None and with_resolved:
        config["resolved"] = _resolved(user_id)
    db.session.remove()
    return config


def _resolved(user_id: int) -> dict[str, Any]:
    from app.models import User
    from app.services.catalog.selection_json import selection_json

    return selection_json(db.session.get_one(User, user_id))
