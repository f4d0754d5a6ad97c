"""Commands for operators: shells of a few lines round tasks and services."""

from flask import Flask

from app.cli.demo import demo
from app.cli.keys import keys
from app.cli.sync import sync
from app.cli.sync_config import sync_config
from app.cli.users import users


def init_app(app: Flask) -> None:
    for command in (sync_config, sync, users, keys, demo):
        app.cli.add_command(command)
