"""What an owner reads while a vendor answers nobody."""

import pytest
from flask import Flask

from app.clients.line import Line
from app.db import db
from app.models import Vendor
from app.services.owner import switch
from app.services.vendors import circuits
from tests.factories import PASSWORD
from tests.support.page import Browser
from tests.support.sandbox import Sandbox
from tests.support.shop import Shop

SINCE = {Vendor.EVOTOR: "Эвотор не отвечает сегодня с", Vendor.VK: "ВК не отвечает сегодня с"}


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(sandbox, monkeypatch)
    shop.clock.start = shop.clock.start.replace(hour=12, minute=5)
    shop.run()
    return shop


@pytest.fixture
def pages(app: Flask, shop: Shop) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(shop.owner.email, PASSWORD)
    return browser


def falls_silent(vendor: Vendor = Vendor.VK) -> None:
    """As three others find it."""
    line = Line()
    line.note_silence()
    for user_id in (101, 102, 103):
        circuits.note(user_id, {vendor: line})
    db.session.remove()


@pytest.mark.parametrize("vendor", list(Vendor))
@pytest.mark.parametrize("path", ["/sync", "/sync/problems", "/connections", "own"])
def test_pages_say_since_when(pages: Browser, vendor: Vendor, path: str) -> None:
    falls_silent(vendor)
    page = pages.get(f"/{vendor}" if path == "own" else path)
    assert f"{SINCE[vendor]} 15:05" in page.text
    assert "как только ответит" in page.text or "сами узнаем" in page.text


def test_the_next_update_has_no_time(pages: Browser) -> None:
    falls_silent()
    assert "как только ответит ВК" in pages.get("/sync").text


def test_the_owner_s_own_trouble_with_it_is_not_told_as_well(shop: Shop, pages: Browser, sandbox: Sandbox) -> None:
    sandbox.fault("evotor", "drop")
    shop.run()
    assert "Эвотор сейчас не отвечает" in pages.get("/sync/problems").text
    falls_silent(Vendor.EVOTOR)
    assert "Эвотор сейчас не отвечает" not in pages.get("/sync/problems").text


def test_a_press_says_what_the_update_waits_for(shop: Shop, pages: Browser) -> None:
    falls_silent()
    page = pages.submit("/sync/run")
    assert any("ВК не отвечает" in notice and "начнём, как только ответит" in notice for notice in page.notices)
    assert "Обновление в очереди. ВК не отвечает" in page.text
    shop.clock.move(minutes=20)
    assert "планировщик" not in pages.get("/sync").text


def test_a_press_that_hides_all_says_so_too(pages: Browser) -> None:
    falls_silent(Vendor.EVOTOR)
    page = pages.submit("/sync/hide-all")
    assert any("Скоро скроем" in notice for notice in page.notices), "it needs VK alone"


def test_hiding_all_waits_for_vk(pages: Browser) -> None:
    falls_silent()
    page = pages.submit("/sync/hide-all")
    assert any("скроем в ВК 3 товара, как только ответит" in notice for notice in page.notices)


def test_who_waits_for_no_update_reads_of_it_beside_the_connections_alone(shop: Shop, pages: Browser) -> None:
    switch.toggle(shop.owner, False)
    db.session.commit()
    falls_silent()
    assert "не отвечает" not in pages.get("/sync").text
    assert "ВК не отвечает" in pages.get("/connections").text


def test_a_check_that_is_answered_ends_it(pages: Browser) -> None:
    falls_silent()
    pages.get("/vk")
    assert "не отвечает" not in pages.submit("/vk/check").text
