"""Items that were there before us."""

from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.owner_settings import HandField
from app.domain.rules import EntityType, FilterMode
from app.models import ForeignItem, RunStatus, User
from app.services.market import owner_answers
from app.services.owner import settings
from tests.support.days import deleted_by_hand, next_day, rests
from tests.support.sandbox import CLUB
from tests.support.shop import Shop


@pytest.fixture
def with_similar(shop: Shop) -> Shop:
    """The community has something with the name of P1 and something with the article of P2, each with a picture."""
    shop.patch("P2", article_number="HONEY-2")
    shop.put("P4", name="Ещё товар", price=400)
    added = [
        {"name": "товар p1", "price": 90, "description": "Описание хозяйки"},
        {"name": "Мёд от пчёл", "sku": "honey-2", "price": 190},
        {"name": "Совсем другое", "price": 10},
    ]
    shop.sandbox.control("vk/items", club=CLUB, add=added)
    assert shop.run().status == RunStatus.SUCCEEDED
    return shop


def similar(shop: Shop) -> dict[str, ForeignItem]:
    return {row.product_id: row for row in owner_answers.market_review(shop.owner).similar}


def strangers(shop: Shop) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in shop.sandbox.strangers()}


def take(shop: Shop, *product_ids: str) -> int:
    questions = similar(shop)
    taken = owner_answers.adopt_similar(shop.owner, [questions[product_id].id for product_id in product_ids])
    db.session.commit()
    return taken


def test_products_like_items_of_others_wait_for_the_owner(with_similar: Shop) -> None:
    assert with_similar.prices().keys() == {"P3", "P4"}
    assert {key: row.matched_by for key, row in similar(with_similar).items()} == {"P1": "name", "P2": "article"}
    assert with_similar.last_run().skipped == {"similar": 2}
    assert all(item["api_writes"] == 0 for item in with_similar.sandbox.strangers())


def test_a_taken_item_follows_the_register_and_keeps_its_picture(with_similar: Shop) -> None:
    shop = with_similar
    picture = strangers(shop)["товар p1"]["photo_id"]
    item_id = strangers(shop)["товар p1"]["id"]

    assert take(shop, "P1") == 1
    assert shop.run().status == RunStatus.SUCCEEDED

    item = shop.item("P1")
    assert (item["id"], item["name"], item["price"]) == (item_id, "Товар P1", "100.00")
    assert item["photo_id"] == picture
    assert shop.albums()["Чай"] == ["P1"]
    assert similar(shop).keys() == {"P2"}
    rests(shop)


def test_a_taken_item_keeps_the_texts_that_the_owner_edits_in_vk(with_similar: Shop) -> None:
    shop = with_similar
    settings.change(shop.owner, edited_in_vk=frozenset({HandField.NAME, HandField.DESCRIPTION}))
    db.session.commit()
    take(shop, "P1", "P2")

    assert shop.run().status == RunStatus.SUCCEEDED

    item = shop.item("P1")
    assert (item["name"], item["description"], item["price"]) == ("товар p1", "Описание хозяйки", "100.00")


def test_a_taken_item_leaves_the_window_like_any_other(with_similar: Shop) -> None:
    shop = with_similar
    take(shop, "P1")
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")

    shop.run()

    assert shop.item("P1")["hidden"]


def test_a_left_item_is_never_touched_and_the_product_is_added_beside_it(with_similar: Shop) -> None:
    shop = with_similar
    before = strangers(shop)["товар p1"]
    question = similar(shop)["P1"].id
    owner_answers.dismiss_similar(shop.owner, [question])
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert "P1" in shop.prices()
    assert strangers(shop)["товар p1"] == before
    next_day(shop)
    assert similar(shop).keys() == {"P2"}, "never asked again"


def test_an_item_taken_while_a_run_reads_the_market_is_not_asked_about_again(with_similar: Shop, app: Flask) -> None:
    shop = with_similar
    question = similar(shop)["P1"].id
    db.session.remove()

    def take_meanwhile() -> None:
        with app.app_context():
            owner_answers.adopt_similar(db.session.get_one(User, shop.owner_id), [question])
            db.session.commit()

    def in_another_thread() -> None:
        thread = Thread(target=take_meanwhile)
        thread.start()
        thread.join()

    shop.after_call("/market.getAlbums", in_another_thread)
    next_day(shop)

    assert similar(shop).keys() == {"P2"}
    assert "P1" in shop.prices()


def test_rows_that_the_owners_pages_removed_meanwhile_end_the_run_gently(shop: Shop) -> None:
    deleted_by_hand(shop)

    def add_again_meanwhile() -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM listings WHERE product_id = 'P1'"))

    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.patch("P2", price=222)
    shop.after_call("/market.edit", add_again_meanwhile)

    assert shop.run().status in (RunStatus.SUCCEEDED, RunStatus.CONTINUED)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == {"P2": "222.00", "P3": "300.00"}


def test_a_question_ends_when_the_item_is_gone(with_similar: Shop) -> None:
    shop = with_similar
    shop.sandbox.control("vk/items", club=CLUB, delete=[strangers(shop)["товар p1"]["id"]])

    next_day(shop)

    assert "P1" in shop.prices()
    assert similar(shop).keys() == {"P2"}


def test_foreign_items_are_counted(with_similar: Shop) -> None:
    visible = [item for item in with_similar.sandbox.strangers() if not item["hidden"] and not item["deleted"]]

    assert owner_answers.market_review(with_similar.owner).foreign == len(visible)
