"""Evotor's ids may hold whatever means something in an address."""

import re

import pytest

from app.models import User
from tests.factories import PASSWORD, add_group, add_product, add_store
from tests.support.page import HTMX, Browser

IDS = ["a b", "a/b", "/a//b/", "a%2Fb", "100%", "a?b=c&d#e", "ё;+,"]
PRODUCT_PAGE = re.compile("/catalog/stores/[^/]+/products/[^/]+")


@pytest.fixture(params=IDS)
def store_page(request: pytest.FixtureRequest, owner: User, browser: Browser) -> str:
    """Of a store in which all is called alike."""
    odd = request.param
    add_store(owner, odd, "Лавка")
    add_group(owner, odd, "Напитки", store_id=odd)
    add_product(owner, odd, name="Чай", store_id=odd, group_id=odd)
    return links(browser, "/catalog")[0]


def links(browser: Browser, path: str) -> list[str]:
    return sorted(link for link in browser.get(path).links() if link.startswith("/catalog/stores/"))


def product_page(browser: Browser, store_page: str) -> str:
    return next(
        link for link in links(browser, store_page) if re.fullmatch("/catalog/stores/[^/]+/products/[^/]+", link)
    )


def test_every_link_leads_to_its_page(browser: Browser, store_page: str) -> None:
    known, found = set[str](), {store_page}
    while new := found - known:
        found = {link for path in new for link in links(browser, path)}
        known |= new
    assert all(any(kind in path for path in known) for kind in ("/products/", "/groups/", "/why"))


def test_a_press_is_answered_in_place(browser: Browser, store_page: str) -> None:
    product = str(browser.get(store_page).all("button[form=product-exclude]")[0]["value"])
    fields = {"entity_type": "product", "entity_id": product, "filter_mode": "exclude", "next": store_page}
    assert browser.post("/catalog/filters", fields, headers=HTMX).path == "/catalog/filters"


def test_who_signs_in_is_led_to_what_was_asked_for(browser: Browser, owner: User, store_page: str) -> None:
    product = product_page(browser, store_page)
    browser.submit("/logout")
    to_sign_in = browser.client.get(f"{product}?page=2").headers["Location"]
    browser.get(to_sign_in)
    assert browser.submit(to_sign_in, email=owner.email, password=PASSWORD).heading == "Чай"


def test_a_change_below_why_leads_back_to_it(browser: Browser, store_page: str) -> None:
    why = f"{product_page(browser, store_page)}/why"
    assert browser.get(why).one("input[name=next]")["value"] == why
