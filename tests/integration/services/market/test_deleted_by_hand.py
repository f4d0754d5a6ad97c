"""What people deleted or restored in VK by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, Transport
from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from app.services.market import owner_answers
from tests.support.days import deleted_by_hand, next_day, rests
from tests.support.lost_answers import ALL, dies_after
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop


def test_an_item_deleted_by_hand_is_noticed_and_asked_about(shop_everywhere: Shop) -> None:
    deleted_by_hand(shop_everywhere)

    assert shop_everywhere.prices().keys() == {"P2", "P3"}
    assert shop_everywhere.last_run().skipped == {"gone": 1}
    assert owner_answers.question_count(shop_everywhere.owner) == 1
    rests(shop_everywhere)


def test_it_is_made_again_where_the_owner_wants_it(shop: Shop) -> None:
    listing_id = deleted_by_hand(shop)

    assert owner_answers.recreate_deleted(shop.owner, [listing_id]) == 1
    db.session.commit()
    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert set(shop.albums()["Чай"]) == {"P1"}
    rests(shop)


def test_it_is_asked_about_once(shop: Shop) -> None:
    listing_id = deleted_by_hand(shop)

    assert owner_answers.accept_deletion(shop.owner, [listing_id]) == 1
    db.session.commit()
    rests(shop)

    assert owner_answers.question_count(shop.owner) == 0
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
    assert owner_answers.question_count(shop.owner) == 0
    assert shop.writes() == 0, "it stands as it stood"


def test_a_copy_takes_the_place_of_the_item_that_was_deleted(shop: Shop) -> None:
    """A copy made in VK carries our sku: it is the only one left, so it is not hidden as a duplicate."""
    shop.run()
    copy = {"name": "Товар P1", "price": 100, "sku": "ev:P1"}
    shop.sandbox.control("vk/items", club=CLUB, add=[copy], delete=[shop.item("P1")["id"]])

    next_day(shop)

    assert shop.prices() == ALL
    assert owner_answers.question_count(shop.owner) == 0


def out_and_hidden(shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()


def test_our_own_deletion_is_not_taken_for_one_by_hand(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    out_and_hidden(shop)
    shop.clock.move(days=8)
    shop.on_call("/market.delete", dies_after)
    shop.run_killed()

    next_day(shop)
    assert owner_answers.question_count(shop.owner) == 0
    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()

    assert shop.prices() == ALL


def test_nobody_is_asked_about_what_was_on_its_way_out(shop: Shop) -> None:
    out_and_hidden(shop)
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])

    next_day(shop)

    assert owner_answers.question_count(shop.owner) == 0


def test_a_question_ends_when_its_product_leaves_the_selection(shop: Shop) -> None:
    deleted_by_hand(shop)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")

    shop.run()

    assert owner_answers.question_count(shop.owner) == 0


def test_one_list_that_lacks_a_product_ends_no_question(shop: Shop) -> None:
    deleted_by_hand(shop)
    shop.drop("P1")
    shop.run()
    assert owner_answers.question_count(shop.owner) == 0, "nobody needs an answer now"
    shop.put("P1", price=100, parent_id="G1")

    shop.run()

    assert shop.prices().keys() == {"P2", "P3"}
    assert owner_answers.question_count(shop.owner) == 1


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_hidden_duplicate_does_not_bring_back_what_was_deleted_by_hand(shop: Shop, is_answered: bool) -> None:
    shop.run()
    linked = shop.item("P1")["id"]
    shop.sandbox.control("vk/items", club=CLUB, add=[{"name": "Двойник", "sku": "ev:P1", "price": 1}])
    next_day(shop)
    shop.sandbox.control("vk/items", club=CLUB, delete=[linked])
    next_day(shop)
    if is_answered:
        question = owner_answers.market_review(shop.owner).gone[0].id
        owner_answers.accept_deletion(shop.owner, [question])
        db.session.commit()

    next_day(shop)

    assert "P1" not in shop.prices()
    assert owner_answers.question_count(shop.owner) == int(not is_answered)


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
