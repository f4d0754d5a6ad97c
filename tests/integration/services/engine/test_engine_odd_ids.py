"""An answer to an add that names what is somebody else's, or another thing of ours, is believed by nobody."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.clients.http import Response
from app.models import RunStatus
from tests.support.batches import nothing_is_left
from tests.support.lost_answers import ALL, all_is_well
from tests.support.shop import Shop

Answers = list[Any]


def told(call: Callable[[], Response], change: Callable[[Answers], Answers]) -> Response:
    """What VK answers to a batch, with other ids in it."""
    answer = call()
    body = json.loads(answer.body)
    return Response(answer.status, {}, json.dumps({**body, "response": change(body["response"])}).encode())


def all_named(field: str, ids: Callable[[Answers], list[int]]) -> Callable[[Callable[[], Response]], Response]:
    return lambda call: told(call, lambda answers: [{field: number} for number in ids(answers)])


def strangers_of(shop: Shop, *names: str) -> list[int]:
    goods = [{"name": name, "price": 77700} for name in names]
    added: list[int] = shop.sandbox.control("vk/items", club=shop.club, add=goods)["added"]
    return added


def are_untouched(shop: Shop, ids: list[int]) -> bool:
    found = [item for item in shop.sandbox.strangers(shop.club) if item["id"] in ids]
    return [(item["api_writes"], item["album_ids"]) for item in found] == [(0, [])] * len(ids)


@pytest.mark.one_by_one
def test_an_add_answered_with_a_strangers_id_leaves_the_stranger_alone(shop: Shop) -> None:
    (stranger,) = strangers_of(shop, "Чужой")

    def named(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, json.dumps({"response": {"market_item_id": stranger}}).encode())

    shop.on_call("/market.add", named)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == len(ALL)
    assert are_untouched(shop, [stranger])
    all_is_well(shop)


def test_a_batch_answered_with_strangers_ids_is_looked_up_by_sku(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    strangers = strangers_of(shop, "Один", "Два", "Три")
    shop.on_batches_of("market.add", all_named("market_item_id", lambda _answers: strangers), times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert are_untouched(shop, strangers)
    all_is_well(shop)


def test_one_id_for_all_of_a_batch_is_believed_of_none(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    first = all_named("market_item_id", lambda answers: [answers[0]["market_item_id"]] * len(answers))
    shop.on_batches_of("market.add", first, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


def test_an_id_that_another_product_of_ours_has_is_not_given_to_a_second(shop: Shop) -> None:
    shop.run()
    taken = shop.item("P1")["id"]
    shop.put("Q1")
    shop.put("Q2")
    shop.on_batches_of("market.add", all_named("market_item_id", lambda answers: [taken] * len(answers)), times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert set(shop.prices()) == {*ALL, "Q1", "Q2"}
    assert shop.item("P1")["id"] == taken
    nothing_is_left(shop)


# A stranger that nobody knew of when the answer came


def with_a_new_strangers_id(shop: Shop) -> int:
    """P1 is linked to an item that somebody else made at the same moment."""
    made: list[int] = []

    def named(call: Callable[[], Response]) -> Response:
        answer = call()
        made.extend(strangers_of(shop, "Чужой"))
        (ours,) = [item["id"] for item in shop.sandbox.items(shop.club) if item["sku"] == "ev:P1"]
        return Response(answer.status, {}, answer.body.replace(str(ours).encode(), str(made[0]).encode()))

    shop.on_batches_of("market.add", named, times=1)
    shop.run()
    return made[0]


def test_a_link_of_a_stranger_ends_with_the_first_read_of_the_market(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    stranger = with_a_new_strangers_id(shop)
    (before,) = [item for item in shop.sandbox.strangers(shop.club) if item["id"] == stranger]
    shop.clock.move(days=1, minutes=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    (after,) = [item for item in shop.sandbox.strangers(shop.club) if item["id"] == stranger]
    assert after == before
    row = shop.listing("P1")
    assert row is not None and row.vk_item_id == shop.item("P1")["id"]
    assert shop.prices() == ALL
    nothing_is_left(shop)


def test_a_product_whose_link_was_a_strangers_and_that_stands_nowhere_is_added_anew(shop: Shop) -> None:
    with_a_new_strangers_id(shop)
    shop.sandbox.control("vk/items", club=shop.club, delete=[shop.item("P1")["id"]])
    shop.clock.move(days=1, minutes=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    nothing_is_left(shop)


@pytest.mark.parametrize("was_seen", [False, True])
def test_an_item_of_ours_whose_article_the_owner_changed_stays_ours(shop: Shop, was_seen: bool) -> None:
    shop.run()
    if was_seen:
        shop.clock.move(days=1, minutes=1)
        shop.run()
    texts = {"name": "Сбор", "description": "Сбор горных трав"} if was_seen else {"name": "Сбор"}
    edit = {"id": shop.item("P1")["id"], "sku": "A-1", **texts}
    shop.sandbox.control("vk/items", club=shop.club, edit=[edit])
    shop.clock.move(days=1, minutes=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    row = shop.listing("P1")
    assert row is not None and row.vk_item_id == edit["id"]
    assert set(shop.prices()) == {"P2", "P3"}, "nothing is added beside it"


# Albums


def foreign_albums(shop: Shop, *titles: str) -> list[int]:
    added: list[int] = shop.sandbox.control("vk/albums", club=shop.club, add=titles)["added"]
    return added


@pytest.mark.one_by_one
def test_an_album_answered_with_a_foreign_one_is_looked_up_by_its_title(shop: Shop) -> None:
    (foreign,) = foreign_albums(shop, "Хиты")

    def named(call: Callable[[], Response]) -> Response:
        call()
        return Response(200, {}, json.dumps({"response": {"market_album_id": foreign}}).encode())

    shop.on_call("/market.addAlbum", named)

    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)


@pytest.mark.parametrize("is_foreign", [True, False])
def test_albums_answered_with_one_id_or_with_foreign_ones_are_looked_up(shop: Shop, is_foreign: bool) -> None:
    foreign = foreign_albums(shop, "Хиты", "Новинки")

    def ids(answers: Answers) -> list[int]:
        return foreign if is_foreign else [answers[0]["market_album_id"]] * len(answers)

    shop.on_batches_of("market.addAlbum", all_named("market_album_id", ids), times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    all_is_well(shop)
