"""The real Evotor client against the sandbox over HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault

STORE = "20240305-1A2B-4C3D-80EF-0123456789AB"
FAIR = "20250710-77AA-40BB-80CC-00112233DDEE"
CHEESE = "7d0f3a10-0000-4000-8000-00000000100b"
NO_STOCK = "0b9d8c1e-0000-4000-8000-00000000d3a1"
NO_RIGHTS = "0b9d8c1e-0000-4000-8000-00000000d3c0"


def failure(client: EvotorClient) -> EvotorError:
    with pytest.raises(EvotorError) as caught:
        client.products(STORE)
    return caught.value


def test_it_lists_the_stores(evotor: EvotorClient) -> None:
    assert [(store.id, store.name, store.address) for store in evotor.stores()] == [
        (STORE, "Лавка на Садовой", "Тула, ул. Садовая, 7"),
        (FAIR, "Ярмарка", ""),
    ]


def test_it_lists_the_groups(evotor: EvotorClient) -> None:
    groups = evotor.groups(STORE).groups
    assert len(groups) == 13
    (model,) = (group for group in groups if group.is_variant_model)
    (size,) = model.attributes
    assert (model.name, size.name, [name for _, name in size.choices]) == ("Футболка «Тула»", "Размер", ["S", "M", "L"])


def test_it_lists_the_products(evotor: EvotorClient) -> None:
    found = evotor.products(STORE)
    assert (len(found.products), found.unreadable_ids) == (37, frozenset())


def test_a_product_keeps_its_exact_numbers(evotor: EvotorClient) -> None:
    cheese = next(product for product in evotor.products(STORE).products if product.id == CHEESE)
    assert (cheese.price, cheese.quantity, cheese.measure) == (Decimal("1240.90"), Decimal("-0.315"), "кг")


def test_without_the_stock_right_no_quantity_is_known(sandbox: Any) -> None:
    assert {product.quantity for product in sandbox.evotor(NO_STOCK).products(STORE).products} == {None}


def test_small_pages_make_the_same_list(sandbox: Any, evotor: EvotorClient) -> None:
    whole = evotor.products(STORE)
    sandbox.post("evotor/settings", page_size=3)
    pages: list[int] = []
    assert evotor.products(STORE, on_page=lambda: pages.append(1)) == whole
    assert len(pages) == 13


def test_an_empty_page_with_a_cursor_is_not_the_end(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "empty_page", target="products", times=1)
    assert len(evotor.products(STORE).products) == 37


def test_a_null_cursor_is_the_end(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "null_cursor", target="products")
    assert len(evotor.products(STORE).products) == 37


def test_a_repeating_cursor_is_malformed(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "repeat_cursor", target="products")
    assert failure(evotor).kind is EvotorFault.MALFORMED


def test_a_list_that_breaks_half_way_is_no_list(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "cut", target="products", times=1)
    assert failure(evotor).kind is EvotorFault.SERVER_ERROR


@pytest.mark.parametrize("kind", ["500", "503", "truncated", "html", "drop"])
def test_a_passing_fault_is_outlived(sandbox: Any, evotor: EvotorClient, kind: str) -> None:
    sandbox.fault("evotor", kind, target="products", times=2)
    assert len(evotor.products(STORE).products) == 37


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("402", EvotorFault.PAYMENT_REQUIRED),
        ("403", EvotorFault.FORBIDDEN),
        ("404", EvotorFault.NOT_FOUND),
        ("500", EvotorFault.SERVER_ERROR),
        ("truncated", EvotorFault.MALFORMED),
        ("html", EvotorFault.MALFORMED),
        ("drop", EvotorFault.UNREACHABLE),
    ],
)
def test_a_lasting_fault_has_its_kind(sandbox: Any, evotor: EvotorClient, kind: str, fault: EvotorFault) -> None:
    sandbox.fault("evotor", kind, target="products")
    assert failure(evotor).kind is fault


def test_a_refusal_may_have_an_empty_body(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "403", target="products", body="empty")
    assert failure(evotor).kind is EvotorFault.FORBIDDEN


def test_a_used_up_quota_is_waited_for(sandbox: Any, evotor: EvotorClient, slept: list[float]) -> None:
    sandbox.fault("evotor", "429", target="products", times=1, retry_after="5")
    assert len(evotor.products(STORE).products) == 37
    assert 5 in slept


def test_payment_required_stays_with_its_store(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.fault("evotor", "402", store=STORE)
    assert len(evotor.products(FAIR).products) == 10


def test_an_unknown_token_is_rejected(sandbox: Any) -> None:
    assert failure(sandbox.evotor("unknown")).token_rejected


def test_a_token_without_rights_is_not_rejected(sandbox: Any) -> None:
    error = failure(sandbox.evotor(NO_RIGHTS))
    assert (error.kind, error.token_rejected) == (EvotorFault.FORBIDDEN, False)


def test_a_product_exists_until_it_is_deleted(sandbox: Any, evotor: EvotorClient) -> None:
    assert evotor.product_exists(STORE, CHEESE)
    sandbox.post("evotor/products", store=STORE, delete=[CHEESE])
    assert not evotor.product_exists(STORE, CHEESE)


def test_a_product_that_cannot_be_read_is_named(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.post("evotor/products", store=STORE, patch=[{"id": CHEESE, "price": -1}])
    found = evotor.products(STORE)
    assert (len(found.products), found.unreadable_ids) == (36, frozenset({CHEESE}))


def test_control_characters_are_left_out_of_a_name(sandbox: Any, evotor: EvotorClient) -> None:
    sandbox.post("evotor/products", store=STORE, patch=[{"id": CHEESE, "name": "Сыр\0 свежий\x07"}])
    assert "Сыр свежий" in {product.name for product in evotor.products(STORE).products}
