import sys

import click
from flask import current_app

from app.cli.command import with_database
from app.cli.sync import go_on
from app.context import settings

LANES = ("interactive", "routine", "bulk")


@click.command()
@click.option("--every", type=click.IntRange(min=1), default=30, show_default=True, help="Seconds between passes.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Runs at once.")
@click.option("--lanes", default=",".join(LANES), show_default=True, help="Which runs to take.")
@click.option("--beat", is_flag=True, help="Hand out runs as well; on one machine.")
@with_database
def worker(every: int, threads: int, lanes: str, beat: bool) -> None:
    """Work until told to stop.

    With CELERY_BROKER_URL what the queue brings, without it one pass after another.
    """
    named = lanes.split(",")
    if not set(named) <= set(LANES):
        raise click.UsageError(f"--lanes: some of {', '.join(LANES)}, separated by commas")
    if not settings().celery_broker_url:
        go_on(every)
        return
    from app.models import Lane
    from app.tasks.queue_worker import work

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # of werkzeug's proxy
    sys.exit(work(app, [Lane(name) for name in named], threads, with_beat=beat))
