"""What VK or Evotor says no to beside one product's add, from the answer to the pages: nothing is forgotten."""

import pytest

from app.db import db
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus
from app.services.owner import orders
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from app.web.messages import message
from tests.support.page import Browser
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

pytestmark = pytest.mark.one_by_one

ALL_WELL = "Всё в порядке"


def found(shop: Shop) -> list[tuple[Kind, str, int]]:
    return [(problem.kind, problem.code, problem.count) for problem in problems(shop.owner, {})]


def says(pages: Browser, path: str, code: str) -> bool:
    return " ".join(message(code).split()) in pages.get(path).text


def test_a_full_shop_is_told_until_there_is_room(shop: Shop, sandbox: Sandbox, pages: Browser) -> None:
    sandbox.fault("vk", "error:1405", "market.add")

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert failed.error_code == "vk_1405"
    assert found(shop) == [(Kind.SHOP_FULL, "", 1)]
    for path in ("/sync", "/sync/problems"):
        page = pages.get(path)
        assert "В сообществе нет места для новых товаров" in page.text and ALL_WELL not in page.text
    for product in ("P1", "P2", "P3"):
        assert says(pages, f"/catalog/stores/{TINY}/products/{product}", "vk_1405"), "also where VK was not asked"
    sandbox.clear_faults()
    shop.run()
    assert len(shop.prices()) == 3 and found(shop) == []


