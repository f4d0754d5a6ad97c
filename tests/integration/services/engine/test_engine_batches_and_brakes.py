"""What a batch that came to nothing leaves known: from where prices move, what is kept, whose doing a text is."""

from collections.abc import Callable

import pytest

from app.clients.http import Response
from app.models import EntryOutcome, RunStatus
from tests.support.batches import outcomes, repriced, stocked
from tests.support.lost_answers import dies_after, dies_before
from tests.support.sandbox import CLUB
from tests.support.settings import calls_go
from tests.support.shop import Shop

BY_HAND = "Название от руки "


@pytest.fixture(params=[1, 25])
def shop(shop: Shop, request: pytest.FixtureRequest) -> Shop:
    """One by one, and in batches."""
    calls_go(together=request.param)
    return shop


@pytest.mark.parametrize("code", [5, 9, 29, 43, 1438])
def test_the_brake_on_prices_knows_the_old_ones_after_a_refused_run(shop: Shop, code: int) -> None:
    ids = repriced(shop, 20)
    shop.sandbox.fault("vk", f"error:{code}", "market.edit")
    shop.run()
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    shop.patch_all(ids, price=100_000)
    assert shop.run().status == RunStatus.NEEDS_APPROVAL


@pytest.mark.parametrize("death", [dies_before, dies_after])
def test_the_brake_on_prices_knows_the_old_ones_after_a_killed_worker(
    shop: Shop, death: Callable[[Callable[[], Response]], Response]
) -> None:
    ids = repriced(shop, 20)
    for address in ("/execute", "/market.edit"):
        shop.on_call(address, death)
    shop.run_killed()
    shop.patch_all(ids, price=100_000)
    assert shop.run().status == RunStatus.NEEDS_APPROVAL


def test_what_is_kept_is_told_though_the_batch_after_it_fails(shop: Shop) -> None:
    ids = stocked(shop, 12)
    for name in ids[:3]:
        shop.drop(name)
    shop.sandbox.fault("evotor", "503", "product", times=5)
    shop.patch_all(ids[3:6], allow_to_sell=False)
    for method in ("execute", "market.edit"):
        shop.sandbox.fault("vk", "error:9", method)
    shop.run()
    assert outcomes(shop)[EntryOutcome.KEPT] >= 1


@pytest.mark.parametrize("lost", ["execute", "market.edit"])
def test_what_a_lost_answer_made_is_not_taken_for_a_spelling_of_vk(shop: Shop, lost: str) -> None:
    ids = stocked(shop, 3)
    edit_by_hand(shop, ids)
    shop.sandbox.fault("vk", "drop_after", lost, times=1)
    shop.run()
    shop.sandbox.clear_faults()
    edit_by_hand(shop, ids)
    shop.run()
    assert not [name for name in ids if shop.item(name)["name"].startswith(BY_HAND)]


def edit_by_hand(shop: Shop, ids: list[str]) -> None:
    edited = [{"id": shop.item(name)["id"], "name": BY_HAND + name} for name in ids]
    shop.sandbox.control("vk/items", club=CLUB, edit=edited)
    shop.clock.move(hours=25)
