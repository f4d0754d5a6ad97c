"""Whatever fails meanwhile, the market comes right in the end; the long way: `bench/fault_soak`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import running_app, settings_for
from tests.support.database import empty_postgres
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.soak import Soak


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    club, database = request.param
    pace = {"vk_requests_per_second": 1e9, "evotor_requests_per_second": 1e9}
    url = request.getfixturevalue(database)
    for _ in running_app(settings_for(url, sandbox, photo_dir=str(tmp_path / "photos"), **pace)):
        if database == "postgres_url":
            empty_postgres()
        yield Shop(sandbox, monkeypatch, club)


@pytest.mark.parametrize(
    "shop",
    [(CLUB, "sqlite_url"), (EXTENDED_CLUB, "sqlite_url"), (CLUB, "postgres_url")],
    indirect=True,
    ids=["plain", "extended", "postgres"],
)
def test_the_market_comes_right_after_many_faults(shop: Shop) -> None:
    report = Soak(shop, goods=24, seed=1, probability=0.15, lag=0.9).run_until(calls=400)
    assert report.is_clean, report
    assert sum(report.faults.values()) > 30
