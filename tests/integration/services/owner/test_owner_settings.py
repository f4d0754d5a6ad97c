"""The owner's settings as they are stored, and what they do to a shop that is live."""

from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.domain.listing.owner_settings import OwnerSettings, StockRule
from app.models import RunStatus
from app.services.owner import settings
from tests.support.shop import Shop


def change(shop: Shop, **chosen: Any) -> None:
    settings.change(shop.owner, **chosen)
    db.session.commit()


def test_what_is_stored_is_read_back(shop_everywhere: Shop) -> None:
    wanted: dict[str, Any] = {
        "stock_rule": StockRule.SHOW,
        "category_by_group": {"G1": 20064},
        "description_template": "{описание}\nЖдём «вас»!",
        "price_percent": Decimal("-5.5"),
        "price_rounding": 10,
        "with_albums": False,
    }
    change(shop_everywhere, **wanted)

    assert settings.owner_settings(shop_everywhere.owner) == OwnerSettings(**wanted)


@pytest.mark.parametrize("junk", [None, "", "what", -1000, 10**30, [], {}, ["x", 5], {"G1": "x"}, "NaN", "Infinity"])
def test_what_nobody_can_make_sense_of_breaks_no_run(shop: Shop, junk: Any) -> None:
    state = shop.owner.sync_state
    assert state is not None
    names = ("stock_rule", "edited_in_vk", "allowed_types", "category_by_group", "price_percent", "price_rounding")
    state.settings = dict.fromkeys((*names, "with_albums", "unknown"), junk)
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


# What they do


def test_a_price_rule_reaches_vk_and_rests_there(shop: Shop) -> None:
    shop.run()
    change(shop, price_percent=Decimal(12), price_rounding=5)

    shop.run()
    assert shop.prices() == {"P1": "110.00", "P2": "225.00", "P3": "335.00"}
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_a_rule_that_changes_most_prices_by_more_than_half_waits_for_the_owner(shop: Shop) -> None:
    shop.run()
    change(shop, price_percent=Decimal(60))

    assert shop.run().status == RunStatus.NEEDS_APPROVAL
    assert shop.prices()["P1"] == "100.00"
    change(shop, price_percent=Decimal(0))
    assert shop.run().status == RunStatus.SUCCEEDED


def test_the_market_is_held_against_the_price_that_was_sent(shop: Shop) -> None:
    change(shop, price_percent=Decimal(10))
    shop.run()
    shop.forget_calls()
    shop.clock.move(hours=25)

    shop.run()

    assert shop.calls("market.get") > 0
    assert shop.writes() == 0


def test_a_template_reaches_vk(shop: Shop) -> None:
    shop.put("P1", price=100, parent_id="G1", description="Собран в горах")
    shop.run()
    change(shop, description_template="{описание}\nАртикул: {артикул}\n{группа}, магазин «{магазин}»")

    shop.run()

    assert shop.item("P1")["description"] == "Собран в горах\nЧай, магазин «Лавка»"


def test_albums_that_are_left_alone_stay_as_they_are(shop: Shop) -> None:
    shop.run()
    change(shop, with_albums=False)
    shop.patch("P1", parent_id="G2")
    shop.put("P4", price=10, parent_id="G1")

    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}

    change(shop, with_albums=True)
    shop.run()
    assert shop.albums() == {"Чай": ["P4"], "Мёд": ["P1", "P2"]}
