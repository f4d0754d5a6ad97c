"""What pages may claim of the state that they tell of; each is held against the plan, the runs and both services."""

import re

import pytest

from app.db import db
from app.models import RunStatus, SyncRun, User
from app.services.owner import config, shop_window, switch
from app.services.pages.sync.next_run import is_between, next_run_at
from app.services.runs import records
from tests.support.page import Page, words
from tests.support.pending import pending_afresh
from tests.support.shop import Shop

PATHS = ("/sync", "/sync/plan", "/connections", "/sync/problems", "/evotor", "/vk", "/account")


def owner_of(shop: Shop) -> User:
    """In the session of the test, which `shop.owner` would end."""
    return db.session.get_one(User, shop.owner_id)


def last_run(shop: Shop) -> SyncRun:
    return records.latest(shop.owner_id) or pytest.fail("no run")


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
