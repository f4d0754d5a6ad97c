"""docs/contracts/vk.md §11, row by row: what one answer of VK to an add does to the whole run."""

import pytest
from structlog.testing import capture_logs

from app.clients.vk.error_table import CODES
from app.db import db
from app.domain.planning.changes import LinkState
from app.models import ConnectionState, EntryOutcome, RunStatus
from app.services.owner import settings
from app.web.messages import message
from tests.support.page import Browser
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import TINY, Shop

pytestmark = pytest.mark.one_by_one

ALL_WELL = "Всё в порядке"
ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}

PASSES_BY_ITSELF = [1, 6, 8, 10, 32, 36]
MARKS_THE_PRODUCT = [
    *(12, 13, 19, 100, 104, 114, 118, 121, 122, 129, 22, 105),
    *range(1411, 1418),
    *(1418, 1419, 1421, 1423, 1424, 1425, 1426, 1427, 1429, 1430, 1433, 1434, 1435, 1436, 1456),
    *(1400, 1402, 424242),
]
ASKS_THE_OWNER = {
    ConnectionState.TOKEN_REJECTED: [5, 1117, 3609],
    ConnectionState.FORBIDDEN: [7, 15, 27, 28, 200, 203, 205],
    ConnectionState.SHOP_CLOSED: [1438, 1525],
    ConnectionState.NEEDS_OWNER: [
        *(14, 3300, 17, 18, 37, 3610, 3611, 24, 25, 11500, 101, 113, 125, 260, 3301, 3302, 3303, 3304, 3305)
    ],
}
POSTPONES = [9, 29, 43]
COMES_ELSEWHERE = [1403, 1404, 1405, 1406, 1407, 1408, 1409, 1410, 1431, 1432, 1446, 1457, 1458, 1518, 1526]
"""Their tests stand below and in other files."""
STOPS_AND_ALERTS = [2, 3, 4, 11, 16, 20, 21, 23, 42, 103, 9999]


def is_told(pages: Browser, code: str, *paths: str) -> None:
    """The sentence for the code stands on every one of these pages."""
    sentence = plain(message(code))
    assert [path for path in paths if sentence not in plain(pages.get(path).text)] == [], sentence


def plain(text: str) -> str:
    """Its first sentence may be a title."""
    return " ".join(text.replace(".", " ").split())


def product_page(product_id: str) -> str:
    return f"/catalog/stores/{TINY}/products/{product_id}"


def test_no_row_of_the_table_is_left_out() -> None:
    walked = {*PASSES_BY_ITSELF, *MARKS_THE_PRODUCT, *STOPS_AND_ALERTS, *COMES_ELSEWHERE, *POSTPONES}
    walked |= {code for codes in ASKS_THE_OWNER.values() for code in codes}

    assert CODES.keys() - walked == set()


@pytest.mark.parametrize("code", PASSES_BY_ITSELF)
def test_what_passes_by_itself_is_repeated_without_a_second_item(shop: Shop, sandbox: Sandbox, code: int) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert len(sandbox.items()) == len(ALL)
    assert sum(shop.clock.slept) <= 30


@pytest.mark.parametrize("code", MARKS_THE_PRODUCT)
def test_what_concerns_one_product_leaves_the_others_alone_and_is_told(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add", times=1, suffix="VK says no")

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert failed.error_code == f"vk_{code}"
    assert len(shop.prices()) == len(ALL) - 1
    listing = shop.listing(failed.product_id or "")
    assert listing is not None
    assert (listing.state, listing.error_code) == (LinkState.ADDING, f"vk_{code}")
    is_told(pages, f"vk_{code}", f"/sync/runs/{failed.run_id}", "/sync/problems", product_page(failed.product_id or ""))
    assert ALL_WELL not in pages.get("/sync").text


@pytest.mark.parametrize(
    ("code", "state"), [(code, state) for state, codes in ASKS_THE_OWNER.items() for code in codes]
)
def test_what_the_owner_has_to_mend_stops_the_run_and_shows(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int, state: ConnectionState
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add")

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, f"vk_{code}")
    assert shop.calls("market.add") == 1
    assert sandbox.items() == []
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.state, connection.error_code) == (state, f"vk_{code}")
    is_told(pages, f"vk_{code}", f"/sync/runs/{outcome.run_id}", "/sync/problems", "/sync", "/connections")
    assert ALL_WELL not in pages.get("/sync").text


