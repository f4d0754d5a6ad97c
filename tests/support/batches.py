"""Many changes to a request: a shop that waits for them, and what came of them."""

from collections import Counter

from app.models import RunStatus
from tests.support.shop import Shop

SPOILT = ("not_a_list", "one_fewer", "one_error_more")
"""Faults of `execute` whose answer does not fit the calls."""
LOST = ("drop_after", "http_502_after", "garbage_after", "truncated", "error_after:10", "error_after:13")
"""And those after which nobody knows what was made."""
WRITING = ("vk.execute", "vk.market.edit", "vk.market.delete")


def stocked(shop: Shop, count: int) -> list[str]:
    """Goods N000, N001, … that stand in VK, at 100 roubles; P1 to P3 besides."""
    ids = shop.fill(count)
    assert shop.run().status == RunStatus.SUCCEEDED
    shop.forget_calls()
    return ids


def repriced(shop: Shop, count: int) -> list[str]:
    """The same, and at the register they cost 101 by now."""
    ids = stocked(shop, count)
    shop.patch_all(ids, price=101)
    return ids


def requests(shop: Shop) -> dict[str, int]:
    """What changes cost."""
    return {name: times for name, times in shop.sandbox.dump()["calls"].items() if name in WRITING}


def outcomes(shop: Shop) -> Counter[str]:
    return Counter(entry.outcome for entry in shop.entries())


def all_cost(shop: Shop, price: str, ids: list[str]) -> bool:
    return {shop.prices().get(name) for name in ids} == {price}


def nothing_is_left(shop: Shop) -> None:
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0
