"""Products that cannot be read and of which there is no older copy."""

from datetime import datetime

import pytest

from app.domain.catalog.goods import GroupTree, Store
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action, Link, LinkState
from app.domain.planning.plan import make_plan
from app.domain.planning.selection import StoreGoods, select
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet

KEY = ListingKey("S1", "P1")
LIVE = {KEY: Link(KEY, LinkState.LIVE, "Чай", item_id=1, sent={"deleted": 0})}
STORE, PRODUCT = EntityType.STORE, EntityType.PRODUCT
IN, OUT = FilterMode.INCLUDE, FilterMode.EXCLUDE


@pytest.mark.parametrize(
    ("rules", "is_closed", "reason"),
    [
        ([], False, None),
        ([Rule(STORE, "S1", IN)], False, None),
        ([Rule(STORE, "S1", OUT)], False, "out"),
        ([Rule(STORE, "S2", IN)], False, "out"),
        ([Rule(PRODUCT, "P1", OUT)], False, "out"),
        ([Rule(PRODUCT, "P2", IN)], False, "out"),
        ([], True, "closed"),
    ],
)
def test_it_is_left_alone_only_where_nothing_keeps_it_out(rules: list[Rule], is_closed: bool, reason: str) -> None:
    store_goods = StoreGoods(Store("S1", "Лавка"), GroupTree.of([]), [], is_closed=is_closed, unread=frozenset({"P1"}))
    desired = select([store_goods], RuleSet(tuple(rules)), OwnerSettings(), extended_shop=False)
    plan = make_plan(desired, LIVE, Albums(), OwnerSettings(), now=datetime(2026, 6, 17))
    assert [(change.action, change.reason) for change in plan.changes] == ([(Action.HIDE, reason)] if reason else [])
