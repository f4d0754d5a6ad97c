"""The pages on which the owner chooses categories of VK."""

from collections.abc import Iterator

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import User
from app.services.owner import settings
from tests.factories import add_group, add_product, add_store, connect_both, set_rule
from tests.support.page import Browser, Page, words
from tests.support.sandbox import Sandbox

SETTINGS = "/sync/settings"
CATEGORIES = f"{SETTINGS}/categories"
REFRESH = f"{CATEGORIES}/refresh"
CHOOSE = f"{SETTINGS}/category"
DRINKS, GROCERIES = 20064, 20055


@pytest.fixture
def shop(owner: User) -> User:
    connect_both(owner)
    add_store(owner)
    add_group(owner, "G1", "Напитки")
    add_group(owner, "G2", "Соки", parent_id="G1")
    add_group(owner, "G3", "Разное")
    add_product(owner, "P1", group_id="G2")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    return owner


def by_group(owner: User) -> dict[str, int]:
    db.session.expire_all()
    return dict(settings.owner_settings(owner).category_by_group)


def category_of(page: Page, group: str) -> str:
    return next(cells[1] for cells in page.cells() if cells[0].startswith(group))


def test_groups_are_listed_with_what_they_have(browser: Browser, shop: User) -> None:
    settings.change(shop, category_by_group={"G1": DRINKS})
    page = browser.get(CATEGORIES)
    assert category_of(page, "Напитки") == "Продукты питания › Напитки"
    assert category_of(page, "Соки").endswith("как у группы « Напитки »")
    assert category_of(page, "Разное") == "Общая категория ВК как у всех товаров"
    assert "1 товар" in page.text


def test_a_group_is_given_a_category_and_the_owner_comes_back(browser: Browser, shop: User) -> None:
    page = browser.get(CATEGORIES)
    (link,) = [link for link in page.links() if "group=G1" in link]
    page = browser.get(link)
    assert page.heading == "Категория группы «Напитки»"
    assert words(page.all(".choose-row")[0]).endswith("Напитки"), "the likest first"
    page = browser.post(CATEGORIES, {"group": "G1", "category": DRINKS, "next": f"{CATEGORIES}?page=1#row-1"})
    assert page.path == CATEGORIES and page.notices[0].startswith("Категория выбрана")
    assert by_group(shop) == {"G1": DRINKS}


def test_a_choice_is_taken_back(browser: Browser, shop: User) -> None:
    settings.change(shop, category_by_group={"G1": DRINKS, "G2": GROCERIES})
    page = browser.get(f"{CHOOSE}?group=G2")
    assert "Тогда будет: Продукты питания › Напитки" in page.text
    browser.post(CATEGORIES, {"group": "G2", "category": ""})
    assert by_group(shop) == {"G1": DRINKS}


def test_the_category_of_the_whole_shop_is_chosen_and_taken_back(browser: Browser, shop: User) -> None:
    assert browser.get(CHOOSE).heading == "Категория для всех товаров"
    browser.post(CATEGORIES, {"category": GROCERIES})
    assert settings.owner_settings(shop).category_id == GROCERIES
    assert "Для всех товаров сейчас: Продукты питания › Бакалея" in browser.get(SETTINGS).text
    browser.get(CHOOSE).button("Вернуть общую категорию ВК")
    browser.post(CATEGORIES, {"category": ""})
    assert settings.owner_settings(shop).category_id == 1


def test_categories_and_groups_are_searched(browser: Browser, shop: User) -> None:
    page = browser.get(f"{CHOOSE}?group=G3&q=питания+чай")
    assert [words(row) for row in page.all(".choose-row")] == ["Продукты питания › Чай"]
    assert "Такой категории" in browser.get(f"{CHOOSE}?q=танки%00%0A").text
    assert [cells[0].split()[0] for cells in browser.get(f"{CATEGORIES}?q=соки").cells()] == ["Соки"]
    assert "Такой группы" in browser.get(f"{CATEGORIES}?q=танки").text


