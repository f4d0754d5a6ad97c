"""Real processes renew the token of one connection: at once, and killed at every point of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import VkConnection
from app.services.connections import vk
from tests.conftest import KEY
from tests.factories import make_user
from tests.support.killing_proxy import KillingProxy, Moment, Point
from tests.support.renewing import Askers
from tests.support.sandbox import CLUB, Sandbox
from tests.support.vk_id import CLIENT_ID, keys_of, renewals

PROCESSES = 6
CLAIM_AND_HOLD = 61
"""Seconds after which neither the claim of a dead process nor the pause after a failure holds the next one."""


class Bench:
    """An owner whose token VK takes no more: who asks VK hears so (1), renews it (2), asks again (3)."""

    def __init__(self, app: Flask, sandbox: Sandbox, proxy: KillingProxy, askers: Askers, clock: Path) -> None:
        self.sandbox, self.proxy, self._askers = sandbox, proxy, askers
        self._clock, self._ahead = clock, 0
        self._environment = {
            "EVOSYNC_ENV": "development",
            "DATABASE_URL": str(app.config["SQLALCHEMY_DATABASE_URI"]),
            "SECRET_KEY": "a secret of the tests that is long enough",
            "TOKEN_KEYS": KEY,
            "VK_API_URL": f"{proxy.url}/method",
            "VK_ID_URL": proxy.url,
            "VK_CLIENT_ID": CLIENT_ID,
            "VK_REQUESTS_PER_SECOND": "10000",
            "EVOSYNC_CLOCK": str(clock),
        }
        self.wait(0)
        keys = keys_of(sandbox)
        vk.connect_with(make_user(), keys, CLUB)
        db.session.commit()
        sandbox.control("vk/tokens", value=keys.token, revoke=True)
        sandbox.control("calls/reset")

    def wait(self, seconds: int) -> None:
        self._ahead += seconds
        self._clock.write_text(str(self._ahead))

    def ask(self, number: int = 1, point: Point | None = None) -> list[dict[str, Any]]:
        self.proxy.arm(point)
        return self._askers.ask_at_once(self._environment, number, self.proxy.victim.put)

    def stored(self) -> VkConnection:
        db.session.remove()
        return db.session.scalars(sa.select(VkConnection)).one()


@pytest.fixture(scope="module")
def askers() -> Iterator[Askers]:
    askers = Askers()
    yield askers
    askers.stop()


@pytest.fixture
def bench(app_on_each_database: Flask, sandbox: Sandbox, askers: Askers, tmp_path: Path) -> Iterator[Bench]:
    proxy = KillingProxy(sandbox.url)
    yield Bench(app_on_each_database, sandbox, proxy, askers, tmp_path / "clock")
    proxy.stop()


def test_of_many_processes_one_asks_vk_id_and_all_get_the_new_token(bench: Bench) -> None:
    told = bench.ask(PROCESSES)

    assert len(renewals(bench.sandbox)) == 1
    assert [one["error"] for one in told] == [None] * PROCESSES
    assert {one["token"] for one in told} == {bench.stored().token}


def test_so_it_is_when_vk_id_takes_its_time(bench: Bench) -> None:
    bench.sandbox.fault("vkid", "slow:700", "auth")

    told = bench.ask(PROCESSES)

    assert len(renewals(bench.sandbox)) == 1
    assert {one["token"] for one in told} == {bench.stored().token}


LOST_PAIR = Point(2, "after")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whoever_dies_on_the_way_the_next_one_goes_on_or_asks_the_owner(
    bench: Bench, number: int, moment: Moment
) -> None:
    point = Point(number, moment)
    assert bench.ask(point=point) == [], "it was killed"

    bench.wait(CLAIM_AND_HOLD)
    (second,) = bench.ask()
    (third,) = bench.ask()

    assert second["error"] == third["error"] == ("vk_id_expired" if point == LOST_PAIR else None)
    assert second["token"] == third["token"]
    tries = len(renewals(bench.sandbox))
    assert tries == (2 if point == LOST_PAIR else 1), (
        "no token is spent twice, and a spent one not shown again and again"
    )
    if point != LOST_PAIR:
        assert (bench.stored().token, bench.stored().renewals) == (second["token"], 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_others_do_not_spend_what_a_dead_process_claimed(bench: Bench, moment: Moment) -> None:
    """Before its claim ends; that of `after` is spent, and showing it would be of no use."""
    bench.ask(point=Point(2, moment))
    before = len(renewals(bench.sandbox))

    bench.wait(CLAIM_AND_HOLD)
    told = bench.ask(PROCESSES)

    assert len(renewals(bench.sandbox)) == before + 1
    assert len({(one["token"], one["error"]) for one in told}) == 1
