"""Whatever fails meanwhile, the market comes right in the end; the long way: `bench/fault_soak`."""

from collections.abc import Iterator

import pytest

from tests.conftest import running_app, settings_for
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop
from tests.support.soak import Soak


@pytest.fixture
def shop(sqlite_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    settings = settings_for(sqlite_url, sandbox, vk_requests_per_second=1e9, evotor_requests_per_second=1e9)
    for _ in running_app(settings):
        yield Shop(sandbox, monkeypatch)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_market_comes_right_after_many_faults(shop: Shop, seed: int) -> None:
    report = Soak(shop, goods=24, seed=seed, probability=0.15, lag=0.9).run_until(calls=400)
    assert report.is_clean, report
    assert sum(report.faults.values()) > 30
