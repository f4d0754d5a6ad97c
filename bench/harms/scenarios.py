"""What happens while all are due. Each ends when everything is well again."""

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis

from bench.harms import small_disk
from bench.harms.crew import Seat
from bench.harms.town import Town

SOURCE = Path(__file__).with_name("wrong_clock.c")
USUAL_SEATS = (("first", True), ("second", False))
LOST_ANSWERS = 5


@dataclass(frozen=True)
class Scenario:
    harm: Callable[[Town], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    seats: tuple[tuple[str, bool], ...] = USUAL_SEATS
    """Names, and whether it keeps time."""
    database_megabytes: int = 0
    """Where its database lies on a small disk."""
    log_megabytes: int = 0
    """Where logs and photos of the workers do."""
    hours: Mapping[str, int] = field(default_factory=dict)
    """By how many hours clocks of machines are wrong, by name."""

    def seats_in(self, folder: Path, logs: Path | None) -> list[Seat]:
        return [
            Seat(name, with_beat, _wrong_clock(folder / f"{name}.clock", self.hours.get(name, 0)), logs)
            for name, with_beat in self.seats
        ]


def _killed(town: Town) -> None:
    """Each of the two, and both, at moments by chance."""
    for places in ([0], [1], [0, 1], [town.chance.randrange(2)]):
        time.sleep(town.chance.uniform(0.5, 4))
        town.crew.kill(places, away=town.chance.uniform(0, 2))


def _broker_restarted(town: Town) -> None:
    """What it held is gone."""
    town.broker.kill()
    town.broker.start()


def _broker_emptied(town: Town) -> None:
    for _ in range(3):
        with redis.Redis(port=town.broker.port) as broker:
            broker.flushall()
        time.sleep(town.chance.uniform(0.2, 3))


def _broker_away(town: Town) -> None:
    town.broker.kill()
    time.sleep(town.seconds or 40)
    town.broker.start()


def _database_restarted(town: Town) -> None:
    town.cluster.stop()
    time.sleep(town.seconds or 2)
    town.cluster.start()


def _database_away(town: Town) -> None:
    """Longer than a lease."""
    town.cluster.stop()
    time.sleep(town.seconds or 30)
    town.cluster.start()


def _pace_lost(town: Town) -> None:
    town.pace.kill()
    time.sleep(town.seconds or 20)
    town.pace.start()


def _nothing(_town: Town) -> None:
    """It is there from the beginning."""


def _clocks_put_right(town: Town) -> None:
    time.sleep(town.seconds or 5)
    for file in town.folder.glob("*.clock"):
        file.write_text("0")


def _database_disk_full(town: Town) -> None:
    """The server is started again where it gave up, as an operator would."""
    disk = town.folder / "disk"
    small_disk.fill(disk)
    time.sleep(town.seconds or 20)
    small_disk.free(disk)
    time.sleep(2)
    if not town.cluster.is_up:
        town.cluster.start()


def _log_disk_full(town: Town) -> None:
    """Something else goes wrong meanwhile, so that there is something to say."""
    disk = town.folder / "worker-disk"
    small_disk.fill(disk, *disk.glob("*.log"))
    town.cluster.stop()
    time.sleep(3)
    town.cluster.start()
    town.broker.kill()
    time.sleep(3)
    town.broker.start()
    time.sleep(town.seconds or 15)
    small_disk.free(disk)


def _vendor_stopped(town: Town) -> None:
    """VK takes every call and answers none; a few of the first it carries out all the same."""
    town.sandbox.fault("vk", "timeout_after:600000", times=LOST_ANSWERS)
    town.sandbox.fault("vk", "timeout:600000", after=LOST_ANSWERS)
    time.sleep(town.seconds or 90)
    town.sandbox.clear_faults()


def _wrong_clock(file: Path, hours: int) -> dict[str, str]:
    """Of a process whose hour that file moves."""
    if not hours:
        return {}
    library = file.with_suffix(".so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
    file.write_text(str(hours * 3600))
    return {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(file)}


SCENARIOS: dict[str, Scenario] = {
    "killed": Scenario(_killed),
    "broker-restarted": Scenario(_broker_restarted),
    "broker-emptied": Scenario(_broker_emptied),
    "broker-away": Scenario(_broker_away),
    "database-restarted": Scenario(_database_restarted),
    "database-away": Scenario(_database_away),
    "redis-lost": Scenario(_pace_lost),
    "two-beats": Scenario(_nothing, seats=(("first", True), ("second", True))),
    "clocks": Scenario(_clocks_put_right, hours={"first": 1, "second": -1}),
    "disk-full": Scenario(_database_disk_full, database_megabytes=120),
    "log-disk-full": Scenario(_log_disk_full, log_megabytes=1),
    # A lease is longer than the longest call, which is given up after 35 seconds.
    "vendor-stopped": Scenario(_vendor_stopped, settings={"RUN_LEASE_SECONDS": "60"}),
}
