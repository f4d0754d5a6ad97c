"""Variants and twins on their way from Evotor to VK, on both databases."""

from typing import Any

import pytest

from app.domain.listing.key import ListingKey
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from app.services.catalog.load import load_names
from app.services.pages.goods import product, store
from app.services.pages.goods.names import names_of
from app.services.pages.goods.query import GoodsQuery
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from tests.support.sandbox import ACCOUNT
from tests.support.shop import TINY, Shop

ATTRIBUTES = [
    {"id": "a1", "name": "Цвет", "choices": [{"id": "c1", "name": "красный"}, {"id": "c2", "name": "синий"}]},
    {"id": "a2", "name": "Размер", "choices": [{"id": "s", "name": "S"}, {"id": "m", "name": "M"}]},
]
SECOND = "20260101-AAAA-4BBB-80CC-000000000002"
MODEL = {"id": "M1", "name": "Футболка", "parent_id": "G1", "attributes": ATTRIBUTES}


def items(shop: Shop) -> dict[str, Any]:
    return shop.sandbox.visible(shop.club)


def test_variants_of_one_name_are_told_apart_everywhere(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.sandbox.control("evotor/groups", store=TINY, upsert=[MODEL])
    for colour in ("c1", "c2"):
        for size in ("s", "m"):
            shop.put(f"V{colour}{size}", name="Товар 1", parent_id="M1", attributes_choices={"a1": colour, "a2": size})

    assert shop.run().status == RunStatus.SUCCEEDED

    names = {product_id: item["name"] for product_id, item in items(shop).items() if product_id.startswith("V")}
    assert names == {
        "Vc1s": "Товар 1, красный, S",
        "Vc1m": "Товар 1, красный, M",
        "Vc2s": "Товар 1, синий, S",
        "Vc2m": "Товар 1, синий, M",
    }
    assert "Цвет: красный. Размер: S." in items(shop)["Vc1s"]["description"]
    owner = shop.owner
    assert {row.name for row in store.store_page(owner, TINY, GoodsQuery(q="синий")).page.items} == {
        names["Vc2s"],
        names["Vc2m"],
    }
    assert product.product_page(owner, TINY, "Vc1s").title == names["Vc1s"]
    key = ListingKey(TINY, "Vc1s")
    assert names_of(owner.id, [key]).products[key] == load_names(owner.id)[key] == names["Vc1s"]
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


def test_twins_get_a_sign_or_are_told_and_the_page_agrees_with_vk(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.put("T1", name="Товар", price=50, code="11")
    shop.put("T2", name="Товар", price=50, code="12")
    shop.put("U1", name="Другой", price=50)
    shop.put("U2", name="Другой", price=50)

    assert shop.run().status == RunStatus.SUCCEEDED

    found = {product_id: item["name"] for product_id, item in items(shop).items()}
    assert {found["T1"], found["T2"]} == {"Товар, код 11", "Товар, код 12"}
    page = product.product_page(shop.owner, TINY, "T1")
    assert (page.name, page.pending) == ("Товар, код 11", [])
    (told,) = [problem for problem in problems(shop.owner, {}) if problem.kind is Kind.ALIKE]
    assert (told.count, list(told.names)) == (2, ["Другой"])


def test_what_only_buyers_read_alike_is_told_apart_too(shop: Shop) -> None:
    goods = {"T1": 'Сок "А" один', "T2": "Сок «А» один", "L1": "Т" * 120 + "1", "L2": "Т" * 120 + "2"}
    for product_id, name in goods.items():
        shop.put(product_id, name=name, price=50, code=f"код {product_id}", description="Одно описание на всех")

    assert shop.run().status == RunStatus.SUCCEEDED

    found = {product_id: item["name"] for product_id, item in items(shop).items() if product_id in goods}
    assert len(set(found.values())) == len(goods)
    owner = shop.owner
    assert {product_id: product.product_page(owner, TINY, product_id).name for product_id in goods} == found
    assert not [problem for problem in problems(owner, {}) if problem.kind is Kind.ALIKE]
    shop.forget_calls()
    shop.patch("T2", price=51)
    shop.run()
    assert {product_id: items(shop)[product_id]["name"] for product_id in goods} == found


def test_goods_of_two_stores_that_look_alike_are_told_until_one_is_left(shop: Shop) -> None:
    shop.sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": SECOND, "name": "Вторая"}])
    shop.put("Y1", name="Мёд", price=50)
    shop.sandbox.put_product("Z1", SECOND, name="Мёд", price=50, quantity=5)
    shop.run()
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, TINY)
    shop.rule(EntityType.STORE, FilterMode.INCLUDE, SECOND)

    shop.run()

    (told,) = [problem for problem in problems(shop.owner, {}) if problem.kind is Kind.ALIKE]
    assert (told.count, list(told.names)) == (2, [items(shop)["Z1"]["name"]])
    shop.patch("Y1", price=60)
    shop.run()
    assert not [problem for problem in problems(shop.owner, {}) if problem.kind is Kind.ALIKE]


@pytest.mark.parametrize(
    "odd",
    [
        {**MODEL, "attributes": {}},
        {**MODEL, "attributes": [{**ATTRIBUTES[0], "choices": 5}, ATTRIBUTES[1]]},
        {"id": "G1", "name": {"ru": "x"}},
    ],
)
def test_what_cannot_be_read_of_a_group_or_its_variants_stays_as_it_was(shop: Shop, odd: dict[str, Any]) -> None:
    shop.sandbox.control("evotor/groups", store=TINY, upsert=[MODEL])
    for size in ("s", "m"):
        shop.put(f"V{size}", name="Товар 1", parent_id="M1", attributes_choices={"a1": "c1", "a2": size})
    shop.run()
    before, albums = items(shop), shop.albums()
    shop.sandbox.control("evotor/groups", store=TINY, upsert=[odd])
    shop.patch("Vs", attributes_choices=5)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.writes(), items(shop), shop.albums()) == (0, before, albums)


def test_a_store_whose_name_cannot_be_read_keeps_its_name(shop: Shop) -> None:
    shop.run()
    before = store.store_page(shop.owner, TINY, GoodsQuery()).store.name
    shop.sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": TINY, "name": {"ru": "x"}}])
    shop.run()
    assert store.store_page(shop.owner, TINY, GoodsQuery()).store.name == before
