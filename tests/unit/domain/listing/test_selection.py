"""The goods of several stores sorted into what is wanted and what is not."""

from decimal import Decimal

from app.domain.catalog.goods import GroupTree, Product, Store
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.planning.selection import StoreGoods, select
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet
from tests.factories import a_product

USUAL = OwnerSettings()
NO_GROUPS = GroupTree.of([])


def store_goods(store_id: str, *products: Product) -> StoreGoods:
    return StoreGoods(Store(store_id, f"Лавка {store_id}"), NO_GROUPS, products)


def test_a_selection_sorts_every_product() -> None:
    goods = store_goods(
        "S1",
        a_product("in"),
        a_product("sold out", quantity=Decimal(0)),
        a_product("no price", price=None),
        a_product("out"),
    )
    rules = RuleSet((Rule(EntityType.PRODUCT, "out", FilterMode.EXCLUDE),))

    desired = select([goods], rules, USUAL, extended_shop=False)

    assert {key.product_id for key in desired.wanted} == {"in", "sold out"}
    assert desired.unfit == {ListingKey("S1", "no price"): SkipReason.NO_PRICE}
    assert desired.sold_out == {ListingKey("S1", "sold out")}
    assert {key.product_id for key in desired.known} == {"in", "sold out", "no price", "out"}


def test_the_same_product_of_two_stores_is_two_items() -> None:
    desired = select(
        [store_goods("S1", a_product()), store_goods("S2", a_product())], RuleSet(), USUAL, extended_shop=False
    )

    assert set(desired.wanted) == {ListingKey("S1", "P1"), ListingKey("S2", "P1")}


def test_barcodes_that_stand_in_several_selected_stores_are_counted() -> None:
    first = store_goods("S1", a_product("a", barcodes=("1", "2")), a_product("b", barcodes=("3",)))
    second = store_goods("S2", a_product("c", barcodes=("1",)), a_product("d", barcodes=("1", "4")))

    assert select([first, second], RuleSet(), USUAL, extended_shop=False).shared == 1


def test_a_barcode_twice_in_one_store_is_not_shared() -> None:
    goods = store_goods("S1", a_product("a", barcodes=("1",)), a_product("b", barcodes=("1",)))

    assert select([goods], RuleSet(), USUAL, extended_shop=False).shared == 0


def test_barcodes_of_a_store_that_is_out_are_not_counted() -> None:
    first, second = (store_goods(store, a_product(barcodes=("1",))) for store in ("S1", "S2"))
    rules = RuleSet((Rule(EntityType.STORE, "S2", FilterMode.EXCLUDE),))

    assert select([first, second], rules, USUAL, extended_shop=False).shared == 0
