"""What the pages claim in states that the engine made, held against the plan, the runs and both services."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.listing.owner_settings import StockRule
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogProduct, RunStatus, RunTrigger, SyncRun, User
from app.services.connections import evotor, vk
from app.services.owner import config, orders, run_requests, settings, shop_window, switch
from app.services.pages.sync.overview import is_between, next_run_at
from app.services.planning import approvals, plans
from app.services.runs import claims, queue, records
from tests.factories import PASSWORD
from tests.support import story
from tests.support.page import HTMX, Browser, Page, words
from tests.support.pending import pending_afresh
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

PATHS = ("/sync", "/sync/plan", "/connections", "/sync/problems", "/evotor", "/vk", "/account")
Deed = Callable[[Shop], object]


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.fixture
def reader(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in("owner@example.ru", PASSWORD)
    return browser


def owner_of(shop: Shop) -> User:
    """In the session of the test, which `shop.owner` would end."""
    return db.session.get_one(User, shop.owner_id)


def last_run(shop: Shop) -> SyncRun:
    return records.latest(shop.owner_id) or pytest.fail("no run")


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


def text_of(pages: dict[str, Page]) -> str:
    return " ".join(words(page.one("main")) for page in pages.values()).replace("\xa0", " ")


def all_is_well(pages: dict[str, Page], shop: Shop) -> None:
    if "Всё в порядке" not in text_of(pages):
        return
    user, run = owner_of(shop), last_run(shop)
    assert run.status == RunStatus.SUCCEEDED and switch.run_obstacle(user) is None
    assert not pending_afresh(user).summary.changes
    assert user.vk is not None and user.evotor is not None and not (user.vk.error_code or user.evotor.error_code)
    assert f"Всё в порядке: {len(shop.prices())} товар" in text_of(pages)


def items_that_stay(pages: dict[str, Page], shop: Shop) -> None:
    text = text_of(pages)
    stands = len(shop.prices())
    if not stands:
        assert not re.search("остал[иа]сь как|останутся как есть", text)
    if not stands and shop.sandbox.items() and not shop_window.order_of(owner_of(shop)):
        assert "скрыт" in text


def what_waits_for_the_owner(pages: dict[str, Page], shop: Shop) -> None:
    main, plan = (words(pages[path].one("main")) for path in PATHS[:2])
    user, is_busy = owner_of(shop), last_run(shop).status in (RunStatus.QUEUED, RunStatus.RUNNING)
    waits = pending_afresh(user).needs_approval and switch.run_obstacle(user) is None
    assert ("Изменения ждут вашего решения" in plan) == waits
    if not is_busy:
        assert ("Изменения ждут вашего решения" in main) == waits
    assert ("Вы одобрили" in main) <= ("Вы одобрили" in plan)
    assert not ("Вы одобрили" in plan and "ждут вашего решения" in main)


def what_waits_for_a_run(pages: dict[str, Page], shop: Shop) -> None:
    user, text = owner_of(shop), words(pages["/sync"].one("main")).lower()
    counted = re.findall(r"(?:ждёт обновления|после включения изменится): (\d+)", text)
    pending = pending_afresh(user).product_count
    assert set(counted) <= {str(pending)}
    assert "ждёт обновления" not in text or config.config_of(user).is_enabled
    is_busy = last_run(shop).status == RunStatus.RUNNING or shop_window.order_of(user)
    has_evotor = user.evotor is not None and user.evotor.is_connected
    has_store = switch.run_obstacle(user) not in ("no_store_rule", "no_store_passes")
    if pending and not is_busy and has_evotor and has_store and config.config_of(user).confirmed_at:
        assert counted


def a_run_goes_on(pages: dict[str, Page], shop: Shop) -> None:
    polls = bool(pages["/sync"].all("#run-progress[hx-trigger]"))
    run = last_run(shop)
    may_begin = shop_window.order_of(owner_of(shop)) or switch.run_obstacle(owner_of(shop)) is None
    is_part = is_between(run, next_run_at(owner_of(shop)))
    goes_on = run.status == RunStatus.RUNNING or (may_begin and (run.status == RunStatus.QUEUED or is_part))
    assert polls == bool(goes_on)
    if "скоро начнётся" in text_of(pages):
        assert run.status == RunStatus.QUEUED and may_begin


def who_does_not_answer(pages: dict[str, Page], shop: Shop) -> None:
    text = text_of(pages)
    user = owner_of(shop)
    codes = {connection.error_code for connection in (user.evotor, user.vk) if connection is not None}
    silent = {"evotor_unreachable", "vk_unreachable"}
    assert ("не отвечает" in text.lower()) <= bool(codes & silent or last_run(shop).error_code in silent)
    assert "Нет связи" not in text


def what_is_in_vk(pages: dict[str, Page], shop: Shop) -> None:
    page = words(pages["/sync"].one("main")).replace("\xa0", " ")
    stands = len(shop.prices())
    assert set(re.findall(r"(\d+) товар(?:ов|а)? вид", page)) <= {str(stands)}
    state = owner_of(shop).sync_state
    if state is None or state.market_read_at is None:
        assert "Место в ВК" not in page or "пока не знаем" in page
        return
    held = [item for item in shop.sandbox.dump()["vk"]["clubs"][str(shop.club)]["items"] if not item["deleted"]]
    assert set(re.findall(r"(\d+) товар(?:ов|а)? из 15 000", page)) <= {str(len(held))}


FORBIDDEN = re.compile(r"\b(выгру\w+|правил[оаеу]?м?и?|запуск\w*|план\w*|пропуст\w+|токен\w*)\b", re.IGNORECASE)
FIXED = ("Подтвердить и запустить", "правилами ВК", "планировщик")


def the_words(pages: dict[str, Page], shop: Shop) -> None:
    for path in ("/sync", "/sync/plan", "/sync/problems"):
        text = words(pages[path].one("main"))
        for fixed in FIXED:
            text = text.replace(fixed, "")
        assert not FORBIDDEN.findall(text)


# One by one


def test_an_empty_success_is_told_everywhere_with_the_setting_that_mends_it(
    reader: Browser, shop: Shop, sandbox: Sandbox
) -> None:
    nothing_in_stock(shop)
    said = "Почти ничего не показывается: нет в наличии 3 из 3"
    for path in ("/sync", "/sync/plan", "/sync/problems"):
        page = reader.get(path)
        assert said in page.text and "«Показывать всегда»" in page.text and "/sync/settings#stock" in page.links()
    assert "Всё в порядке" not in reader.get("/sync").text

    within(shop, lambda user: settings.change(user, stock_rule=StockRule.SHOW))
    assert "ждёт обновления: 3" in reader.get("/sync").text
    shop.run()

    assert len(sandbox.visible()) == 3, "the remedy works"
    assert "Всё в порядке: 3 товара в ВК" in reader.get("/sync").text.replace("\xa0", " ")


def test_an_empty_selection_is_told_before_confirming(reader: Browser, shop: Shop) -> None:
    nothing_in_stock(shop)
    within(shop, confirmation_is_taken_back)
    for path in ("/sync", "/sync/plan"):
        assert "Почти ничего не показывается: нет в наличии 3 из 3" in reader.get(path).text


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
