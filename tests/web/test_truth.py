"""What the pages claim in states that the engine made, held against the plan, the runs and both services."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.owner_settings import StockRule
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogProduct, RunStatus, RunTrigger, User
from app.services.connections import evotor, vk
from app.services.owner import orders, run_requests, settings, switch
from app.services.planning import approvals, plans
from app.services.runs import claims, queue
from tests.factories import PASSWORD
from tests.support import story
from tests.support.claims import (
    PATHS,
    a_run_goes_on,
    all_is_well,
    items_that_stay,
    owner_of,
    the_words,
    what_is_in_vk,
    what_waits_for_a_run,
    what_waits_for_the_owner,
    who_does_not_answer,
)
from tests.support.page import HTMX, Browser, words
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

Deed = Callable[[Shop], object]


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def reader(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in("owner@example.ru", PASSWORD)
    return browser


def within(shop: Shop, deed: Callable[[User], object]) -> None:
    deed(shop.owner)
    db.session.commit()


def hide_all(shop: Shop) -> None:
    shop.run()
    within(shop, orders.hide_all)


def work_begins(shop: Shop) -> None:
    shop.run()
    claims.claim(shop.owner_id, RunTrigger.SCHEDULE, claims.worker_name())


def much_leaves(shop: Shop) -> None:
    shop.fill(9)
    shop.run()
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1")


def waits(shop: Shop) -> None:
    much_leaves(shop)
    shop.run()


def approve(shop: Shop) -> None:
    waits(shop)
    user = shop.owner
    plan = plans.plan_for(user)
    approvals.approve(user, plan, approvals.check_brakes(user, plan).fingerprint)
    db.session.commit()


def approved_then_another_rule_and_its_undo(shop: Shop) -> None:
    approve(shop)
    shop.rule(EntityType.GROUP, None, "G1")
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G2")
    shop.run()
    shop.rule(EntityType.GROUP, None, "G2")
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1")


def waited_then_undone(shop: Shop) -> None:
    waits(shop)
    shop.rule(EntityType.GROUP, None, "G1")


def nothing_in_stock(shop: Shop) -> None:
    """As after the first installation of an inventory application: nothing was ever counted."""
    shop.patch_all(("P1", "P2", "P3"), quantity=0)
    db.session.execute(sa.update(CatalogProduct).values(quantity=0))
    db.session.commit()
    shop.run()


def settings_change(shop: Shop) -> None:
    shop.run()
    within(shop, lambda user: settings.change(user, price_percent=10))


def fail(service: str, kind: str, target: str | None = None) -> Deed:
    def deed(shop: Shop) -> None:
        shop.run()
        shop.patch("P1", price=120)
        shop.sandbox.fault(service, kind, target)
        shop.run()

    return deed


def by_owner(deed: Callable[[User], object]) -> Deed:
    return lambda shop: within(shop, deed)


def each(*deeds: Deed) -> Deed:
    def all_of_them(shop: Shop) -> None:
        for deed in deeds:
            deed(shop)

    return all_of_them


def rule(entity_type: EntityType, mode: FilterMode | None, entity_id: str) -> Deed:
    return lambda shop: shop.rule(entity_type, mode, entity_id)


def confirmation_is_taken_back(user: User) -> None:
    switch.take_confirmation_back(user, "other_vk")


off, on = (
    by_owner(lambda user: switch.toggle(user, False)),
    by_owner(lambda user: switch.toggle(user, True)),
)
hidden = each(hide_all, Shop.run)
no_store_rule = rule(EntityType.STORE, None, TINY)
only_a_group = each(
    by_owner(confirmation_is_taken_back), no_store_rule, rule(EntityType.GROUP, FilterMode.INCLUDE, "G1")
)

STATES: dict[str, Deed] = {
    "never ran": lambda shop: queue.drop_queued(shop.owner_id),
    "queued": lambda shop: None,
    "queued without VK": each(by_owner(vk.disconnect_vk), by_owner(switch.confirm)),
    "unconfirmed": by_owner(confirmation_is_taken_back),
    "ran": Shop.run,
    "running": work_begins,
    "continued": lambda shop: shop.run_slice(1),
    "continued, queued": each(lambda shop: shop.run_slice(1), by_owner(run_requests.request_run)),
    "off": each(Shop.run, off),
    "off before anything": off,
    "hiding": hide_all,
    "hidden": hidden,
    "hidden without Evotor": each(hidden, by_owner(evotor.disconnect_evotor)),
    "hidden without VK": each(hidden, by_owner(vk.disconnect_vk)),
    "hidden and on again": each(hidden, on),
    "hidden, on, ran": each(hidden, on, Shop.run),
    "much leaves": much_leaves,
    "waiting": waits,
    "waited, undone": waited_then_undone,
    "approved": approve,
    "approved, another rule and its undo": approved_then_another_rule_and_its_undo,
    "nothing in stock": nothing_in_stock,
    "settings changed": settings_change,
    "no store passes": each(Shop.run, rule(EntityType.STORE, FilterMode.EXCLUDE, TINY)),
    "no filters": no_store_rule,
    "only a group": each(only_a_group, on),
    **{
        f"{service} {kind}": fail(service, kind, target)
        for service, kind, target in (
            ("vk", "auth", None),
            ("vk", "captcha", None),
            ("vk", "market_off", None),
            ("vk", "access", None),
            ("vk", "http_502", None),
            ("vk", "error:100", "market.edit"),
            ("evotor", "401", None),
            ("evotor", "402", None),
            ("evotor", "403", None),
            ("evotor", "500", None),
        )
    },
}


@pytest.mark.parametrize("state", STATES)
def test_every_page_tells_what_is_so(reader: Browser, shop: Shop, sandbox: Sandbox, state: str) -> None:
    STATES[state](shop)
    db.session.commit()
    sandbox.clear_faults()

    pages = {path: reader.get(path) for path in PATHS}

    for claim in (
        all_is_well,
        items_that_stay,
        what_waits_for_the_owner,
        what_waits_for_a_run,
        a_run_goes_on,
        who_does_not_answer,
        what_is_in_vk,
        the_words,
    ):
        claim(pages, shop)


# One by one


def test_an_empty_success_is_told_everywhere_with_the_setting_that_mends_it(
    reader: Browser, shop: Shop, sandbox: Sandbox
) -> None:
    nothing_in_stock(shop)
    said = "Показывать почти нечего: нет в наличии 3 из 3"
    for path in ("/sync", "/sync/plan", "/sync/problems"):
        page = reader.get(path)
        assert said in page.text and "«Показывать всегда»" in page.text and "/sync/settings#stock" in page.links()
    assert "Всё в порядке" not in reader.get("/sync").text

    within(shop, lambda user: settings.change(user, stock_rule=StockRule.SHOW))
    assert "ждёт обновления: 3" in reader.get("/sync").text
    shop.run()

    assert len(sandbox.visible()) == 3, "the remedy works"
    assert "Всё в порядке: 3 товара в ВК" in reader.get("/sync").text.replace("\xa0", " ")


def test_filters_that_let_nothing_through_are_told_of_before_anything_is_hidden(reader: Browser, shop: Shop) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1", "P2", "P3")
    for path in ("/sync", "/sync/plan"):
        text = reader.get(path).text
        assert "Фильтры не пропускают ни одного товара" in text and "При обновлении из ВК скроется всё" in text
        assert "не показывается" not in text


def test_the_subtitle_is_left_out_while_buyers_see_nothing(reader: Browser, shop: Shop) -> None:
    shop.run()
    assert "Выбранные товары из Эвотора — в сообществе ВК." in reader.get("/sync").text
    hidden(shop)
    db.session.commit()
    text = reader.get("/sync").text
    assert "не видят в ВК ни одного товара" in text.replace("\xa0", " ") and "— в сообществе ВК" not in text


def test_an_empty_selection_is_told_before_confirming(reader: Browser, shop: Shop) -> None:
    nothing_in_stock(shop)
    within(shop, confirmation_is_taken_back)
    for path in ("/sync", "/sync/plan"):
        assert "Показывать почти нечего: нет в наличии 3 из 3" in reader.get(path).text


def test_a_plan_that_hides_all_for_want_of_stock_names_the_setting(reader: Browser, shop: Shop) -> None:
    names = shop.fill(9)
    shop.run()
    shop.patch_all([*names[1:], "P1", "P2", "P3"], quantity=0)
    assert shop.run().status == RunStatus.NEEDS_APPROVAL

    card = reader.get("/sync/plan").one(".card-warning")

    assert "«Показывать всегда»" in words(card) and card.select('a[href="/sync/settings#stock"]')


def test_without_filters_both_pages_say_that_nothing_goes_to_vk(reader: Browser, shop: Shop) -> None:
    within(shop, confirmation_is_taken_back)
    shop.rule(EntityType.STORE, None, TINY)
    main, plan = (reader.get(path).text.replace("\xa0", " ") for path in ("/sync", "/sync/plan"))
    assert "ничего не выбрано" not in main and "Пока магазин не выбран, в ВК ничего не попадёт" in main
    assert "Пока магазин не выбран, в ВК ничего не попадёт. Если показать все магазины, покупатели увидят 3" in plan


def test_a_group_alone_lets_enable_and_the_page_says_what_is_missing(reader: Browser, shop: Shop) -> None:
    only_a_group(shop)
    reader.get("/sync")
    page = reader.submit("/sync/toggle")
    assert words(page.one("#master-status")) == "Не настроено" and page.one(".switch")["aria-checked"] == "true"
    assert "Выберите в каталоге хотя бы один магазин" in page.notices[0]
    assert "Выберите в каталоге хотя бы один магазин" in page.text and page.is_disabled("Подтвердить и запустить")


def test_confirming_without_vk_does_not_promise_a_run(reader: Browser, shop: Shop) -> None:
    within(shop, vk.disconnect_vk)
    reader.get("/sync")
    page = reader.post("/sync/confirm")
    assert "пока не начнётся" in page.notices[0] and "ВК не подключён" in page.notices[0]


def test_before_the_market_was_read_no_number_of_it_is_told(reader: Browser, shop: Shop) -> None:
    market, plan = (reader.get(path).text for path in ("/sync/market", "/sync/plan"))
    assert "Добавили не мы пока не знаем" in market and "Похожие товары 0" not in market
    assert "сейчас 0" not in plan and "пока не знаем" in plan
    shop.run()
    strangers = len(shop.sandbox.strangers())
    assert f"Добавили не мы {strangers} товар" in reader.get("/sync/market").text


def test_the_limits_of_vk_stay_in_sight_and_agree_with_it(reader: Browser, shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    items = len(sandbox.items()) + len(sandbox.strangers())
    assert reader.get("/sync/plan").all("meter")[0]["value"] == str(items)
    assert f"{items} товар" in reader.get("/sync").text


def test_a_page_drawn_before_the_run_began_is_brought_up_to_date(reader: Browser, shop: Shop) -> None:
    part = reader.get("/sync").one("#run-progress")["hx-get"]
    assert "every 2s" in reader.get(str(part), headers=HTMX).html
    claims.claim(shop.owner_id, RunTrigger.SCHEDULE, claims.worker_name())
    assert 'hx-select="#main"' in reader.get(str(part), headers=HTMX).html, "the rest of the page speaks of a queue"


def test_a_page_that_waits_for_a_run_that_is_due_asks_until_it_is_over(reader: Browser, shop: Shop) -> None:
    shop.run()
    reader.post("/sync/toggle", {"enabled": "0"})
    assert not reader.get("/sync").all("#run-awaited")
    reader.post("/sync/toggle", {"enabled": "1"})
    poll = str(reader.get("/sync").one("#run-awaited")["hx-get"])
    reader.get(poll, 204, headers=HTMX)

    shop.run()
    page = reader.get(poll, headers=HTMX)
    assert page.one("#main") and not page.all("#run-awaited")


def test_a_page_drawn_between_two_parts_of_a_run_goes_on_asking(reader: Browser, shop: Shop) -> None:
    shop.run_slice(1)
    page = reader.get("/sync")
    part = str(page.one("#run-progress")["hx-get"])
    assert "Сделано 3 из" in page.text.replace("\xa0", " ") and "Остальное продолжим в течение минуты" in page.text
    assert "every 2s" in reader.get(part, headers=HTMX).html
    story.queued(owner_of(shop), RunTrigger.SCHEDULE)
    assert 'hx-select="#main"' in reader.get(part, headers=HTMX).html


def test_what_was_mended_is_not_told_as_if_it_were_so_still(reader: Browser, shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", price=120)
    sandbox.fault("vk", "auth")
    shop.run()
    sandbox.clear_faults()
    assert "больше не действует" in reader.get("/sync").text
    shop.clock.move(minutes=1)
    reader.get("/vk")
    reader.submit("/vk/check")
    for path in ("/sync", "/connections", "/sync/problems"):
        assert "больше не действует" not in reader.get(path).text
    assert "Подключение снова работает. Обновление начнётся" in reader.get("/sync").text
