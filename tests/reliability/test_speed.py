"""The benches of speed measure what they say; figures worth reading: `bench/pages` and its neighbours."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.services.owner import switch
from app.services.owner.configuration_json import active_configurations
from bench import commands, pages, plan, vk_requests
from bench.speed.figures import median, p95
from bench.speed.goods import NOWHERE, RARE, make_goods
from bench.speed.many_users import multiply
from bench.speed.processes import Ended
from bench.vk.figures import FULL, Cost, when_full
from bench.vk.work import Assortment, Kind
from tests.factories import connect_both, make_user, set_rule
from tests.support.sandbox import STORE, Sandbox


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """A bench's own report."""

    def run(bench: Any, *arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["bench", "--json", *arguments])
        assert bench.main() == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def test_pages_are_measured_beside_the_bare_one(measured: Callable[..., Any]) -> None:
    report = measured(
        pages,
        "--sizes=60",
        "--only=search-rare,press-product",
        "--rounds=1",
        "--block=0",
        "--memory=0",
        "--workers=1",
        "--clients=2",
    )
    found = report["sizes"]["60"]["pages"]
    assert set(found) == {"search-rare", "press-product"}
    assert all(page["p95"] > 0 and page["bare_p95"] > 0 for page in found.values())
    assert found["search-rare"]["statements"] > 0


def test_a_plan_is_measured_in_its_parts_and_a_refresh_beside_a_download(measured: Callable[..., Any]) -> None:
    report = measured(plan, "--sizes=60", "--rounds=1", "--refreshes=1", "--without-octodns")
    found = report["sizes"]["60"]
    assert {"load", "select", "compare", "whole"} <= set(found["plan"])
    assert found["refresh"]["download and decode"]["ratio"] == 1


def test_commands_are_measured_with_their_memory(measured: Callable[..., Any]) -> None:
    report = measured(commands, "--sizes=", "--users=3", "--rounds=1")
    assert report["by_users"]["3"]["peak_mb"] > 1


def test_requests_are_counted_by_kind_of_work_and_method(measured: Callable[..., Any]) -> None:
    report = measured(vk_requests, "--sizes=2", "--per-second=1000", "--ways=evosync", "--until=unchanged")
    found = report["ways"]["evosync"]["sizes"]["2"]
    new = found["new"]
    assert new["methods"].get("market.add", 0) + new["within"].get("market.add", 0) == 2
    assert new["uploads"] > 0 == new["refused"]
    assert found["unchanged"]["methods"] == {"market.get": 1}


def test_a_market_that_is_not_as_wanted_ends_the_bench(sandbox: Sandbox) -> None:
    sandbox.empty_market()
    with pytest.raises(RuntimeError, match="ev:B000000 stands in the market as None"):
        Assortment.of(1, None).check(sandbox)


def test_a_full_market_costs_straight_on_from_two_sizes() -> None:
    fixed, an_item = 5, 2
    by_size = {size: {Kind.NEW: a_cost(size, fixed + an_item * size)} for size in (10, 30)}
    assert when_full(by_size, Kind.NEW, lambda cost: cost.requests) == fixed + an_item * FULL
    assert when_full(by_size, Kind.EDITED, lambda cost: cost.requests) is None


def a_cost(items: int, requests: int) -> Cost:
    return Cost(items, {"market.add": requests}, {}, 0, 0, 0, Ended(1.0, 1.0, 1.0), per_second=3)


def test_users_are_multiplied_with_all_that_a_configuration_has(app: Flask) -> None:
    user = connect_both(make_user())
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, STORE)
    switch.toggle(user, True)
    switch.confirm(user)
    db.session.commit()
    multiply(user, 5)
    chosen = [[rule["id"] for rule in one["stores"]["include"]] for one in active_configurations()]
    assert chosen == [[STORE]] * 5


def test_a_shop_has_words_that_are_frequent_rare_and_nowhere() -> None:
    goods = make_goods(500)
    words = goods.by_words
    assert words[goods.frequent_word] > 20
    assert (words[RARE], words[NOWHERE]) == (1, 0)


def test_percentiles_are_samples_themselves() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert (median(samples), p95(samples)) == (50.0, 95.0)
