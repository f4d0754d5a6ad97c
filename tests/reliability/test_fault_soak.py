"""Whatever fails meanwhile, the market comes right in the end; the long way: `bench/fault_soak`."""

from collections.abc import Iterator

import pytest

from tests.conftest import running_app, settings_for
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.soak import Soak


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, sqlite_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    settings = settings_for(sqlite_url, sandbox, vk_requests_per_second=1e9, evotor_requests_per_second=1e9)
    for _ in running_app(settings):
        yield Shop(sandbox, monkeypatch, request.param)


@pytest.mark.parametrize("shop", [CLUB, EXTENDED_CLUB], indirect=True)
def test_the_market_comes_right_after_many_faults(shop: Shop) -> None:
    report = Soak(shop, goods=24, seed=1, probability=0.15, lag=0.9).run_until(calls=400)
    assert report.is_clean, report
    assert sum(report.faults.values()) > 30
