"""The settings of the shop window."""

from decimal import Decimal

import pytest

from app.db import db
from app.domain.listing.owner_settings import HandField, OwnerSettings, StockRule
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, User
from app.services.owner import settings
from app.services.planning import plans
from tests.factories import add_group, add_product, add_store, connect_both, set_rule
from tests.support.page import HTMX, Browser, words
from tests.support.sandbox import CLUB

SETTINGS = "/sync/settings"
GOOD = {"stock_rule": "hide", "show_from": "1", "remove_after_days": "7"}


def chosen(owner: User) -> OwnerSettings:
    db.session.expire_all()
    return settings.owner_settings(owner)


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
    settings.change(shop, allowed_types=frozenset({"MEDICAL_DEVICES_MARKED"}))
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


# Prices, descriptions, albums

EXAMPLE = f"{SETTINGS}/example"


def add_listing(owner: User, product_id: str) -> None:
    """By hand: the product stands in VK as it is wanted, under the settings of this moment."""
    wanted = next(item for key, item in plans.desired_for(owner).wanted.items() if key.product_id == product_id)
    row = Listing(
        user_id=owner.id, vk_group_id=CLUB, store_id="S1", product_id=product_id, sku=f"ev:{product_id}", state="live"
    )
    row.sent, row.photo_hash, row.vk_item_id, row.album = dict(wanted.fields), wanted.photo, 9100001, wanted.album
    db.session.add(row)
    db.session.commit()


@pytest.fixture
def with_goods(owner: User) -> User:
    """Tea in a group, of the owner's selection."""
    connect_both(owner)
    add_store(owner)
    add_group(owner, "G1", "Чай")
    add_product(owner, "T1", name="Чай травяной", group_id="G1", price=Decimal("129.90"), description="Собран в горах")
    add_product(owner, "X1", name="Без цены", group_id="G1", price=None)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    return owner


def test_the_new_settings_are_kept_and_shown(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    typed = {
        "price_percent": " −5,5 % ",
        "price_rounding": "10",
        "description_template": "{описание}\r\nЖдём вас!",
        "with_albums": "0",
    }
    page = browser.post(SETTINGS, GOOD | typed)

    now = chosen(owner)
    assert (now.price_percent, now.price_rounding, now.with_albums) == (Decimal("-5.5"), 10, False)
    assert now.description_template == "{описание}\nЖдём вас!"
    assert page.one("input[name=price_percent]")["value"] == "−5,5"
    assert page.one("input[name=price_rounding][checked]")["value"] == "10"
    assert page.one("input[name=with_albums][checked]")["value"] == "0"
    assert page.one("textarea").get_text().splitlines()[-2:] == ["{описание}", "Ждём вас!"]


def test_what_a_form_does_not_ask_stays(browser: Browser, owner: User) -> None:
    settings.change(owner, price_percent=Decimal(10), price_rounding=5, with_albums=False)
    db.session.commit()
    browser.get(SETTINGS)
    browser.post(SETTINGS, GOOD)
    now = chosen(owner)
    assert (now.price_percent, now.price_rounding, now.with_albums) == (Decimal(10), 5, False)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("price_percent", "-91", "от −90 до 500"),
        ("price_percent", "501", "от −90 до 500"),
        ("price_percent", "5.55", "не больше одной цифры"),
        ("price_percent", "десять", "от −90 до 500"),
        ("price_percent", "١٠", "от −90 до 500"),
        ("price_percent", "9" * 5000, "от −90 до 500"),
        ("price_rounding", "7", "как округлять"),
        ("with_albums", "maybe", "с подборками"),
        ("description_template", "{цена} {описание}", "вместо {цена}. Можно: {описание}"),
        ("description_template", "{описание", "Скобка { без пары"),
        ("description_template", "я" * 2001, "сократите до 2000"),
        ("description_template", "Чай\x00", "недопустимые символы"),
    ],
)
def test_a_wrong_new_value_is_told_at_its_field_and_changes_nothing(
    browser: Browser, owner: User, field: str, value: str, said: str
) -> None:
    browser.get(SETTINGS)
    page = browser.post(SETTINGS, GOOD | {field: value}, 422)
    assert len(page.errors) == 1 and said in page.errors[0]
    assert page.all(f"#{field}-error") and chosen(owner) == OwnerSettings()
    assert page.notices[0].startswith("Не сохранено")


