"""Settled shops on servers of their own, the workers that serve them, and what they are to sell in VK."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.db import db
from app.models import Lane, SyncState
from bench.harms.cluster import Cluster
from bench.harms.crew import Crew
from bench.harms.journal import Span, make_journal, spans
from bench.harms.overheard import Overheard
from bench.many.owners import Owner, open_settled_shop, reprice
from bench.speed.shop import environment_of
from config import load_settings
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox

INTERVAL_MINUTES = 6
"""Longer than the shortest pause after a fault, five minutes."""
USUAL = {
    "VK_REQUESTS_PER_SECOND": "3",
    "EVOTOR_REQUESTS_PER_SECOND": "5",
    "RUN_LEASE_SECONDS": "20",
    "RUN_SLICE_SECONDS": "60",
    "SYNC_INTERVAL_MINUTES": str(INTERVAL_MINUTES),
    "LOG_FORMAT": "json",
}
GOODS = 6
LATENCY_MS = 200


@dataclass
class Town:
    folder: Path
    cluster: Cluster
    broker: RedisServer
    pace: RedisServer
    heard: Sequence[Overheard]
    sandbox: Sandbox
    app: Flask
    engine: sa.Engine
    environment: Mapping[str, str]
    owners: Sequence[Owner]
    chance: random.Random
    seconds: float | None = None
    """How long what goes away stays away, where that was asked for."""
    crew: Crew = field(init=False)
    selected: dict[int, dict[str, int]] = field(default_factory=dict)
    """Prices by product, of each community."""
    rounds: int = 0

    @property
    def lease(self) -> float:
        return float(self.environment["RUN_LEASE_SECONDS"])

    @property
    def limit(self) -> float:
        """Seconds within which everybody has to be served once all is well: an interval and a lease."""
        return INTERVAL_MINUTES * 60 + self.lease

    def open(self) -> None:
        for owner in self.owners:
            with self.app.app_context():
                open_settled_shop(self.sandbox, owner, GOODS)
            self.selected[owner.club] = {f"P{owner.number}-{place}": 100 + place for place in range(GOODS)}
        self.sandbox.fault("vk", f"slow:{LATENCY_MS}")
        self.sandbox.fault("evotor", f"slow:{LATENCY_MS}")

    def begin_round(self) -> datetime:
        """All are due now; every third register has another price, every fifth one more product. When that was."""
        self.rounds += 1
        self.sandbox.control("calls/reset")
        for owner in self.owners[self.rounds % 3 :: 3]:
            reprice(self.sandbox, owner, 200 + self.rounds)
            self.selected[owner.club][f"P{owner.number}-0"] = 200 + self.rounds
        for owner in self.owners[self.rounds % 5 :: 5]:
            new = owner.goods(GOODS + self.rounds)[-1]
            self.sandbox.control("evotor/products", store=owner.store, upsert=[new])
            self.selected[owner.club][new["id"]] = new["price"]
        with self.engine.begin() as connection:
            now: datetime = connection.scalar(sa.text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
            due = {"next_run_at": now, "scheduled_at": now, "lane": Lane.ROUTINE, "claimed_until": None}
            connection.execute(sa.update(SyncState).values({**due, "quiet_runs": 0}))
        return now

    def runs(self, since: datetime) -> list[Span] | None:
        """None while the database is away."""
        try:
            return spans(self.engine, since)
        except sa.exc.OperationalError:
            return None

    def wait_for_runs(self, since: datetime, number: int, patience: float = 60) -> None:
        """Until so many have begun: then harm meets some that are at work, and some that are not."""
        ends = time.monotonic() + patience
        while len(self.runs(since) or ()) < number:
            if time.monotonic() > ends:
                raise RuntimeError("no worker begins")
            time.sleep(0.1)

    def wait_until_served(self, since: datetime, patience: float) -> bool:
        """Everybody, with no run left at work."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            runs = self.runs(since) or []
            served = {run.user_id for run in runs if run.is_served}
            if len(served) == len(self.owners) and all(run.ended for run in runs):
                return True
            time.sleep(0.5)
        return False

    def wrong_in_vk(self) -> list[str]:
        """Where a market is not what its owner selected."""
        clubs = self.sandbox.dump()["vk"]["clubs"]
        return [
            problem
            for club, prices in self.selected.items()
            for problem in _differences(club, prices, clubs[str(club)]["items"])
        ]


def _differences(club: int, prices: Mapping[str, int], items: Sequence[dict[str, object]]) -> Iterator[str]:
    there = [item for item in items if not item["deleted"]]
    found = Counter(str(item["sku"] or "").removeprefix("ev:") for item in there)
    yield from (f"{club}: {sku} {count} times" for sku, count in found.items() if count > 1)
    shown = {str(item["sku"]).removeprefix("ev:"): item["price"] for item in there if not item["hidden"]}
    for sku in prices.keys() | shown.keys():
        wanted = f"{prices[sku]:.2f}" if sku in prices else None
        if shown.get(sku) != wanted:
            yield f"{club}: {sku} at {shown.get(sku)}, not {wanted}"


@contextmanager
def town(folder: Path, disk: Path, shops: int, settings: Mapping[str, str], seed: int) -> Iterator[Town]:
    """`disk`: where the database lies. Nobody works there so far."""
    logs = folder / "logs"
    with ExitStack() as stack:
        sandbox = Sandbox()
        stack.callback(sandbox.stop)
        (disk / "cluster").mkdir()
        cluster = Cluster(disk / "cluster", logs / "postgresql.log")
        stack.callback(cluster.stop)
        broker, pace = RedisServer(folder), RedisServer(folder)
        heard = [Overheard(broker.port), Overheard(pace.port)]
        for server, ear in zip((broker, pace), heard, strict=True):
            stack.callback(server.kill)
            stack.callback(ear.end)
        unpaced = environment_of(cluster.url, sandbox, folder)
        environment = {
            **unpaced,
            **USUAL,
            **settings,
            "CELERY_BROKER_URL": broker.url,
            "RATELIMIT_STORAGE_URI": pace.url,
        }
        here = load_settings(unpaced)
        app = create_app(here)
        engine = sa.create_engine(here.database_url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
        with app.app_context():
            upgrade()
            stack.callback(db.engine.dispose)
        make_journal(engine)
        owners = [Owner(number) for number in range(1, shops + 1)]
        yield Town(folder, cluster, broker, pace, heard, sandbox, app, engine, environment, owners, random.Random(seed))
