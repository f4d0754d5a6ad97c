"""Items in VK: those that were there before us, those deleted there, those changed by hand."""

from typing import Any

import pytest

from app.clock import utcnow
from app.db import db
from app.domain.listing.owner_settings import HandField
from app.domain.planning.changes import LinkState
from app.models import ForeignItem, Listing, RunTrigger, SyncRun, SyncState, User
from app.services.engine import run
from app.services.market import owner_answers
from app.services.owner import settings
from app.services.runs import queue
from app.services.vendors.clients import vk_window
from tests.factories import add_product, add_store, connect_both, make_active
from tests.support import story
from tests.support.page import Browser, Page, words
from tests.support.sandbox import CLUB, SECOND_STORE, STORE, Sandbox

MARKET = "/sync/market"


@pytest.fixture
def shop(owner: User) -> User:
    """Connected, and a store of its own beside the demo's."""
    make_active(connect_both(owner))
    queue.drop_queued(owner.id)
    add_store(owner, "S1", "Лавка")
    add_product(owner, "P1", name="Чай", price="350.00")
    return owner


def a_similar_item(owner: User, number: int = 1, **fields: Any) -> ForeignItem:
    """By hand: the page and its answers want any number of them; what a run notes is tested with the market."""
    usual = {
        "vk_group_id": CLUB,
        "vk_item_id": 70 + number,
        "title": f"Чай «Особый» {number}",
        "store_id": "S1",
        "product_id": "P1",
        "matched_by": "name",
        "seen": {"name": "Чай", "price": "300.00", "deleted": 0},
        "is_left": False,
    }
    row = ForeignItem(user_id=owner.id, **(usual | fields))
    db.session.add(row)
    db.session.commit()
    return row


def a_listing(owner: User, product_id: str = "P1", **fields: Any) -> Listing:
    """By hand: each field that may differ in VK is told alone, in any mixture."""
    usual = {
        "vk_group_id": CLUB,
        "store_id": "S1",
        "sku": f"ev:{product_id}",
        "name": f"Товар {product_id}",
        "vk_item_id": 500 + len(product_id) + owner.id,
        "state": LinkState.LIVE,
        "sent": {"name": "Чай", "price": "350.00", "deleted": 0},
    }
    row = Listing(user_id=owner.id, product_id=product_id, **(usual | fields))
    db.session.add(row)
    db.session.commit()
    return row


def decide(browser: Browser, decision: str, *ids: object, status: int = 200, **more: str) -> Page:
    browser.get(MARKET)
    return browser.post(MARKET, {"decision": decision, "ids": [str(row_id) for row_id in ids], **more}, status)


def count(model: type[Any], **wanted: Any) -> int:
    db.session.expire_all()
    return db.session.query(model).filter_by(**wanted).count()


# Before us


def test_a_similar_item_is_shown_beside_its_product(browser: Browser, shop: User) -> None:
    a_similar_item(shop, matched_by="barcode")
    page = browser.get(MARKET)
    (row,) = page.cells()
    assert "Чай «Особый» 1" in row[0] and row[1] == "Чай Лавка" and row[2] == "по штрихкоду"
    assert row[3] == "в ВК 300,00 ₽ в Эвоторе 350,00 ₽"
    link = page.one(".vk-link")
    assert link["href"] == f"{vk_window(CLUB)}?w=product-{CLUB}_71"
    assert link["target"] == "_blank" and "noopener" in link.get_attribute_list("rel")
    assert "фото останется" in page.text and "Пока вы не ответите" in page.text and "/sync/settings" in page.links()


def test_a_taken_item_is_ours_from_the_next_run_on(browser: Browser, shop: User) -> None:
    row = a_similar_item(shop)
    page = decide(browser, "take", row.id)
    assert page.notices[0].startswith("Взято: 1 товар.") and not page.cells()
    assert count(Listing, vk_item_id=71, is_adopted=True) == 1
    assert count(SyncRun, status="queued") == 1


def test_an_item_that_is_another_thing_is_not_asked_about_again(browser: Browser, shop: User) -> None:
    row = a_similar_item(shop)
    page = decide(browser, "leave", row.id)
    assert page.notices[0].startswith("Оставлено: 1 товар.") and not page.cells()
    assert count(ForeignItem, is_left=True) == 1 and count(Listing) == 0


