"""One bad product or album is one bad entry: VK refuses it, and the others go on."""

from collections.abc import Callable

import pytest

from app.clients.http import Response
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import TINY, Shop

pytestmark = pytest.mark.one_by_one

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


@pytest.mark.parametrize(("code", "text"), [(100, "name is too strange"), (1408, ""), (19, ""), (1417, "")])
def test_a_refused_product_is_one_failed_entry(shop_everywhere: Shop, sandbox: Sandbox, code: int, text: str) -> None:
    shop = shop_everywhere
    sandbox.fault("vk", f"error:{code}", "market.add", times=1, suffix=text)

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert failed.error_code == f"vk_{code}"
    assert failed.error_text
    assert len(shop.prices()) == 2
    product = failed.product_id or ""
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.calls("market.add") == 0, "not repeated while unchanged"
    shop.patch(product, price=77)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices() == {**ALL, product: "77.00"}


def test_a_refused_product_is_tried_again_one_day(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:19", "market.add", times=1)
    shop.run()
    shop.clock.move(hours=7)

    shop.run()

    assert shop.prices() == ALL


def test_a_refused_edit_is_one_failed_entry_and_is_not_repeated(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.patch("P1", price=111)
    shop.patch("P2", price=222)
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="price looks wrong")

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert (failed.error_code, failed.error_text) == ("vk_100", "price looks wrong")
    shop.forget_calls()
    shop.run()
    assert shop.calls("market.edit") == 0
    shop.clock.move(hours=7)
    shop.run()
    assert shop.prices() == {**ALL, "P1": "111.00", "P2": "222.00"}


def test_a_hide_that_vk_refused_is_repeated_at_once(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    sandbox.fault("vk", "error:100", "market.edit", times=1, suffix="not now")
    shop.run()

    shop.run()

    assert shop.item("P1")["hidden"]


def test_links_that_vk_dislikes_are_left_out(shop: Shop, sandbox: Sandbox) -> None:
    shop.patch("P1", description="Чай со склада, подробности на tea.example, доставка")
    sandbox.fault("vk", "error:1408", "market.add", times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert shop.item("P1")["description"] == "Чай со склада, подробности на  доставка"
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_an_item_deleted_by_hand_is_not_made_again(shop_everywhere: Shop, sandbox: Sandbox) -> None:
    shop = shop_everywhere
    shop.run()
    sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])
    shop.patch("P1", price=111)

    assert shop.run().status == RunStatus.SUCCEEDED

    (failed,) = [entry for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED]
    assert (failed.product_id, failed.error_code) == ("P1", "vk_1403")
    listing = shop.listing("P1")
    assert listing is not None
    assert listing.state == LinkState.GONE
    shop.forget_calls()
    for _ in range(2):
        shop.clock.move(days=2)
        assert shop.run().status == RunStatus.SUCCEEDED
        assert shop.last_run().skipped == {"gone": 1}
    assert shop.calls("market.add") == 0


def test_a_photo_that_another_item_has_is_uploaded_again(shop: Shop, sandbox: Sandbox) -> None:
    suffix = "photo not found or already assigned to another item"
    sandbox.fault("vk", "error:100", "market.add", times=1, suffix=suffix)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert {entry.outcome for entry in shop.entries()} == {EntryOutcome.DONE}


def test_a_picture_that_vk_refuses_stops_nobody_else(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("upload", "bad_image", times=3)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(shop.prices()) == 2


def test_a_full_community_takes_no_more_adds_but_edits_go_on(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("limits", items=len(sandbox.items()) + len(sandbox.strangers()))
    shop.put("P4")
    shop.put("P5")
    shop.patch("P1", price=111)
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.add") == 1
    assert shop.prices() == {**ALL, "P1": "111.00"}


def test_too_many_albums_leave_the_items_outside(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.control("limits", albums=4)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert len(shop.albums()) == 1


def test_a_shop_that_keeps_no_stock_any_more(extended_shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:1409", "market.add", times=1)

    assert extended_shop.run().status == RunStatus.SUCCEEDED

    assert {item["stock_amount"] for item in sandbox.items(EXTENDED_CLUB)} == {None}
    extended_shop.forget_calls()
    extended_shop.run()
    assert extended_shop.writes() == 0


def test_an_edit_that_vk_answers_with_zero_is_refused_not_lost(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run()
    shop.patch("P1", price=111)

    def zero(_call: Callable[[], Response]) -> Response:
        return Response(200, {}, b'{"response": 0}')

    shop.on_call("/market.edit", zero)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [entry.outcome for entry in shop.entries()] == [EntryOutcome.FAILED]


@pytest.mark.parametrize("code", [1446, 1457, 1458])
def test_a_rename_that_the_main_album_forbids_is_not_repeated(shop: Shop, sandbox: Sandbox, code: int) -> None:
    shop.run()
    sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": "Чай и травы"}])
    sandbox.fault("vk", f"error:{code}", "market.editAlbum")
    shop.run()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.editAlbum") == 0
    assert shop.albums()["Чай и травы"] == ["P1"]


def test_an_album_that_vk_refuses_is_left_alone_for_hours(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:100", "market.addAlbum")
    shop.run()
    shop.forget_calls()

    for _ in range(3):
        shop.clock.move(minutes=15)
        assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.calls("market.addAlbum"), shop.calls("market.getAlbums")) == (0, 0)
    assert shop.calls("market.get") == 3, "one question a run, and the market is not read"
    sandbox.clear_faults()
    shop.clock.move(hours=6)
    shop.run()
    assert shop.albums() == {"Чай": ["P1"], "Мёд": ["P2"]}


def test_goods_of_an_album_that_vk_will_not_rename_move_to_a_new_one(shop: Shop, sandbox: Sandbox) -> None:
    shop.run()
    sandbox.control("evotor/groups", store=TINY, patch=[{"id": "G1", "name": "Чай и травы"}])
    shop.put("P4", price=400, parent_id="G1")
    sandbox.fault("vk", "error:100", "market.editAlbum")
    shop.run()
    shop.forget_calls()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls("market.editAlbum") == 0
    assert shop.albums()["Чай и травы"] == ["P1", "P4"]
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0
