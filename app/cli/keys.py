import click

from app.cli.command import CommandError, ExitCode, OneLineGroup, print_json, with_database
from app.db import db
from app.services.ops import keys as ops_keys


@click.group(cls=OneLineGroup)
def keys() -> None:
    """Encryption of stored tokens."""


@keys.command()
@with_database
def rotate() -> None:
    """Re-encrypt stored tokens under the newest key; after that the older keys may go."""
    rotated, unreadable = ops_keys.reencrypt()
    db.session.commit()
    print_json({"rotated": rotated, "unreadable": unreadable})
    if unreadable:
        raise CommandError(
            f"{unreadable} tokens fit none of TOKEN_KEYS; their owners must connect again", ExitCode.FAILED
        )
