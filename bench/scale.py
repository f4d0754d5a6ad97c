"""Many small shops and a large one, served by one, two and four workers: how fast, at what cost, and who waits."""

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.engine import Connection

from app import create_app
from app.clock import utcnow
from app.db import db
from app.models import Lane, RunTrigger, SyncRun, SyncState, User
from app.services.runs import queue
from bench.many.counters import Counts, connections, counts
from bench.many.owners import Owner, open_settled_shop, open_shop, reprice
from bench.many.workers import Workers, working
from bench.speed.figures import going, machine, p95, percentile, show_json, show_table, tell
from bench.speed.options import end_on_sigterm, numbers
from bench.speed.shop import environment_of
from config import Settings, load_settings
from tests.support.database import drop_postgres, make_postgres
from tests.support.sandbox import Sandbox

DATABASE = "evosync_scale"
PACED = {"VK_REQUESTS_PER_SECOND": "3", "EVOTOR_REQUESTS_PER_SECOND": "5"}
LOOK_EVERY = 0.25
PRESS_EVERY = 2.0
LONGEST = 1800.0
BEGINS_AT = 1_000_000
"""Numbers of the large shops, past those of the small ones."""


@dataclass
class Round:
    """What so many workers made of the same work."""

    workers: int
    seconds: float = 0.0
    cpu: float = 0.0
    counts: Counts = field(default_factory=lambda: Counts(0, None))
    connections: int = 0
    routine: list[float] = field(default_factory=list)
    """Seconds that each small shop waited until it was served."""
    asked: list[float] = field(default_factory=list)
    """Seconds from a press to the begin of its run."""
    bulk_done: int = 0
    """Changes of the large shop meanwhile."""


@dataclass
class Town:
    app: Flask
    settings: Settings
    environment: dict[str, str]
    sandbox: Sandbox
    owners: list[Owner]
    goods: int
    large: int
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    rounds: int = 0

    def open(self) -> None:
        for owner in going("shops", self.owners):
            with self.app.app_context():
                open_settled_shop(self.sandbox, owner, self.goods)

    def begin_round(self, connection: Connection) -> datetime:
        """Every third register has another price; a large shop is confirmed; all are due now."""
        self.rounds += 1
        for owner in self.owners[self.rounds % 3 :: 3]:
            reprice(self.sandbox, owner, 200 + self.rounds)
        if self.large:
            with self.app.app_context():
                open_shop(self.sandbox, Owner(BEGINS_AT + self.rounds), self.large)
                db.session.remove()
        now = utcnow()
        small = SyncState.user_id.in_(sa.select(User.id).where(User.email.in_([one.email for one in self.owners])))
        due = {"next_run_at": now, "scheduled_at": now, "lane": Lane.ROUTINE, "claimed_until": None}
        connection.execute(sa.update(SyncState).where(small).values(due))
        return now

    def press(self) -> int:
        """An owner asks for a run: the user's id."""
        with self.app.app_context():
            email = self.chance.choice(self.owners).email
            user_id = db.session.scalars(sa.select(User.id).where(User.email == email)).one()
            queue.request(user_id, RunTrigger.MANUAL)
            db.session.commit()
            db.session.remove()
        return user_id


def main() -> int:
    options = _options()
    end_on_sigterm()
    with tempfile.TemporaryDirectory() as folder, _town(Path(folder), options) as town:
        tell(f"{len(town.owners)} shops of {town.goods} goods")
        town.open()
        if options.latency:
            for service in ("vk", "evotor"):
                town.sandbox.fault(service, f"slow:{options.latency}")
        rounds = [_measure(town, number, options, Path(folder) / "workers.log") for number in options.workers]
    _show(rounds, options)
    if options.json:
        report = {"machine": machine(), "options": vars(options), "rounds": [asdict(one) for one in rounds]}
        show_json(report)
    return 0


