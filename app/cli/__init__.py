"""Commands for operators: shells of a few lines round tasks and services."""

from flask import Flask

from app.cli.late_command import LateCommand

COMMANDS = {
    "app.cli.sync_config:sync_config": "Print the configuration of USER (e-mail or id) as JSON.",
    "app.cli.sync:sync": "Plan and run the synchronisation.",
    "app.cli.worker:worker": "Work until told to stop.",
    "app.cli.users:users": "Accounts.",
    "app.cli.keys:keys": "Encryption of stored tokens.",
    "app.cli.mail:mail": "Outgoing mail.",
    "app.cli.db_copy:db_copy": "Copy everything into the empty, migrated database at TARGET_URL.",
    "app.cli.demo:demo": "Everything for a first look; refused in production, for its password is public.",
    "flask_migrate.cli:db": "Perform database migrations.",
}
"""What each says of itself in `flask --help`, for which nothing is imported."""


def init_app(app: Flask) -> None:
    for place, said in COMMANDS.items():
        app.cli.add_command(LateCommand(place, said))