def test_an_empty_percentage_means_none(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    browser.post(SETTINGS, GOOD | {"price_percent": ""})
    assert chosen(owner).price_percent == 0


def test_the_example_is_a_product_of_the_selection_as_it_is_now(browser: Browser, with_goods: User) -> None:
    page = browser.get(SETTINGS)
    assert [option["value"] for option in page.all("select[name=example] option")] == ["T1"]
    example = words(page.one("#example"))
    assert "Чай травяной" in example and "129,90 ₽" in example and "Собран в горах" in example
    assert "подборке «Чай»" in example and not page.all("#example .was")


def test_there_is_an_example_where_no_product_has_the_photo_that_it_needs(browser: Browser, with_goods: User) -> None:
    settings.change(with_goods, photo_required=True)
    db.session.commit()
    assert "129,90 ₽" in words(browser.get(SETTINGS).one("#example"))


def test_the_example_follows_what_is_typed_and_stores_nothing(browser: Browser, with_goods: User) -> None:
    browser.get(SETTINGS)
    typed = {
        "example": "T1",
        "price_percent": "10",
        "price_rounding": "1",
        "description_template": "{название}: {описание}",
        "with_albums": "0",
    }
    for answer in (browser.post(EXAMPLE, GOOD | typed), browser.post(EXAMPLE, GOOD | typed, headers=HTMX)):
        example = words(answer.one("#example"))
        assert "129,90 ₽" in example and "143,00 ₽" in example
        assert "Чай травяной: Собран в горах" in example and "Без подборки" in example
    assert chosen(with_goods) == OwnerSettings()


def test_without_script_what_was_typed_stays_on_the_page(browser: Browser, with_goods: User) -> None:
    page = browser.get(SETTINGS)
    assert page.button("Показать пример")["formaction"] == EXAMPLE
    page = browser.post(EXAMPLE, GOOD | {"price_percent": "10", "remove_after_days": "30"})
    assert page.one("input[name=price_percent]")["value"] == "10"
    assert page.one("input[name=remove_after_days]")["value"] == "30"


def test_the_example_names_what_has_to_be_mended(browser: Browser, with_goods: User) -> None:
    browser.get(SETTINGS)
    assert "{вес}" in browser.post(EXAMPLE, {"description_template": "{вес}", "example": "T1"}, headers=HTMX).text
    assert "{вес}" in browser.post(EXAMPLE, GOOD | {"description_template": "{вес}"}, 422).errors[0]


@pytest.mark.parametrize("product_id", ["X1", "nothing", "", "T1\x00", "\u2028"])
def test_an_example_that_cannot_be_shown_is_no_error(browser: Browser, with_goods: User, product_id: str) -> None:
    browser.get(SETTINGS)
    assert "появится" in browser.post(EXAMPLE, {"example": product_id}, headers=HTMX).text


def test_the_product_of_somebody_else_is_no_example(browser: Browser, stranger: Browser, with_goods: User) -> None:
    stranger.get(SETTINGS)
    assert "Чай" not in stranger.post(EXAMPLE, {"example": "T1"}, headers=HTMX).text


def test_after_saving_the_page_tells_what_the_next_run_changes(browser: Browser, with_goods: User) -> None:
    add_listing(with_goods, "T1")
    browser.get(SETTINGS)
    page = browser.post(SETTINGS, GOOD | {"price_percent": "10"})
    assert "изменит цену у 1 товара" in page.notices[1] and "/sync/plan" in page.links()
    assert "изменит цену" not in browser.post(SETTINGS, GOOD | {"price_percent": "0"}).notices[1]


def test_before_the_first_run_the_page_does_not_speak_of_changes(browser: Browser, owner: User) -> None:
    browser.get(SETTINGS)
    assert "наших товаров пока не видно" in browser.post(SETTINGS, GOOD).notices[1]
