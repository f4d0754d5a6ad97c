"""The settings of the shop window."""

import pytest

from app.db import db
from app.domain.listing import HandField, OwnerSettings, StockRule
from app.models import User
from app.services import shop_settings
from tests.factories import add_product, add_store, connect_both
from tests.support.page import Browser

SETTINGS = "/sync/settings"
GOOD = {"stock_rule": "hide", "show_from": "1", "remove_after_days": "7"}


def chosen(owner: User) -> OwnerSettings:
    db.session.expire_all()
    return shop_settings.owner_settings(owner)


@pytest.fixture
def shop(owner: User) -> User:
    add_store(owner)
    for number, kind in enumerate(
        ["NORMAL", "DAIRY_MARKED", "ALCOHOL_MARKED", "ANTISEPTIC_MARKED", "ANTISEPTIC_MARKED", "ODD_MARKED"]
    ):
        add_product(owner, f"P{number}", type=kind)
    return owner


def test_the_page_shows_what_holds(browser: Browser, owner: User) -> None:
    page = browser.get(SETTINGS)
    assert page.one("input[name=stock_rule][checked]")["value"] == "hide"
    assert page.one("input[name=remove_after_days]")["value"] == "7"
    assert not page.all("input[name=edited_in_vk][checked]") and not page.all("input[name=allowed_types]")
    assert "Цена и остаток всегда берутся из кассы" in page.text


def test_the_main_page_leads_to_the_settings_and_to_the_market(browser: Browser, owner: User) -> None:
    connect_both(owner)
    assert {SETTINGS, "/sync/market"} <= browser.get("/sync").links()


def test_what_is_chosen_is_kept_and_shown(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    wanted = {
        "stock_rule": "from",
        "show_from": " 3 ",
        "remove_after_days": "0",
        "edited_in_vk": ["name", "photo"],
    }
    page = browser.post(SETTINGS, wanted)
    assert page.path == SETTINGS and page.notices[0].startswith("Настройки сохранены")
    now = chosen(owner)
    assert (now.stock_rule, now.show_from, now.remove_after_days) == (StockRule.FROM, 3, 0)
    assert now.edited_in_vk == {HandField.NAME, HandField.PHOTO}
    assert {box["value"] for box in page.all("input[name=edited_in_vk][checked]")} == {"name", "photo"}
    browser.post(SETTINGS, GOOD)
    assert chosen(owner).edited_in_vk == frozenset()


def test_the_number_may_be_left_out_where_no_rule_needs_it(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    browser.post(SETTINGS, GOOD | {"stock_rule": "from", "show_from": "5"})
    browser.post(SETTINGS, GOOD | {"stock_rule": "show", "show_from": ""})
    assert (chosen(owner).stock_rule, chosen(owner).show_from) == (StockRule.SHOW, 5)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("stock_rule", "sometimes", "Выберите, что делать"),
        ("stock_rule", "", "Выберите, что делать"),
        ("show_from", "0", "целое число от 1 до 9999"),
        ("show_from", "10000", "целое число от 1 до 9999"),
        ("show_from", "-1", "целое число от 1 до 9999"),
        ("show_from", "полтора", "целое число от 1 до 9999"),
        ("show_from", "1\x00", "целое число от 1 до 9999"),
        ("remove_after_days", "366", "целое число от 0 до 365"),
        ("remove_after_days", "-1", "целое число от 0 до 365"),
        ("remove_after_days", "1.5", "целое число от 0 до 365"),
        ("remove_after_days", "9" * 5000, "целое число от 0 до 365"),
        ("remove_after_days", "", "целое число от 0 до 365"),
        ("edited_in_vk", "price", "название, описание или фото"),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_changes_nothing(
    browser: Browser, owner: User, field: str, value: str, said: str
) -> None:
    before = chosen(owner)
    browser.get(SETTINGS)
    page = browser.post(SETTINGS, GOOD | {"remove_after_days": "30", field: value}, 422)
    assert len(page.errors) == 1 and said in page.errors[0]
    assert page.all(f"#{field}-error") and chosen(owner) == before


def test_the_number_is_needed_where_the_rule_needs_it(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    page = browser.post(SETTINGS, GOOD | {"stock_rule": "from", "show_from": ""}, 422)
    assert "от 1 до 9999" in page.errors[0] and chosen(owner).stock_rule is StockRule.HIDE


def test_a_form_without_its_fields_changes_nothing(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    assert len(browser.post(SETTINGS, {}, 422).errors) == 2
    assert chosen(owner) == OwnerSettings()


def test_held_types_of_the_own_catalog_can_be_allowed(browser: Browser, shop: User) -> None:
    page = browser.get(SETTINGS)
    assert [box["value"] for box in page.all("input[name=allowed_types]")] == ["ANTISEPTIC_MARKED", "ODD_MARKED"]
    assert "Антисептики, 2 товара" in page.text and "ODD_MARKED, 1 товар" in page.text
    browser.post(SETTINGS, GOOD | {"allowed_types": ["ANTISEPTIC_MARKED", "ALCOHOL_MARKED", "FUR\x00"]})
    assert chosen(shop).allowed_types == {"ANTISEPTIC_MARKED"}
    browser.post(SETTINGS, GOOD)
    assert chosen(shop).allowed_types == frozenset()


def test_a_type_that_left_the_catalog_stays_allowed(browser: Browser, shop: User) -> None:
    shop_settings.change(shop, allowed_types=frozenset({"MEDICAL_DEVICES_MARKED"}))
    db.session.commit()
    browser.get(SETTINGS)
    browser.post(SETTINGS, GOOD | {"allowed_types": "ODD_MARKED"})
    assert chosen(shop).allowed_types == {"MEDICAL_DEVICES_MARKED", "ODD_MARKED"}


def test_a_held_product_leads_to_the_settings(browser: Browser, shop: User) -> None:
    assert SETTINGS in browser.get("/catalog/stores/S1?state=problem").links()
    assert SETTINGS in browser.get("/sync/plan?show=skipped").links()


def test_everybody_has_settings_of_their_own(browser: Browser, stranger: Browser, shop: User) -> None:
    assert not stranger.get(SETTINGS).all("input[name=allowed_types]")
    stranger.post(SETTINGS, GOOD | {"stock_rule": "show", "allowed_types": "ODD_MARKED"})
    assert chosen(shop) == OwnerSettings()