@pytest.mark.parametrize("code", STOPS_AND_ALERTS)
def test_what_we_have_to_mend_stops_the_run_alerts_and_is_told(
    shop: Shop, sandbox: Sandbox, pages: Browser, code: int
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add")

    with capture_logs() as lines:
        outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.FAILED, f"vk_{code}")
    assert shop.calls("market.add") == 1
    assert ("error", "vk_refuses_application") in {(line["log_level"], line["event"]) for line in lines}
    is_told(pages, f"vk_{code}", f"/sync/runs/{outcome.run_id}", "/sync/problems", "/sync")
    assert ALL_WELL not in pages.get("/sync").text


@pytest.mark.parametrize("code", [14, 17])
def test_the_page_that_a_person_has_to_open_is_kept_until_the_problem_is_gone(
    shop: Shop, sandbox: Sandbox, code: int
) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add", times=1)
    shop.run()
    connection = shop.owner.vk
    assert connection is not None
    assert (connection.way_out or "").startswith(sandbox.url)

    shop.run()

    connection = shop.owner.vk
    assert connection is not None
    assert connection.way_out is None


def test_after_a_captcha_vk_is_asked_slowly(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:14", "market.add", times=1)
    shop.run()
    shop.clock.slept.clear()

    shop.run()

    assert any(2 < pause <= 3.1 for pause in shop.clock.slept)


def test_a_category_that_is_gone_is_replaced_and_the_owner_is_told(shop: Shop, sandbox: Sandbox) -> None:
    settings.change(shop.owner, category_id=20055)
    db.session.commit()
    sandbox.control("vk/settings", removed_categories=[20055])

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert {item["category_id"] for item in sandbox.items()} == {1}
    assert {entry.error_code for entry in shop.entries() if entry.action == "add"} == {"vk_category"}
    assert shop.calls("market.add") == len(ALL) + 1, "asked once only"
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0


def test_a_full_album_is_left_alone_until_the_next_day(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("limits", album_items=1)
    for number in range(3):
        shop.put(f"T{number}", parent_id="G1")
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 6
    tried = shop.calls("market.addToAlbum")
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.calls("market.addToAlbum") == tried
    sandbox.control("limits", album_items=1000)
    shop.clock.move(days=1, minutes=1)
    shop.run()
    assert len(shop.albums()["Чай"]) == 4


@pytest.mark.parametrize("code", [1446, 1457, 1458])
def test_rules_of_the_main_album_fail_the_album_step_only(shop: Shop, sandbox: Sandbox, code: int) -> None:
    sandbox.fault("vk", f"error:{code}", "market.addAlbum", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL


def test_an_item_that_is_gone_already_counts_as_deleted(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", allow_to_sell=False)
    shop.run()
    shop.drop("P1")
    shop.run()
    shop.clock.move(days=8)
    sandbox.fault("vk", "error:1403", "market.delete")

    assert shop.run().status == RunStatus.SUCCEEDED

    shop.clock.move(seconds=2)
    shop.run()
    assert shop.listing("P1") is None


@pytest.mark.parametrize("code", [1409, 1410])
def test_a_shop_without_stock_gets_none(extended_shop: Shop, sandbox: Sandbox, code: int) -> None:
    sandbox.fault("vk", f"error:{code}", "market.add", times=1)

    assert extended_shop.run().status == RunStatus.SUCCEEDED

    assert {item["stock_amount"] for item in sandbox.items(EXTENDED_CLUB)} == {None}


def test_an_album_deleted_meanwhile_is_made_again(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.put("P4", parent_id="G1")
    (tea,) = [album["id"] for album in sandbox.dump()["vk"]["clubs"][str(CLUB)]["albums"] if album["title"] == "Чай"]
    sandbox.control("vk/albums", club=CLUB, delete=[tea])

    shop.run()
    shop.run()

    assert shop.albums() == {"Чай": ["P1", "P4"], "Мёд": ["P2"]}