def test_a_full_shop_is_forgotten_when_nothing_more_is_to_be_added(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.put("P4")
    sandbox.fault("vk", "error:1405", "market.add")
    shop.run()
    assert found(shop) == [(Kind.SHOP_FULL, "", 1)]

    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P4")
    shop.run()

    assert found(shop) == []


@pytest.mark.parametrize("code", [100, 1, 1526, 1417, 424242])
def test_a_hide_that_vk_refuses_is_told_until_it_is_done(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int
) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    sandbox.fault("vk", f"error:{code}", "market.edit", suffix="no")

    shop.run()

    assert found(shop) == [(Kind.STUCK, f"vk_{code}", 1)]
    assert says(pages, "/sync/problems", f"vk_{code}")
    assert says(pages, f"/catalog/stores/{TINY}/products/P1", f"vk_{code}")
    assert ALL_WELL not in pages.get("/sync").text
    sandbox.clear_faults()
    shop.run()
    assert "P1" not in shop.prices() and found(shop) == []


def test_a_hide_that_vk_refused_and_nobody_wants_any_more_is_forgotten(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    sandbox.fault("vk", "error:100", "market.edit", suffix="no")
    shop.run()

    sandbox.clear_faults()
    shop.rule(EntityType.PRODUCT, None, "P1")
    shop.run()

    assert "P1" in shop.prices() and found(shop) == []


def test_a_deletion_that_vk_refuses_is_told(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    shop.clock.move(days=8)
    sandbox.fault("vk", "error:100", "market.delete", suffix="no")

    shop.run()

    assert found(shop) == [(Kind.STUCK, "vk_100", 1)]


def test_a_refused_change_says_on_the_products_page_that_vk_is_behind(
    shop: Shop, sandbox: Sandbox, pages: Browser
) -> None:
    shop.run()
    shop.patch("P1", price=101)
    sandbox.fault("vk", "error:19", "market.edit")
    shop.run()

    page = pages.get(f"/catalog/stores/{TINY}/products/P1")

    assert found(shop) == [(Kind.OUTDATED, "vk_19", 1)]
    assert "в ВК всё как в Эвоторе" not in page.text


def test_a_refused_new_price_is_told_as_in_vk_with_the_old_one(shop: Shop, sandbox: Sandbox, pages: Browser) -> None:
    shop.run()
    shop.patch("P1", price=101)
    sandbox.fault("vk", "error:100", "market.edit", times=1)
    shop.run()
    run = shop.run()

    product = pages.get(f"/catalog/stores/{TINY}/products/P1").text
    (row,) = pages.get("/sync/plan?show=outdated").cells()
    told = pages.get(f"/sync/runs/{run.run_id}").text
    problems = pages.get("/sync/problems")

    assert "100,00 ₽" in product and "Так товар будет выглядеть в ВК" in product
    assert "В ВК, но с прежними данными" in product and "Выбран, но не показан" not in product
    assert row[2] == "100,00 ₽" and "ВК не принял данные" in row[3] and "Попробуем снова" in row[3]
    assert "Покупатели увидят" not in told and "Не показываем" not in told
    assert "В ВК, но с прежними данными" in told
    assert "/sync/plan?show=outdated" in problems.links()
    assert not pages.get("/sync/plan?show=skipped").cells()
    assert run.skipped == {"refused": 1}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1407, [(Kind.ALBUMS_TAKEN, "", 1)]),
        (100, [(Kind.ALBUM_REFUSED, "vk_100", 2)]),
        (1446, [(Kind.ALBUM_REFUSED, "vk_1446", 2)]),
        (424242, [(Kind.ALBUM_REFUSED, "vk_424242", 2)]),
    ],
)
def test_albums_that_vk_does_not_make_are_told_until_it_does(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int, expected: list[tuple[Kind, str, int]]
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.addAlbum")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert found(shop) == expected
    assert "подбор" in pages.get("/sync/problems").text
    sandbox.clear_faults()
    shop.clock.move(hours=7)
    shop.run()
    shop.clock.move(hours=7)
    shop.run()
    assert len(shop.albums()) == 2 and found(shop) == []


@pytest.mark.parametrize("code", [100, 104, 1457, 1458, 424242])
def test_an_item_that_vk_lets_into_no_album_is_told_until_it_is_there(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.addToAlbum", suffix="no")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert found(shop) == [(Kind.NOT_IN_ALBUM, f"vk_{code}", 2)]
    listing = shop.listing("P1")
    assert listing is not None
    assert (listing.state, listing.error_code) == (LinkState.LIVE, None)
    assert says(pages, "/sync/problems", f"vk_{code}")
    assert says(pages, f"/catalog/stores/{TINY}/products/P1", f"vk_{code}")
    sandbox.clear_faults()
    shop.run()
    assert found(shop) == []


@pytest.mark.parametrize("code", [100, 1402, 424242])
def test_a_daily_read_that_vk_refuses_is_told_at_once(shop: Shop, sandbox: Sandbox, pages: Browser, code: int) -> None:
    shop.run()
    shop.clock.move(days=1, minutes=1)
    sandbox.fault("vk", f"error:{code}", "market.get", suffix="no")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, f"vk_{code}")
    assert found(shop) == [(Kind.RUNS_FAIL, f"vk_{code}", 1)]
    assert says(pages, "/sync/problems", f"vk_{code}") and says(pages, "/sync", f"vk_{code}")
    sandbox.clear_faults()
    shop.run()
    assert found(shop) == []


@pytest.mark.parametrize(("code", "expected"), [(9, []), (43, []), (29, [(Kind.QUOTA, "vk_29", 1)])])
def test_what_vk_puts_off_ends_the_run_unfinished(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int, expected: list[tuple[Kind, str, int]]
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, f"vk_{code}")
    assert found(shop) == expected
    assert says(pages, f"/sync/runs/{outcome.run_id}", f"vk_{code}")


@pytest.mark.parametrize("step", ["market.getProductPhotoUploadServer", "market.saveProductPhoto"])
@pytest.mark.parametrize("code", [22, 100, 121])
def test_a_photo_that_vk_refuses_is_the_products_trouble(shop: Shop, sandbox: Sandbox, step: str, code: int) -> None:
    sandbox.fault("vk", f"error:{code}", step, suffix="no")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert found(shop) == [(Kind.REFUSED, f"vk_{code}", 3)]


# Evotor


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("401", "evotor_unauthorized", RunStatus.STOPPED),
        ("402", "evotor_payment_required", RunStatus.FAILED),
        ("403", "evotor_forbidden", RunStatus.STOPPED),
        ("404", "evotor_not_found", RunStatus.FAILED),
        ("429", "evotor_rate_limited", RunStatus.FAILED),
        ("500", "evotor_server_error", RunStatus.FAILED),
        ("html", "evotor_malformed", RunStatus.FAILED),
        ("drop", "evotor_unreachable", RunStatus.FAILED),
    ],
)
def test_a_no_of_evotors_is_told(
    shop: Shop, sandbox: Sandbox, pages: Browser, fault: str, code: str, status: RunStatus
) -> None:
    shop.run()
    sandbox.fault("evotor", fault, "stores")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (status, code)
    assert found(shop) == [(Kind.CONNECTION, code, 1)]
    for path in (f"/sync/runs/{outcome.run_id}", "/sync/problems", "/sync", "/connections"):
        assert says(pages, path, code), path
    assert ALL_WELL not in pages.get("/sync").text


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("402", "evotor_payment_required"),
        ("403", "evotor_forbidden"),
        ("404", "evotor_not_found"),
        ("429", "evotor_rate_limited"),
        ("500", "evotor_server_error"),
        ("html", "evotor_malformed"),
        ("drop", "evotor_unreachable"),
        ("empty_list", "evotor_empty"),
    ],
)
def test_a_no_for_one_store_is_told(shop: Shop, sandbox: Sandbox, pages: Browser, fault: str, code: str) -> None:
    shop.run()
    sandbox.fault("evotor", fault, "products")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert found(shop) == [(Kind.STORE, code, 1)]
    assert says(pages, "/sync/problems", code) and ALL_WELL not in pages.get("/sync").text


# Orders


@pytest.mark.parametrize(
    ("fault", "code"), [("error:100", "order_refused"), ("captcha", "vk_14"), ("error:9", "vk_9"), ("error:3", "vk_3")]
)
def test_a_hiding_of_everything_that_fails_is_a_problem_with_its_reason(
    shop: Shop, sandbox: Sandbox, pages: Browser, fault: str, code: str
) -> None:
    shop.run()
    orders.hide_all(shop.owner)
    db.session.commit()
    sandbox.fault("vk", fault, "market.edit")

    outcome = shop.run()

    assert outcome.error == code
    assert (Kind.ORDER, code, 3) in found(shop)
    page = pages.get("/sync/problems")
    assert "Скрыто не всё: в ВК ещё видны 3 товара" in page.text
    assert says(pages, "/sync/problems", code)
    assert f"/sync/runs/{outcome.run_id}" in page.links()
    sandbox.clear_faults()
    shop.run()
    assert shop.prices() == {} and found(shop) == []
