"""What people do in VK by hand: seen once a day, put back or left as the owner chose; what was there before us."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.http import Response, Transport
from app.db import db
from app.domain.listing.owner_settings import HandField
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, ForeignItem, RunStatus, User
from app.services.market import answers
from app.services.owner import settings
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Killed, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def by_hand(shop: Shop, product_id: str, **fields: Any) -> None:
    shop.sandbox.control("vk/items", club=shop.club, edit=[{"id": shop.item(product_id)["id"], **fields}])


def next_day(shop: Shop) -> None:
    shop.forget_calls()
    shop.clock.move(days=1, minutes=1)
    assert shop.run().status == RunStatus.SUCCEEDED


def rests(shop: Shop) -> None:
    next_day(shop)
    assert shop.writes() == 0


# Changed by hand


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
    assert [(row.product_id, list(row.drift)) for row in answers.market_review(shop.owner).changed] == [("P1", [field])]


def test_a_picture_that_the_owner_chose_in_vk_is_left_and_shown(shop: Shop) -> None:
    shop.run()
    settings.change(shop.owner, edited_in_vk=frozenset({HandField.PHOTO}))
    db.session.commit()
    other = shop.item("P2")["photo_id"]
    by_hand(shop, "P1", main_photo_id=other)
    shop.patch("P1", name="Новое имя, новая карточка")

    next_day(shop)

    assert (shop.item("P1")["name"], shop.item("P1")["photo_id"]) == ("Новое имя, новая карточка", other)
    assert [list(row.drift) for row in answers.market_review(shop.owner).changed] == [["photo"]]


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
    answers.request_market_check(shop.owner)
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


# Deleted by hand


def deleted_by_hand(shop: Shop) -> int:
    shop.run()
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])
    next_day(shop)
    (row,) = answers.market_review(shop.owner).gone
    assert row.product_id == "P1"
    return row.id


def test_an_item_deleted_by_hand_is_noticed_and_asked_about(shop_everywhere: Shop) -> None:
    deleted_by_hand(shop_everywhere)

    assert shop_everywhere.prices().keys() == {"P2", "P3"}
    assert shop_everywhere.last_run().skipped == {"gone": 1}
    assert answers.question_count(shop_everywhere.owner) == 1
    rests(shop_everywhere)


def test_it_is_made_again_where_the_owner_wants_it(shop: Shop) -> None:
    listing_id = deleted_by_hand(shop)

    assert answers.recreate_deleted(shop.owner, [listing_id]) == 1
    db.session.commit()
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert set(shop.albums()["Чай"]) == {"P1"}
    rests(shop)


def test_it_is_asked_about_once(shop: Shop) -> None:
    listing_id = deleted_by_hand(shop)

    assert answers.accept_deletion(shop.owner, [listing_id]) == 1
    db.session.commit()
    rests(shop)

    assert answers.question_count(shop.owner) == 0
    assert shop.prices().keys() == {"P2", "P3"}


def test_an_item_that_is_only_missing_from_the_list_is_not_taken_for_deleted(shop: Shop) -> None:
    shop.run()

    def without_p1(call: Callable[[], Response]) -> Response:
        body = json.loads(call().body)
        body["response"]["items"] = [item for item in body["response"]["items"] if item.get("sku") != "ev:P1"]
        return Response(200, {}, json.dumps(body).encode())

    shop.on_call("/market.get", without_p1)
    rests(shop)

    listing = shop.listing("P1")
    assert listing is not None
    assert listing.state == LinkState.LIVE


def test_an_item_restored_in_vk_is_ours_again(shop: Shop, sandbox: Sandbox) -> None:
    deleted_by_hand(shop)
    (item,) = [item for item in sandbox.dump()["vk"]["clubs"][str(CLUB)]["items"] if item["sku"] == "ev:P1"]
    sandbox.control("vk/items", club=CLUB, edit=[{"id": item["id"], "deleted_at": None}])

    next_day(shop)

    assert shop.prices() == ALL
    assert answers.question_count(shop.owner) == 0
    assert shop.writes() == 0, "it stands as it stood"


def test_a_copy_takes_the_place_of_the_item_that_was_deleted(shop: Shop) -> None:
    """A copy made in VK carries our sku: it is the only one left, so it is not hidden as a twin."""
    shop.run()
    copy = {"name": "Товар P1", "price": 100, "sku": "ev:P1"}
    shop.sandbox.control("vk/items", club=CLUB, add=[copy], delete=[shop.item("P1")["id"]])

    next_day(shop)

    assert shop.prices() == ALL
    assert answers.question_count(shop.owner) == 0


def out_and_hidden(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()


def dies_after(call: Callable[[], Response]) -> NoReturn:
    call()
    raise Killed


def test_our_own_deletion_is_not_taken_for_one_by_hand(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    out_and_hidden(shop)
    shop.clock.move(days=8)
    shop.on_call("/market.delete", dies_after)
    shop.run_killed()

    next_day(shop)
    assert answers.question_count(shop.owner) == 0
    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()

    assert shop.prices() == ALL


def test_nobody_is_asked_about_what_was_on_its_way_out(shop: Shop) -> None:
    out_and_hidden(shop)
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])

    next_day(shop)

    assert answers.question_count(shop.owner) == 0


def test_a_question_ends_when_its_product_leaves_the_selection(shop: Shop) -> None:
    deleted_by_hand(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")

    shop.run()

    assert answers.question_count(shop.owner) == 0


def test_one_list_that_lacks_a_product_ends_no_question(shop: Shop) -> None:
    deleted_by_hand(shop)
    shop.drop("P1")
    shop.run()
    assert answers.question_count(shop.owner) == 0, "nobody needs an answer now"
    shop.put("P1", price=100, parent_id="G1")

    shop.run()

    assert shop.prices().keys() == {"P2", "P3"}
    assert answers.question_count(shop.owner) == 1


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_hidden_twin_does_not_bring_back_what_was_deleted_by_hand(shop: Shop, is_answered: bool) -> None:
    shop.run()
    linked = shop.item("P1")["id"]
    shop.sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    next_day(shop)
    shop.sandbox.control("vk/items", club=CLUB, delete=[linked])
    next_day(shop)
    if is_answered:
        question = answers.market_review(shop.owner).gone[0].id
        answers.accept_deletion(shop.owner, [question])
        db.session.commit()

    next_day(shop)

    assert "P1" not in shop.prices()
    assert answers.question_count(shop.owner) == int(not is_answered)


def test_a_read_that_outlasts_the_lag_does_not_link_what_was_deleted(shop: Shop, sandbox: Sandbox) -> None:
    out_and_hidden(shop)
    shop.clock.move(days=8)
    sandbox.fault("vk", "lag:3600", "market.delete", times=1)
    shop.run()
    db.session.execute(sa.text("UPDATE sync_states SET market_read_at = NULL"))
    db.session.commit()
    shop.after_call("/market.get", lambda: shop.clock.move(seconds=2))

    shop.run()

    listing = shop.listing("P1")
    assert listing is None or listing.deleted_at is not None


def test_no_transaction_is_open_while_vk_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite it would hold the only pen, and the owner's pages with it."""
    shop.run()
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])
    shop.put("P4", price=10)
    open_ones: list[str] = []
    real = Transport.send

    def watched(transport: Transport, method: str, path: str, **more: Any) -> Response:
        if db.session().in_transaction():
            open_ones.append(path)
        return real(transport, method, path, **more)

    monkeypatch.setattr(Transport, "send", watched)
    next_day(shop)

    assert shop.calls("market.getById") == 1
    assert open_ones == []


def test_pictures_are_left_alone_where_vk_gives_them_other_ids(shop: Shop) -> None:
    shop.run()
    photos = [shop.item(product_id)["photo_id"] for product_id in ALL]
    for product_id, other in zip(ALL, [*photos[1:], photos[0]], strict=True):
        by_hand(shop, product_id, main_photo_id=other)

    rests(shop)


# There before us


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
    return {row.product_id: row for row in answers.market_review(shop.owner).similar}


def strangers(shop: Shop) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in shop.sandbox.strangers()}


def take(shop: Shop, *product_ids: str) -> int:
    questions = similar(shop)
    taken = answers.adopt_similar(shop.owner, [questions[product_id].id for product_id in product_ids])
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
    answers.dismiss_similar(shop.owner, [question])
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
            answers.adopt_similar(db.session.get_one(User, shop.owner_id), [question])
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

    assert answers.market_review(with_similar.owner).foreign == len(visible)


# Moderation


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
