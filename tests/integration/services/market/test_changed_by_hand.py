"""What people changed in VK by hand, and what its moderators say."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.listing.owner_settings import HandField
from app.models import EntryOutcome, RunStatus
from app.services.market import owner_answers
from app.services.owner import settings
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from tests.support.days import next_day, rests
from tests.support.lost_answers import ALL
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop


def by_hand(shop: Shop, product_id: str, **fields: Any) -> None:
    shop.sandbox.control("vk/items", club=shop.club, edit=[{"id": shop.item(product_id)["id"], **fields}])


@pytest.mark.parametrize(
    ("change", "field", "ours"),
    [
        ({"price": 5}, "price", "100.00"),
        ({"name": "Со скидкой"}, "name", "Товар P1"),
        ({"description": "Звоните нам по телефону"}, "description", "Товар P1. Единица: шт."),
        ({"hidden": True}, "hidden", False),
    ],
)
def test_a_change_by_hand_is_put_back_within_a_day(
    shop_everywhere: Shop, change: dict[str, Any], field: str, ours: object
) -> None:
    shop = shop_everywhere
    shop.run()
    by_hand(shop, "P1", **change)

    next_day(shop)

    assert shop.item("P1")[field] == ours
    (entry,) = shop.entries()
    assert (entry.reason, entry.outcome) == ("drift", EntryOutcome.DONE)
    name = {"hidden": "deleted"}.get(field, field)
    assert entry.before[name] != entry.after[name], "the history tells what it was"
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.drift == {}
    rests(shop)


def test_a_picture_changed_by_hand_is_put_back(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    before, other = shop.item("P1")["photo_id"], shop.item("P2")["photo_id"]
    by_hand(shop, "P1", main_photo_id=other)

    next_day(shop)

    assert shop.item("P1")["photo_id"] not in (before, other)
    rests(shop)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        (HandField.NAME, {"name": "Со скидкой"}),
        (HandField.DESCRIPTION, {"description": "Звоните нам по телефону"}),
    ],
)
def test_what_the_owner_edits_in_vk_is_left_and_shown(shop: Shop, field: HandField, change: dict[str, Any]) -> None:
    shop.run()
    settings.change(shop.owner, edited_in_vk=frozenset({field}))
    db.session.commit()
    by_hand(shop, "P1", **change)

    next_day(shop)

    assert shop.writes() == 0
    assert {name: shop.item("P1")[name] for name in change} == change
    assert [(row.product_id, list(row.drift)) for row in owner_answers.market_review(shop.owner).changed] == [
        ("P1", [field])
    ]


def test_a_picture_that_the_owner_chose_in_vk_is_left_and_shown(shop: Shop) -> None:
    shop.run()
    settings.change(shop.owner, edited_in_vk=frozenset({HandField.PHOTO}))
    db.session.commit()
    other = shop.item("P2")["photo_id"]
    by_hand(shop, "P1", main_photo_id=other)
    shop.patch("P1", name="Новое имя, новая карточка")

    next_day(shop)

    assert (shop.item("P1")["name"], shop.item("P1")["photo_id"]) == ("Новое имя, новая карточка", other)
    assert [list(row.drift) for row in owner_answers.market_review(shop.owner).changed] == [["photo"]]


def test_price_and_stock_are_the_registers_whatever_the_owner_edits(extended_shop: Shop) -> None:
    shop = extended_shop
    shop.run()
    settings.change(shop.owner, edited_in_vk=frozenset(HandField))
    db.session.commit()
    by_hand(shop, "P1", price=1, stock_amount=99)

    next_day(shop)

    assert (shop.item("P1")["price"], shop.item("P1")["stock_amount"]) == ("100.00", 5)


def test_an_item_taken_out_of_its_album_by_hand_is_put_back(shop: Shop) -> None:
    shop.run()
    by_hand(shop, "P1", album_ids=[])

    next_day(shop)

    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}
    rests(shop)


def test_what_lists_do_not_show_yet_is_no_change_by_hand(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", price=111)
    sandbox.fault("vk", "lag:3600", "market.edit", times=1)
    shop.clock.move(days=1, minutes=1)
    shop.run()
    shop.forget_calls()
    db.session.execute(sa.text("UPDATE sync_states SET market_read_at = NULL"))
    db.session.execute(sa.text("UPDATE listings SET written_at = :now"), {"now": shop.clock.utcnow()})
    db.session.commit()

    shop.run()

    assert shop.writes() == 0


def test_a_check_on_demand_does_not_wait_for_the_day(shop: Shop) -> None:
    shop.run()
    by_hand(shop, "P1", price=5)
    shop.clock.move(minutes=1)
    owner_answers.request_market_check(shop.owner)
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_pictures_are_left_alone_where_vk_gives_them_other_ids(shop: Shop) -> None:
    shop.run()
    photos = [shop.item(product_id)["photo_id"] for product_id in ALL]
    for product_id, other in zip(ALL, [*photos[1:], photos[0]], strict=True):
        by_hand(shop, product_id, main_photo_id=other)

    rests(shop)


def test_what_moderators_refuse_is_noted_in_the_daily_look_and_forgotten_when_they_let_it_through(
    shop_everywhere: Shop,
) -> None:
    shop = shop_everywhere
    shop.run()
    item = shop.item("P1")["id"]
    shop.sandbox.control("vk/items", club=shop.club, reject=[item])

    rests(shop)

    listing = shop.listing("P1")
    assert listing is not None
    assert listing.rejection == {"title": "Товар отклонён", "description": "Цена выглядит недостоверной."}
    assert [problem.kind for problem in problems(shop.owner, {})] == [Kind.REJECTED]
    shop.sandbox.control("vk/items", club=shop.club, accept=[item])
    rests(shop)
    assert problems(shop.owner, {}) == []
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.rejection is None