def _measure(town: Town, number: int, options: argparse.Namespace, log: Path) -> Round:
    tell(f"{number} workers")
    found = Round(number)
    engine = sa.create_engine(town.settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, working(town.environment, number, options.threads, log) as workers:
        _wait_until_idle(workers)
        before, cpu = counts(connection), workers.cpu_seconds()
        began, begin = town.begin_round(connection), time.monotonic()
        pressed = _watch(town, connection, began, begin, found)
        found.seconds = time.monotonic() - begin
        found.cpu = workers.cpu_seconds() - cpu
        found.counts = counts(connection).since(before)
        found.asked = _waits_of(connection, pressed, began)
        found.bulk_done = _done_by_the_large(connection, town)
    engine.dispose()
    return found


def _watch(town: Town, connection: Connection, began: datetime, begin: float, found: Round) -> set[int]:
    """Until every small shop was served; the users that pressed meanwhile."""
    pressed: set[int] = set()
    small = [one.email for one in town.owners]
    next_press = begin + PRESS_EVERY
    while len(found.routine) < len(small):
        if time.monotonic() - begin > LONGEST:
            raise RuntimeError(f"{len(small) - len(found.routine)} shops are still waiting")
        time.sleep(LOOK_EVERY)
        served = sa.select(sa.func.count()).select_from(SyncState).join(User, User.id == SyncState.user_id)
        later = served.where(User.email.in_(small), SyncState.next_run_at > began + timedelta(seconds=60))
        now = connection.scalar(later) or 0
        found.routine += [time.monotonic() - begin] * (now - len(found.routine))
        found.connections = max(found.connections, connections(connection))
        if time.monotonic() > next_press and len(found.routine) < len(small):
            pressed.add(town.press())
            next_press += PRESS_EVERY
    return pressed


def _waits_of(connection: Connection, users: set[int], since: datetime) -> list[float]:
    asked = sa.select(SyncRun.created_at, SyncRun.started_at).where(
        SyncRun.user_id.in_(users), SyncRun.trigger == RunTrigger.MANUAL, SyncRun.created_at >= since
    )
    return [(started - created).total_seconds() for created, started in connection.execute(asked) if started]


def _done_by_the_large(connection: Connection, town: Town) -> int:
    email = Owner(BEGINS_AT + town.rounds).email
    done = sa.select(sa.func.coalesce(sa.func.sum(SyncRun.done), 0)).join(User, User.id == SyncRun.user_id)
    return int(connection.scalar(done.where(User.email == email)) or 0)


def _wait_until_idle(workers: Workers) -> None:
    """They have started once they use next to nothing."""
    before = workers.cpu_seconds()
    for _ in range(60):
        time.sleep(3)
        now = workers.cpu_seconds()
        if before > 1 and now - before < 0.3:
            return
        before = now
    raise RuntimeError("the workers do not come to rest")


@contextmanager
def _town(folder: Path, options: argparse.Namespace) -> Iterator[Town]:
    sandbox = Sandbox()
    try:
        unpaced = environment_of(make_postgres(DATABASE), sandbox, folder)
        # The vendors' pace is for the workers; whoever opens so many shops has no time for it.
        settings = load_settings(unpaced)
        environment = {**unpaced, **PACED, "CELERY_BROKER_URL": options.broker}
        app = create_app(settings)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        with app.app_context():
            upgrade()
        owners = [Owner(number) for number in range(1, options.shops + 1)]
        try:
            yield Town(app, settings, environment, sandbox, owners, options.goods, options.large)
        finally:
            with app.app_context():
                db.engine.dispose()
    finally:
        sandbox.stop()
        drop_postgres(DATABASE)


def _show(rounds: list[Round], options: argparse.Namespace) -> None:
    headings = (
        *("workers", "shops a min", "CPU ms a shop", "transactions", "statements", "connections"),
        *("wait p50 s", "p95 s", "asked p95 s", "large, changes"),
    )
    shops = options.shops
    show_table(
        f"{shops} shops of {options.goods} goods, a third with one new price; a new one of {options.large} beside",
        headings,
        [
            (
                str(one.workers),
                shops / one.seconds * 60,
                one.cpu / shops * 1000,
                one.counts.transactions / shops,
                one.counts.statements / shops if one.counts.statements is not None else None,
                one.connections,
                percentile(one.routine, 0.5),
                p95(one.routine),
                p95(one.asked) if one.asked else None,
                one.bulk_done,
            )
            for one in rounds
        ],
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/scale", description=__doc__)
    parser.add_argument("--shops", type=int, default=300, help="small ones")
    parser.add_argument("--goods", type=int, default=50, help="of each small one")
    parser.add_argument("--large", type=int, default=2000, help="goods of the one that is new in each round; 0: none")
    parser.add_argument("--workers", type=numbers, default=[1, 2, 4], metavar="N,N", help="processes")
    parser.add_argument("--threads", type=int, default=8, help="of each, where there is a broker")
    parser.add_argument("--broker", default="", help="CELERY_BROKER_URL; without it each worker is the plain loop")
    parser.add_argument("--latency", type=int, default=100, help="ms that every answer of the vendors takes longer")
    parser.add_argument("--json", action="store_true", help="everything once more, as the last line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