def test_an_item_of_the_community_itself_is_found_and_asked_about(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    sandbox.control("vk/items", club=CLUB, add=[{"name": "Чай зелёный «Сенча» 100 г", "price": 390}])
    make_active(connect_both(owner))
    run.run_user(owner, RunTrigger.COMMAND)
    assert [row[2] for row in browser.get(MARKET).cells()] == ["по названию"]


# Deleted in VK


def test_what_was_deleted_in_vk_can_be_added_again_or_not(
    browser: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("P1", "P22"):
        sandbox.put_product(name, SECOND_STORE)
    story.ran(owner)
    deleted = [item["id"] for item in sandbox.items() if item["sku"] in ("ev:P1", "ev:P22")]
    sandbox.control("vk/items", club=CLUB, delete=deleted)
    story.run_a_day_later(owner, monkeypatch)
    first, second = (db.session.query(Listing).filter_by(product_id=name).one() for name in ("P1", "P22"))
    page = browser.get(MARKET)
    assert [row[0] for row in page.cells()] == ["Товар P1", "Товар P22"] and not page.all(".vk-link")
    assert decide(browser, "again", first.id).notices[0].startswith("Вернём: 1 товар.")
    assert decide(browser, "keep", second.id).notices[0].startswith("Больше не добавляем: 1 товар.")
    assert count(Listing, product_id="P1") == 0 and count(Listing, gone_answered=True) == 1
    assert not browser.get(f"{MARKET}?show=gone").cells()


# Changed by hand


def a_demo_listing(owner: User, **fields: Any) -> Listing:
    """Of a product that is selected, as it is sent."""
    wanted = db.session.execute(
        db.text("select product_id from catalog_products where store_id = :store and name like 'Чай зелёный%'"),
        {"store": STORE},
    ).scalar_one()
    return a_listing(owner, wanted, store_id=STORE, name="Чай зелёный", **fields)


def test_what_was_changed_in_vk_tells_both_values_and_what_becomes_of_it(browser: Browser, shop: User) -> None:
    settings.change(shop, edited_in_vk=frozenset({HandField.NAME}))
    a_demo_listing(shop, drift={"name": "Лучший чай", "price": "1.00", "deleted": 1, "photo": 7, "album": "Чай"})
    page = browser.get(f"{MARKET}?show=changed")
    lines = [words(line) for line in page.all(".change-line")]
    assert lines[0] == "Оставляем название: Лучший чай (в Эвоторе: Чай зелёный «Сенча» 100 г)"
    assert lines[1:3] == ["Вернём цена: в ВК 1,00 ₽ будет 390,00 ₽", "Вернём показ: в ВК скрыт будет показан"]
    assert lines[3] == "Вернём фото: в ВК другое" and "нет в подборке будет «" in lines[4]


def test_a_photo_that_a_person_chose_is_left(browser: Browser, shop: User) -> None:
    a_demo_listing(shop, drift={"photo": 7}, keeps_photo=True)
    assert "Оставляем фото" in browser.get(MARKET).text


def test_of_a_product_that_is_not_selected_nothing_is_put_back(browser: Browser, shop: User) -> None:
    a_listing(shop, drift={"name": "Лучший чай"})
    page = browser.get(MARKET)
    assert "сейчас не показывается" in page.text and "Оставляем название: Лучший чай" in page.text


@pytest.mark.parametrize("field", ["name", "description", "price", "stock_amount", "deleted", "photo", "album"])
def test_every_field_that_can_be_changed_has_its_words(browser: Browser, shop: User, field: str) -> None:
    a_demo_listing(shop, drift={field: -1})
    assert field not in words(browser.get(MARKET).one(".change-line"))


# The page


def test_an_empty_page_says_that_all_is_well(browser: Browser) -> None:
    for section in ("similar", "gone", "changed", "nothing"):
        page = browser.get(f"{MARKET}?show={section}")
        assert page.one(".empty") and "прочитаем при ближайшем обновлении" in page.text


def test_others_items_are_counted(browser: Browser, shop: User) -> None:
    assert shop.sync_state is not None
    shop.sync_state.foreign_items, shop.sync_state.market_read_at = 3, utcnow()
    text = browser.get(MARKET).text
    assert "3 товара. Без вашего решения мы их не трогаем" in text and "сегодня в" in text


def test_the_main_page_leads_to_what_is_asked(browser: Browser, shop: User) -> None:
    assert "вашего ответа" not in browser.get("/sync").text
    a_similar_item(shop)
    assert any("1 товар в ВК ждёт вашего ответа" in notice for notice in browser.get("/sync").notices)
    a_listing(shop, state=LinkState.GONE)
    page = browser.get("/sync")
    assert any("2 товара в ВК ждут вашего ответа" in notice for notice in page.notices) and MARKET in page.links()


def test_a_held_product_leads_to_the_question(browser: Browser, shop: User) -> None:
    a_demo_listing(shop, state=LinkState.GONE)
    page = browser.get("/sync/plan?show=skipped")
    assert any("Удалён в ВК" in row[2] for row in page.cells()) and MARKET in page.links()


def test_all_can_be_marked_without_script(browser: Browser, shop: User) -> None:
    for number in range(51):
        a_similar_item(shop, number)
    assert not browser.get(MARKET).all("input[name=ids][checked]")
    page = browser.get(f"{MARKET}?marked=1")
    assert len(page.all("input[name=ids][checked][form=decide]")) == 50 and "1–50 из 51 товара" in page.text
    assert len(browser.get(f"{MARKET}?show=similar&page=2&marked=1").all("input[name=ids][checked]")) == 1


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1000000000", ""])
def test_any_page_number_is_answered(browser: Browser, shop: User, page: str) -> None:
    a_similar_item(shop)
    assert browser.get(MARKET, query_string={"page": page, "show": page}).cells()


# Answers


def test_nothing_marked_is_said(browser: Browser, shop: User) -> None:
    a_similar_item(shop)
    assert decide(browser, "take").notices[0].startswith("Ничего не отмечено.")
    assert count(ForeignItem) == 1


def test_what_was_answered_already_is_said(browser: Browser, shop: User) -> None:
    row = a_similar_item(shop, is_left=True)
    assert "уже ответили" in decide(browser, "take", row.id).notices[0]
    assert count(Listing) == 0


@pytest.mark.parametrize("decision", ["", "drop", "\x00", "take\x00", "TAKE"])
def test_an_unknown_decision_is_refused(browser: Browser, shop: User, decision: str) -> None:
    row = a_similar_item(shop)
    decide(browser, decision, row.id, status=400)
    assert count(ForeignItem, is_left=False) == 1


@pytest.mark.parametrize("odd", ["", "x", "-1", "1.0", "٣", "9" * 5000, str(2**63), "1\x00"])
def test_an_odd_id_is_refused_and_nothing_is_decided(browser: Browser, shop: User, odd: str) -> None:
    row = a_similar_item(shop)
    decide(browser, "take", row.id, odd, status=400)
    assert count(ForeignItem) == 1 and count(Listing) == 0


def test_after_an_answer_the_owner_is_where_they_were(browser: Browser, shop: User) -> None:
    row = a_similar_item(shop)
    page = decide(browser, "leave", row.id, next=f"{MARKET}?show=gone&marked=1")
    assert words(page.one(".tabs a[aria-current]")).startswith("Удалены")
    assert decide(browser, "leave", row.id, next="https://evil.example/").path == MARKET


def test_a_stranger_decides_nothing(browser: Browser, stranger: Browser, shop: User) -> None:
    similar, gone = a_similar_item(shop), a_listing(shop, "P22", state=LinkState.GONE)
    for decision, row_id in (("take", similar.id), ("leave", similar.id), ("again", gone.id), ("keep", gone.id)):
        assert "уже ответили" in decide(stranger, decision, row_id).notices[0]
    assert owner_answers.question_count(shop) == 2
    assert not stranger.get(MARKET).cells()


# Check now


def test_a_check_queues_a_run_that_reads_the_market(browser: Browser, shop: User) -> None:
    assert shop.sync_state is not None
    shop.sync_state.market_read_at = utcnow()
    browser.get(MARKET)
    page = browser.submit(f"{MARKET}/check")
    assert page.path == MARKET and page.notices[0].startswith("Проверка поставлена в очередь")
    assert count(SyncState, market_read_at=None, user_id=shop.id) == 1 and count(SyncRun, status="queued") == 1


def test_without_an_active_sync_nothing_is_checked(browser: Browser, owner: User) -> None:
    assert browser.get(MARKET).is_disabled("Проверить сейчас")
    assert "ещё не подтверждали" in browser.post(f"{MARKET}/check").notices[0]
    assert count(SyncRun) == 0


def test_what_moderators_refused_is_told_with_their_words_wherever_the_product_is(
    browser: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.put_product("P1", SECOND_STORE)
    story.ran(owner)
    sandbox.control("vk/items", club=CLUB, reject=[item["id"] for item in sandbox.items() if item["sku"] == "ev:P1"])
    story.run_a_day_later(owner, monkeypatch)

    listed = browser.get(MARKET)
    assert "Цена выглядит недостоверной." in listed.text
    assert f"/catalog/stores/{SECOND_STORE}/products/P1" in listed.links()
    problem = browser.get("/sync/problems")
    assert "ВК не показывает в общем каталоге: 1 товар" in problem.text and f"{MARKET}?show=rejected" in problem.links()
    product = browser.get(f"/catalog/stores/{SECOND_STORE}/products/P1")
    assert any("Товар отклонён. Цена выглядит недостоверной." in notice for notice in product.notices)