def test_a_category_that_is_not_listed_is_not_taken(browser: Browser, shop: User) -> None:
    browser.get(CATEGORIES)
    for wrong in ("424242", "-1", "x", "1.5", "9" * 500, "٣"):
        page = browser.post(CATEGORIES, {"group": "G1", "category": wrong})
        assert "в списке ВК нет" in page.notices[0]
    assert by_group(shop) == {}


@pytest.mark.parametrize("group", ["nothing", "P1", "%00", "%E2%80%A8"])
def test_a_group_that_is_not_there_has_no_page(browser: Browser, shop: User, group: str) -> None:
    browser.get(f"{CHOOSE}?group={group}", 404)


def test_a_group_of_somebody_else_is_not_there(browser: Browser, stranger: Browser, shop: User) -> None:
    stranger.get(f"{CHOOSE}?group=G1", 404)
    stranger.get(CATEGORIES)
    stranger.post(CATEGORIES, {"group": "G1", "category": ""}, 404)
    assert by_group(shop) == {}


def test_the_way_back_leads_to_this_site_only(browser: Browser, shop: User) -> None:
    assert not [link for link in browser.get(f"{CHOOSE}?next=//evil.example").links() if "evil" in link]
    assert browser.post(CATEGORIES, {"category": DRINKS, "next": "https://evil.example"}).path == CATEGORIES


def test_without_a_community_the_page_leads_to_connecting(browser: Browser, owner: User) -> None:
    assert "/vk" in browser.get(CATEGORIES).links()
    assert "Сначала подключите" in browser.get(CATEGORIES).text
    browser.get(SETTINGS)
    assert "не подключён" in browser.post(REFRESH).notices[0]


@pytest.fixture
def unread(sandbox: Sandbox) -> Iterator[None]:
    """VK tells no categories while the community is connected."""
    sandbox.fault("vk", "error:7", "market.getCategories")
    yield
    sandbox.clear_faults()


def test_a_list_that_was_never_read_is_read_by_a_button(
    unread: None, browser: Browser, shop: User, sandbox: Sandbox
) -> None:
    assert "ещё не загружен" in browser.get(f"{CHOOSE}?group=G1").text
    browser.get(CATEGORIES).button("Загрузить список категорий ВК")
    assert "ВК не разрешает" in browser.post(REFRESH).notices[0]
    sandbox.clear_faults()
    page = browser.post(REFRESH)
    assert page.notices[0].startswith("Список прочитан: 148 категорий")
    assert page.all("table") and page.button("Обновить список")


def test_a_category_that_vk_refused_is_marked_with_what_to_do(browser: Browser, shop: User) -> None:
    settings.change(shop, category_by_group={"G1": DRINKS})
    assert shop.vk is not None
    # By hand: VK refuses a category only for an item that it is sent with, and here nothing is sent.
    shop.vk.refused_categories = [DRINKS]
    db.session.commit()
    assert "1 категорию ВК не принимает" in browser.get(SETTINGS).text
    assert "ВК не принял эту категорию" in category_of(browser.get(CATEGORIES), "Напитки")
    assert "ВК её не принял" in browser.get(f"{CHOOSE}?group=G2&q=напитки").text


def test_looking_asks_vk_nothing(browser: Browser, shop: User, sandbox: Sandbox) -> None:
    sandbox.control("calls/reset")
    for path in (SETTINGS, CATEGORIES, CHOOSE, f"{CHOOSE}?group=G1"):
        browser.get(path)
    assert sandbox.dump()["calls"] == {}


def test_many_groups_come_in_pages(browser: Browser, shop: User) -> None:
    for number in range(120):
        add_group(shop, f"N{number}", f"Группа {number}")
    assert len(browser.get(CATEGORIES).cells()) == 100
    assert len(browser.get(f"{CATEGORIES}?page=2").cells()) == 23


def test_the_page_of_a_group_leads_to_its_category_and_back(browser: Browser, shop: User) -> None:
    settings.change(shop, category_by_group={"G1": DRINKS})
    page = browser.get("/catalog/stores/S1/groups/G2")
    assert "Продукты питания › Напитки — как у группы" in page.text
    (link,) = [link for link in page.links() if link.startswith(CHOOSE)]
    assert "/catalog/stores/S1/groups/G2" in browser.get(link).links()
