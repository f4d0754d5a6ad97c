"""The catalog's pages: stores, groups, products and their rules."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogStore, StoreState, SyncFilter, User
from app.services.catalog import refresh
from app.services.connections import evotor
from tests.factories import add_group, add_product, add_store, set_rule
from tests.support.page import HTMX, Browser, words
from tests.support.sandbox import EVOTOR_TOKEN, SECOND_STORE, STORE, Sandbox

STORE_PAGE = "/catalog/stores/S1"
WHY = f"{STORE_PAGE}/products/P1/why"


@pytest.fixture
def shop(owner: User) -> User:
    add_store(owner, "S1", "Лавка")
    add_group(owner, "drinks", "Напитки")
    add_product(owner, "P1", name="Чай", group_id="drinks")
    add_product(owner, "P2", name="Хлеб", price=None)
    return owner


def rules(user: User) -> dict[str, str]:
    db.session.expire_all()
    rows = db.session.scalars(sa.select(SyncFilter).join(SyncFilter.sync_config).filter_by(user_id=user.id))
    return {row.entity_id: row.filter_mode for row in rows}


def rule_fields(entity_type: str, mode: str, *ids: str, **more: str) -> dict[str, object]:
    return {"entity_type": entity_type, "entity_id": ids[0], "filter_mode": mode, **more}


def bulk_fields(mode: str, *ids: str, **more: str) -> dict[str, object]:
    return {"entity_type": "product", "entity_ids": list(ids), "filter_mode": mode, **more}


# Stores


def test_without_evotor_the_page_leads_there(browser: Browser) -> None:
    assert "/evotor" in browser.get("/catalog").links()


def test_stores_show_their_goods_and_their_verdict(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.GROUP, FilterMode.EXCLUDE, "drinks")
    page = browser.get("/catalog")
    card = words(page.one(".store-card"))
    assert "2 товара , фильтры пропускают 1" in card
    assert "По состоянию на сегодня" in card
    assert "Показывается всё, кроме группы «Напитки»." in page.text


def test_no_store_is_told_to_be_shown_before_one_is_chosen(browser: Browser, shop: User) -> None:
    for path in ("/catalog", STORE_PAGE):
        page = browser.get(path)
        assert "Пока не выбран" in page.text and "пропускают 1" not in page.text
    assert "пропускают" not in words(browser.get("/catalog").one(".store-card"))
    goods = (words(browser.get(STORE_PAGE).one(".product-table")), browser.get(f"{STORE_PAGE}/products/P1").text)
    assert all("Магазин не выбран" in told and "Показывается" not in told for told in goods)
    set_rule(shop, EntityType.STORE, FilterMode.INCLUDE, "S1")
    assert "Магазин не выбран" not in browser.get(STORE_PAGE).text
    assert "Пока не выбран" not in browser.get("/catalog").text + browser.get(STORE_PAGE).text


def test_a_chosen_store_of_which_nothing_passes_is_not_told_as_shown(browser: Browser, owner: User) -> None:
    add_store(owner, "S1", "Лавка")
    add_product(owner, "P1", name="Чай")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(owner, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    for path in ("/catalog", STORE_PAGE):
        assert "Выбран, но не показывается ни один товар" in browser.get(path).text


@pytest.mark.parametrize("state", sorted(set(StoreState) - {StoreState.OK, StoreState.CLOSED}))
def test_a_store_that_was_not_read_says_what_to_do(browser: Browser, shop: User, state: StoreState) -> None:
    db.session.execute(sa.update(CatalogStore).values(state=state, error_code="evotor_unreachable"))
    db.session.commit()
    for path in ("/catalog", STORE_PAGE):
        assert any("Эвотор не отвечает" in notice for notice in browser.get(path).notices)


def test_a_rule_whose_entity_is_gone_can_be_dropped(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    db.session.execute(sa.text("DELETE FROM catalog_products WHERE product_id = 'P1'"))
    page = browser.get("/catalog")
    assert "нет в каталоге" in words(page.one(".lost-rules"))
    page = browser.post("/catalog/filters", rule_fields("product", "none", "P1"))
    assert not page.all(".lost-rules")
    assert rules(shop) == {}


# One store


def test_a_strangers_store_is_not_found(stranger: Browser, shop: User) -> None:
    stranger.get(STORE_PAGE, status=404)


def test_a_product_tells_why_it_is_out_and_what_is_wrong_with_it(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.GROUP, FilterMode.EXCLUDE, "drinks")
    rows = browser.get(STORE_PAGE).cells()
    assert "Нет цены" in rows[0][4]
    assert "Выбран, но не показан" in rows[0][4]
    assert "исключена группа «Напитки»" in rows[1][4]


def test_filters_keep_each_other(browser: Browser, shop: User) -> None:
    links = browser.get(f"{STORE_PAGE}?q=ча&group=drinks&state=in&sort=-price").links()
    assert f"{STORE_PAGE}?q=%D1%87%D0%B0&group=drinks&state=out&sort=-price" in links
    assert f"{STORE_PAGE}?q=%D1%87%D0%B0&group=drinks&state=in&sort=price" in links
    assert f"{STORE_PAGE}?q=%D1%87%D0%B0&state=in&sort=-price" in links


@pytest.mark.parametrize(
    "query",
    [
        "page=1000000000",
        "page=0",
        "page=-5",
        "page=abc",
        "sort=none",
        "state=none",
        "group=%00",
        "q=%00%27%25",
        "q=%ff",
    ],
)
def test_no_address_breaks_the_page(browser: Browser, shop: User, query: str) -> None:
    assert browser.get(f"{STORE_PAGE}?{query}").heading == "Лавка"


def test_the_whole_page_can_be_marked_without_script(browser: Browser, shop: User) -> None:
    assert not browser.get(STORE_PAGE).all("input[name=entity_ids][checked]")
    assert len(browser.get(f"{STORE_PAGE}?marked=1").all("input[name=entity_ids][checked][form=bulk]")) == 2


# Rules


@pytest.mark.parametrize(("entity_type", "entity"), [("store", "S1"), ("group", "drinks"), ("product", "P1")])
def test_a_rule_is_set_changed_and_dropped(browser: Browser, shop: User, entity_type: str, entity: str) -> None:
    browser.get("/catalog")
    for mode in ("include", "exclude"):
        browser.post("/catalog/filters", rule_fields(entity_type, mode, entity))
        assert rules(shop) == {entity: mode}
    browser.post("/catalog/filters", rule_fields(entity_type, "none", entity))
    assert rules(shop) == {}


def test_after_a_rule_the_page_says_what_holds_now(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    page = browser.post("/catalog/filters", rule_fields("store", "include", "S1", next=f"{STORE_PAGE}?page=1"))
    assert page.path == STORE_PAGE
    assert page.notices == ["Включён магазин «Лавка». Показывается только магазин «Лавка». Отменить"]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_a_rule_leads_to_no_other_site(browser: Browser, shop: User, target: str) -> None:
    browser.get("/catalog")
    assert browser.post("/catalog/filters", rule_fields("store", "include", "S1", next=target)).path == "/catalog"


@pytest.mark.parametrize(
    "fields",
    [
        {"entity_type": "planet"},
        {"entity_type": ""},
        {"filter_mode": "maybe"},
        {"filter_mode": ""},
        {"entity_id": ""},
        {"entity_id": "P\x001"},
    ],
)
def test_a_wrong_field_is_refused_and_changes_nothing(browser: Browser, shop: User, fields: dict[str, str]) -> None:
    browser.get("/catalog")
    browser.post("/catalog/filters", rule_fields("product", "include", "P1") | fields, status=400)
    assert rules(shop) == {}


def test_an_unknown_or_foreign_entity_is_not_found(browser: Browser, stranger: Browser, shop: User) -> None:
    for visitor, entity in ((browser, "nothing"), (stranger, "P1")):
        visitor.get("/catalog")
        visitor.post("/catalog/filters", rule_fields("product", "include", entity), status=404)
        visitor.post("/catalog/filters/bulk", bulk_fields("include", entity), status=404)
    assert rules(shop) == {}


def test_many_products_at_once(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    page = browser.post("/catalog/filters/bulk", bulk_fields("exclude", "P1", "P2", next=STORE_PAGE))
    assert page.notices == ["Исключено: 2 товара. Отменить"]
    assert rules(shop) == {"P1": "exclude", "P2": "exclude"}
    browser.post("/catalog/filters/bulk", bulk_fields("none", "P1", "P2"))
    assert rules(shop) == {}


def test_one_unknown_among_many_changes_nothing(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    page = browser.post("/catalog/filters/bulk", bulk_fields("exclude", "P1", "nothing"), status=404)
    assert "нет в каталоге" in page.text
    browser.post("/catalog/filters/bulk", bulk_fields("exclude", "P1", "\x00"), status=400)
    assert rules(shop) == {}


def test_nothing_marked_is_said(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    assert browser.post("/catalog/filters/bulk", bulk_fields("exclude", next=STORE_PAGE)).notices == [
        "Ничего не отмечено. Отметьте строки галочками и нажмите кнопку ещё раз."
    ]


def test_htmx_gets_the_same_part_of_the_page(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    browser.post("/catalog/filters", rule_fields("product", "exclude", "P1", next=STORE_PAGE), headers=HTMX)
    page = browser.get(STORE_PAGE, headers=HTMX)
    assert page.one("#catalog-main").get("hx-select") == "#catalog-main"
    assert page.one("button[value=P1][form=product-exclude]")["aria-pressed"] == "true"


def test_a_press_is_answered_by_the_page_itself_with_its_new_numbers(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    fields = rule_fields("product", "exclude", "P1", next=f"{STORE_PAGE}?state=out&groups=open")
    page = browser.post("/catalog/filters", fields, headers=HTMX)
    assert page.path == "/catalog/filters"
    assert page.answer.headers["HX-Push-Url"] == "false"
    assert [row[0].split()[0] for row in page.cells()] == ["Чай"]
    assert words(page.all(".group-link .share")[0]) == "1 / 2"
    assert page.all("#group-drawer[open]")
    assert "Исключён товар «Чай»" in page.text
    token = str(page.one(".undo-form input[name=token]")["value"])
    page = browser.post("/catalog/filters/undo", {"token": token, "next": STORE_PAGE}, headers=HTMX)
    assert words(page.all(".group-link .share")[0]) == "2 / 2"
    assert "Отменено" in page.text and rules(shop) == {}


@pytest.mark.parametrize("target", [WHY, "/sync", "/catalog/stores/nothing", "/catalog/stores/%00", "/nowhere"])
def test_a_press_that_belongs_to_another_page_leads_there(browser: Browser, shop: User, target: str) -> None:
    browser.get(STORE_PAGE)
    token = browser.page.all("input[name=csrf_token]")[0]["value"] if browser.page else ""
    fields = rule_fields("product", "exclude", "P1", next=target, csrf_token=str(token))
    answer = browser.client.post("/catalog/filters", data=fields, headers=HTMX)
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert rules(shop) == {"P1": "exclude"}


# The copy


@pytest.fixture
def connected(owner: User, sandbox: Sandbox) -> User:
    evotor.connect_evotor(owner, EVOTOR_TOKEN)
    db.session.commit()
    return owner


def test_connected_and_nothing_loaded_offers_to_load(browser: Browser, connected: User) -> None:
    db.session.execute(sa.delete(CatalogStore))
    assert browser.get("/catalog").button("Загрузить каталог")
    page = browser.post("/catalog/refresh")
    assert page.notices[0] == "Загружено: 2 магазина, 47 товаров."
    assert len(page.all(".store-card")) == 2


def test_a_store_that_fails_is_named(browser: Browser, connected: User, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "402", target="products", store=SECOND_STORE)
    browser.get("/catalog")
    notices = browser.post("/catalog/refresh").notices
    assert "Не загрузилось: «Ярмарка»." in notices[0]
    assert any("не оплачено" in notice for notice in notices[1:])


def test_without_a_connection_nothing_is_refreshed(browser: Browser, shop: User) -> None:
    browser.get("/catalog")
    assert any("Эвотор не подключён" in notice for notice in browser.post("/catalog/refresh").notices)


def test_a_store_closed_for_good_leaves_the_selection_and_its_rule_stays(
    browser: Browser, connected: User, stranger: Browser
) -> None:
    set_rule(connected, EntityType.STORE, FilterMode.INCLUDE, STORE)
    browser.get("/catalog")
    still_listed = browser.post(f"/catalog/stores/{STORE}/closed")
    assert any("ещё показывает" in notice for notice in still_listed.notices)
    db.session.execute(sa.update(CatalogStore).where(CatalogStore.store_id == STORE).values(state="missing"))
    stranger.get("/catalog")
    stranger.post(f"/catalog/stores/{STORE}/closed", status=404)
    page = browser.get("/catalog")
    assert f"/catalog/stores/{STORE}" in page.links()
    page = browser.submit(f"/catalog/stores/{STORE}/closed")
    assert f"/catalog/stores/{STORE}" not in page.links()
    assert rules(connected) == {STORE: "include"}
    assert "нет в каталоге" in words(page.one(".lost-rules"))


@pytest.fixture
def suspicious(connected: User, sandbox: Sandbox) -> str:
    """Its last read was empty, so the copy was kept; the store is well again by now."""
    sandbox.fault("evotor", "empty_list", target="products", store=SECOND_STORE, times=1)
    refresh.refresh(connected)
    return f"/catalog/stores/{SECOND_STORE}/accept"


@pytest.mark.parametrize("path", ["/catalog", f"/catalog/stores/{SECOND_STORE}"])
def test_the_owner_may_say_that_a_suspicious_store_is_right(browser: Browser, suspicious: str, path: str) -> None:
    offer = words(browser.get(path).one(f'form[action="{suspicious}"]'))
    assert "скроет в ВК: сначала проверит каждый, а если их много, спросит вас" in offer
    page = browser.submit(suspicious)
    assert page.path == "/catalog" and page.notices[0].startswith("Магазин прочитан заново")
    assert "Похоже на сбой" not in page.text


def test_what_the_owner_called_right_is_believed(browser: Browser, suspicious: str, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "empty_list", target="products", store=SECOND_STORE)
    browser.get("/catalog")
    browser.submit(suspicious)
    assert "0 товаров" in browser.get(f"/catalog/stores/{SECOND_STORE}").text


def test_a_store_that_does_not_answer_keeps_its_copy(browser: Browser, suspicious: str, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "500", times=20)
    browser.get("/catalog")
    page = browser.submit(suspicious)
    assert "Эвотор" in page.notices[0] and "Похоже на сбой" in page.text
    assert "10 товаров" in browser.get(f"/catalog/stores/{SECOND_STORE}").text


def test_nobody_else_may_say_so(browser: Browser, stranger: Browser, suspicious: str) -> None:
    for visitor, path in ((stranger, suspicious), (browser, "/catalog/stores/nothing/accept")):
        visitor.get("/catalog")
        visitor.post(path, status=404)
    assert "Похоже на сбой" in browser.get("/catalog").text


def test_the_table_for_a_spreadsheet(browser: Browser, shop: User) -> None:
    page = browser.get("/catalog/export.csv", buffered=True)
    assert page.answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.answer.headers["Content-Disposition"] == "attachment; filename=evosync-catalog.csv"
    assert page.answer.data.startswith("\ufeffstore_id;".encode())
    assert page.answer.data.count(b"\r\n") == 3


def test_going_back_gets_the_whole_page_again(browser: Browser, shop: User) -> None:
    asked = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    answer = browser.client.get(f"/catalog/stores/{STORE}", headers=asked)

    assert b"<nav" in answer.data
