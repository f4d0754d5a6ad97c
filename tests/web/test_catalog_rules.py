"""What the catalog says of its rules: the notice with its way back, the list of rules, «Почему?»."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import SyncConfig, SyncFilter, User
from tests.factories import add_group, add_product, add_store, connect_both, make_active, set_rule
from tests.support.page import HTMX, Browser, Page, words
from tests.support.sandbox import SECOND_STORE, STORE, Sandbox

STORE_PAGE = "/catalog/stores/S1"
WHY = f"{STORE_PAGE}/products/P1/why"


@pytest.fixture
def shop(owner: User) -> User:
    add_store(owner, "S1", "Лавка")
    add_group(owner, "drinks", "Напитки")
    add_product(owner, "P1", name="Чай", group_id="drinks")
    add_product(owner, "P2", name="Хлеб", price=None)
    add_product(owner, "P3", name="Пакет", allow_to_sell=False)
    return owner


def rules(user: User) -> dict[str, str]:
    db.session.expire_all()
    rows = db.session.scalars(sa.select(SyncFilter).join(SyncFilter.sync_config).filter_by(user_id=user.id))
    return {row.entity_id: row.filter_mode for row in rows}


def exclude(browser: Browser, entity_type: str, entity: str) -> None:
    fields = {"entity_type": entity_type, "entity_id": entity, "filter_mode": "exclude", "next": STORE_PAGE}
    browser.get(STORE_PAGE)
    browser.post("/catalog/filters", fields)


# Taking back


def test_a_change_is_taken_back_from_its_notice(browser: Browser, shop: User) -> None:
    exclude(browser, "group", "drinks")
    assert rules(shop) == {"drinks": "exclude"}
    page = browser.submit("/catalog/filters/undo")
    assert page.path == STORE_PAGE
    assert page.notices == ["Отменено: фильтры снова такие, как до изменения."]
    assert rules(shop) == {}


def test_a_long_way_back_does_not_end_in_the_cookie(browser: Browser, shop: User) -> None:
    browser.get(STORE_PAGE)
    way = STORE_PAGE + "".join(f"/{number}" for number in range(5_000))
    fields = {"entity_type": "group", "entity_id": "drinks", "filter_mode": "exclude", "next": way}
    assert browser.post("/catalog/filters", fields).path == "/catalog"
    cookies = [browser.client.get_cookie(name) for name in ("evosync", "evosync_remember")]
    assert all(len(cookie.value) < 4_000 for cookie in cookies if cookie is not None)


def test_a_stale_way_back_changes_nothing_and_says_so(browser: Browser, shop: User) -> None:
    exclude(browser, "group", "drinks")
    token = str(browser.page.one("input[name=token]")["value"]) if browser.page else ""
    exclude(browser, "product", "P1")
    page = browser.post("/catalog/filters/undo", {"token": token, "next": "//evil.example"})
    assert page.path == "/catalog"
    assert "Отменить уже нельзя" in page.notices[0]
    assert rules(shop) == {"drinks": "exclude", "P1": "exclude"}


@pytest.mark.parametrize("token", ["", "x", "\x00", "я" * 5000])
def test_an_odd_token_changes_nothing(browser: Browser, shop: User, token: str) -> None:
    exclude(browser, "product", "P1")
    browser.post("/catalog/filters/undo", {"token": token})
    assert rules(shop) == {"P1": "exclude"}


def test_what_was_so_already_offers_no_way_back(browser: Browser, shop: User) -> None:
    exclude(browser, "product", "P1")
    exclude(browser, "product", "P1")
    assert browser.page is not None
    assert browser.page.notices == ["Ничего не изменилось: так уже было."]


def excludes_the_store(browser: Browser) -> Page:
    browser.get(f"/catalog/stores/{STORE}")
    return browser.post("/catalog/filters", {"entity_type": "store", "entity_id": STORE, "filter_mode": "exclude"})


def test_an_active_sync_is_said_to_follow_later(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    make_active(connect_both(owner))
    page = excludes_the_store(browser)
    assert "при следующем обновлении" in page.notices[0]
    assert page.all(".notice a[href='/sync/plan']")


def test_what_keeps_an_active_sync_from_following_is_said_instead(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    make_active(connect_both(owner))
    set_rule(owner, EntityType.STORE, FilterMode.EXCLUDE, SECOND_STORE)
    page = excludes_the_store(browser)
    assert "при следующем обновлении" not in page.notices[0]
    assert "не пропускают ни одного магазина, поэтому обновления не начинаются" in page.notices[0]


def test_a_name_is_no_markup_in_the_notice(browser: Browser, shop: User) -> None:
    add_product(shop, "P9", name="<b>Сыр</b>")
    exclude(browser, "product", "P9")
    assert browser.page is not None
    assert "«<b>Сыр</b>»" in browser.page.notices[0] and not browser.page.all(".notice b")


# One press


def test_a_store_is_shown_whole_with_one_press(browser: Browser, shop: User, stranger: Browser) -> None:
    set_rule(shop, EntityType.GROUP, FilterMode.EXCLUDE, "drinks")
    browser.get("/catalog")
    page = browser.submit("/catalog/stores/S1/whole")
    assert rules(shop) == {"S1": "include"}
    assert page.notices[0].startswith("Магазин показан целиком")
    assert not page.all("form[action='/catalog/stores/S1/whole']")
    stranger.get("/catalog")
    stranger.post("/catalog/stores/S1/whole", status=404)


def test_the_first_visit_says_where_to_begin(browser: Browser, shop: User) -> None:
    assert "С чего начать." in " ".join(browser.get("/catalog").notices)


def test_the_banner_says_what_a_whitelist_leaves_out(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(shop, EntityType.GROUP, FilterMode.INCLUDE, "drinks")
    for path in ("/catalog", STORE_PAGE, "/catalog/rules"):
        banner = words(browser.get(path).one("#standing"))
        assert "Из него показывается только группа «Напитки» со всеми подгруппами." in banner


# All rules


def test_every_rule_is_listed_and_can_be_dropped(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(shop, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    page = browser.get("/catalog/rules")
    assert "Лавка › Напитки" in page.text
    browser.post("/catalog/filters", {"entity_type": "product", "entity_id": "P1", "filter_mode": "none"})
    assert rules(shop) == {"S1": "include"}


def test_a_lost_rule_is_listed_and_can_be_dropped(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    db.session.execute(sa.text("DELETE FROM catalog_products WHERE product_id = 'P1'"))
    page = browser.get("/catalog/rules")
    assert "нет в каталоге" in words(page.one(".rule-list"))
    page = browser.submit("/catalog/filters")
    assert page.path == "/catalog/rules" and "Фильтров ещё нет" in page.text
    assert rules(shop) == {}


def test_many_rules_come_in_pages(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.STORE, FilterMode.INCLUDE, "S1")
    config = db.session.scalars(sa.select(SyncConfig)).one()
    config.filters += [
        SyncFilter(entity_type="product", entity_id=f"gone{one}", entity_name=f"Товар {one}", filter_mode="exclude")
        for one in range(1000)
    ]
    db.session.commit()
    first = browser.get("/catalog/rules")
    assert len(first.all(".rule-list li")) == 50
    assert [words(title) for title in first.all("h2")] == ["Магазины: 1", "Товары: 1 000"]
    last = browser.get("/catalog/rules?page=1000000")
    assert len(last.all(".rule-list li")) == 1 and "Товар 999" in last.text
    assert "1 001–1 001 из 1 001 фильтра" in last.text
    assert len(browser.get("/catalog").all(".lost-rules li")) == 50


# Why


def test_the_way_to_a_product_is_told_with_the_press_that_opens_it(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.GROUP, FilterMode.EXCLUDE, "drinks")
    page = browser.get(WHY)
    assert "Группа «Напитки» : исключена вами — это и решило" in words(page.one(".decides"))
    assert page.button("Убрать фильтр «Исключить группу Напитки»")
    assert "Тогда товар будет показываться. Из этого магазина будет показываться 3 товара (сейчас 2)." in page.text
    page = browser.submit("/catalog/filters")
    assert page.path == WHY and "Товар показывается" in page.text
    assert rules(shop) == {}


def test_in_place_it_comes_as_a_row_that_leads_back_to_the_page(browser: Browser, shop: User) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://localhost{STORE_PAGE}?page=2"}
    page = browser.get(WHY, headers=headers)
    assert page.one(".why-row .why input[name=next]")["value"] == f"{STORE_PAGE}?page=2"
    assert not page.all("header")
    for address in ("http://[", "javascript:x", "http://evil.example//evil.example"):
        page = browser.get(WHY, headers={**HTMX, "HX-Current-URL": address})
        assert page.one(".why input[name=next]")["value"] == WHY


def test_a_group_is_explained_and_strangers_learn_nothing(browser: Browser, stranger: Browser, shop: User) -> None:
    assert "Группа показывается" in browser.get(f"{STORE_PAGE}/groups/drinks/why").text
    stranger.get(WHY, status=404)
    stranger.get(f"{STORE_PAGE}/groups/drinks/why", status=404)


# Problems


def test_problems_are_counted_by_reason_and_one_can_be_chosen(browser: Browser, shop: User) -> None:
    page = browser.get(f"{STORE_PAGE}?state=problem")
    assert [words(chip) for chip in page.all(".problem-chips a")] == [
        "Все причины",
        "Снят с продажи в Эвоторе 1",
        "Нет цены 1",
    ]
    page = browser.get(f"{STORE_PAGE}?state=problem&problem=no_price")
    assert [row[0] for row in page.cells()] == ["Хлеб"]
    assert "Укажите в Эвоторе цену больше нуля." in words(page.one(".problem-advice"))


@pytest.mark.parametrize("query", ["state=problem&problem=nothing", "state=problem&problem=%00"])
def test_an_unknown_reason_counts_as_not_said(browser: Browser, shop: User, query: str) -> None:
    assert len(browser.get(f"{STORE_PAGE}?{query}").cells()) == 2


# Groups


def test_the_tree_tells_how_much_of_each_group_is_selected(browser: Browser, shop: User) -> None:
    set_rule(shop, EntityType.GROUP, FilterMode.EXCLUDE, "drinks")
    told = [words(link) for link in browser.get(STORE_PAGE).all(".group-link")]
    assert told == ["Все товары 2 / 3", "Напитки 0 / 1", "Без группы 2 / 2"]
    assert browser.get(STORE_PAGE).all(".group-link .share")[0]["aria-label"] == "фильтры пропускают 2 из 3"


def test_the_search_finds_groups_too(browser: Browser, shop: User) -> None:
    page = browser.get(f"{STORE_PAGE}?q=напит")
    assert f"{STORE_PAGE}?group=drinks" in page.links()
    assert words(page.one("#found")).startswith("Нашлось: 0 товаров")


def test_a_chosen_group_says_what_choosing_it_does_to_the_others(browser: Browser, shop: User) -> None:
    page = browser.get(f"{STORE_PAGE}?group=drinks")
    assert "остальные группы и товары без группы перестанут показываться" in words(page.one(".chosen-group"))
    assert f"{STORE_PAGE}/groups/drinks" in page.links()


def test_every_repeated_icon_is_drawn_once_on_the_page(browser: Browser, shop: User) -> None:
    page = browser.get(STORE_PAGE)
    drawn = {f"#{symbol['id']}" for symbol in page.all("symbol")}
    assert {str(use["href"]) for use in page.all("use")} <= drawn
