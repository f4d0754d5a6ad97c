"""The real VK client against the sandbox over HTTP."""

import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment, VkError
from app.domain.market.items import Album, Availability, Community, Profile

CLUB, EXTENDED, MODERATED, CLOSED = 777000111, 777000222, 777000333, 777000444
MARKET = 1 << 27


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (1280, 1706), "#b9a7c9").save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def fields(vk: VkClient, jpeg: bytes) -> dict[str, Any]:
    """A new item with its photo already uploaded."""
    return {
        "name": "Чай травяной 50 г",
        "description": "Сбор с чабрецом. Артикул: TEA-17.",
        "category_id": 20064,
        "price": Decimal("64.90"),
        "sku": "ev:1",
        "main_photo_id": vk.photos.upload(CLUB, jpeg),
        "stock_amount": None,
        "deleted": False,
    }


def failure(call: Any, *args: Any) -> VkError:
    with pytest.raises(VkError) as caught:
        call(*args)
    return caught.value


def skus(sandbox: Any) -> list[str]:
    return [item["sku"] for item in sandbox.items(CLUB)]


def test_it_knows_whose_token_it_is(vk: VkClient) -> None:
    assert vk.me() == Profile(50001234, "Анна Демо")


def test_a_community_token_is_not_a_users(sandbox: Any) -> None:
    client = sandbox.vk("demo-group")
    assert failure(client.market, CLUB).code == 27


@pytest.mark.parametrize("token", ["demo-expired", "unknown"])
def test_a_dead_token_is_rejected(sandbox: Any, token: str) -> None:
    error = failure(sandbox.vk(token).me)
    assert (error.token_rejected, error.treatment) == (True, Treatment.REFRESH)


@pytest.mark.parametrize(("token", "expected"), [("demo-user", True), ("demo-noscope", False)])
def test_the_right_to_the_market_is_seen(sandbox: Any, token: str, expected: bool) -> None:
    assert bool(sandbox.vk(token).permissions() & MARKET) is expected


def test_a_token_without_the_right_stops_the_run(sandbox: Any) -> None:
    assert failure(sandbox.vk("demo-noscope").market, CLUB).treatment is Treatment.STOP


@pytest.mark.parametrize(
    ("group_id", "community"),
    [
        (CLUB, Community(CLUB, "Лавка на Садовой", True, False, 643)),
        (EXTENDED, Community(EXTENDED, "Ярмарка у моста", True, True, 643)),
    ],
)
def test_a_community_is_read(vk: VkClient, group_id: int, community: Community) -> None:
    found = vk.community(group_id)
    assert found is not None and found.picture.endswith(f"/ui/club{group_id}.svg")
    assert replace(found, picture="") == community


def test_a_shop_switched_off_is_seen(vk: VkClient) -> None:
    found = vk.community(CLOSED)
    assert found
    assert not found.market_enabled


def test_a_moderator_is_told_to_ask_for_a_role(vk: VkClient) -> None:
    error = failure(vk.add_album, MODERATED, "Чай")
    assert (error.code, error.treatment, error.outcome_unknown) == (205, Treatment.ASK, False)


def test_the_market_is_read_whole(vk: VkClient) -> None:
    assert len(vk.market(CLUB)) == 4


def test_prices_are_read_in_roubles(vk: VkClient) -> None:
    assert Decimal("18900.50") in {item.price for item in vk.market(CLUB)}


def test_a_page_of_the_market_tells_the_total(vk: VkClient) -> None:
    total, items = vk.market_page(CLUB, 1, 2)
    assert (total, len(items)) == (4, 2)


@pytest.fixture
def many(sandbox: Any) -> int:
    """So many items as five pages hold."""
    sandbox.post("vk/items", club=CLUB, add=[{"name": f"Товар «{number}»"} for number in range(900)])
    return 904


def test_many_items_take_one_page_and_one_batch(sandbox: Any, vk: VkClient, many: int) -> None:
    assert len(vk.market(CLUB)) == many
    assert (sandbox.calls("vk.market.get"), sandbox.calls("vk.execute")) == (1, 1)


def test_fifteen_thousand_items_take_four_requests(sandbox: Any, vk: VkClient) -> None:
    for _ in range(3):
        sandbox.post("vk/items", club=CLUB, add=[{"name": f"Товар {number}"} for number in range(4999)])
    assert len(vk.market(CLUB)) == 4 + 3 * 4999
    assert sandbox.get("calls")["calls"] == {"vk.market.get": 1, "vk.execute": 3}


def test_two_pages_need_no_batch(sandbox: Any, vk: VkClient) -> None:
    sandbox.post("vk/items", club=CLUB, add=[{"name": f"Товар {number}"} for number in range(300)])
    assert len(vk.market(CLUB)) == 304
    assert sandbox.get("calls")["calls"] == {"vk.market.get": 2}


def test_a_batch_brings_what_single_calls_bring(sandbox: Any, vk: VkClient, many: int) -> None:
    with VkClient(f"{sandbox.url}/method", "demo-user", per_second=1000, batch_size=1) as single:
        assert [item.id for item in vk.market(CLUB)] == [item.id for item in single.market(CLUB)]
        assert sandbox.calls("vk.execute") == 1


@pytest.mark.parametrize(
    "kind",
    [
        *("error:3", "error:12", "error:13", "no_right", "error:7", "rate_limit", "garbage", "truncated", "http_502"),
        *("not_a_list", "one_fewer", "one_error_more", "drop_before", "drop_after", "internal"),
    ],
)
def test_a_market_is_read_by_single_calls_where_its_batch_fails(
    sandbox: Any, vk: VkClient, many: int, kind: str
) -> None:
    sandbox.fault("vk", kind, method="execute")
    assert len(vk.market(CLUB)) == many
    assert sandbox.calls("vk.market.get") == 5
    assert sandbox.calls("vk.execute") <= 2


def test_a_batch_whose_answer_is_too_large_is_read_in_halves(sandbox: Any, vk: VkClient) -> None:
    sandbox.post("vk/items", club=CLUB, add=[{"name": f"Товар {number}"} for number in range(5196)])
    sandbox.post("vk/settings", execute_signs=2_000_000)
    assert len(vk.market(CLUB)) == 5200
    assert sandbox.get("calls")["calls"] == {"vk.market.get": 2, "vk.execute": 3}, "1 + 25 + 12 + 12 + 1 pages"


@pytest.mark.parametrize("kind", ["too_many", "internal"])
def test_a_page_that_fails_within_a_batch_is_asked_for_alone(sandbox: Any, vk: VkClient, many: int, kind: str) -> None:
    sandbox.fault("vk", kind, method="market.get", after=2, times=1)
    assert len(vk.market(CLUB)) == many
    assert sandbox.calls("vk.market.get") == 2


def test_a_captcha_within_a_batch_has_its_page(sandbox: Any, vk: VkClient, many: int) -> None:
    sandbox.fault("vk", "captcha", method="market.get", after=1)
    error = failure(vk.market, CLUB)
    assert (error.code, sandbox.get("calls")["calls"]) == (14, {"vk.market.get": 2, "vk.execute": 1})
    assert error.redirect_uri


@pytest.mark.parametrize("kind", ["auth", "flood", "rate_limit", "access", "market_off"])
def test_what_ends_a_read_ends_it_within_a_batch_too(sandbox: Any, vk: VkClient, many: int, kind: str) -> None:
    sandbox.fault("vk", kind, method="market.get", after=1, times=1)
    within = failure(vk.market, CLUB)
    sandbox.fault("vk", kind, method="market.get", times=1)
    alone = failure(vk.market, CLUB)
    told = [(error.code, error.treatment, error.method, error.retry_after) for error in (within, alone)]
    assert told[0] == told[1]
    assert sandbox.calls("vk.execute") == 1


def test_an_added_item_reads_back_as_it_was_sent(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    item = vk.items_by_id(CLUB, [item_id])[item_id]
    assert (item.title, item.price, item.sku) == ("Чай травяной 50 г", Decimal("64.90"), "ev:1")
    assert (item.category_id, item.photo_ids, item.availability) == (
        20064,
        (fields["main_photo_id"],),
        Availability.AVAILABLE,
    )


def test_an_edit_changes_what_it_names(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.edit_item(CLUB, item_id, {"price": Decimal("70")})
    item = vk.items_by_id(CLUB, [item_id])[item_id]
    assert (item.price, item.title) == (Decimal("70.00"), "Чай травяной 50 г")


def test_an_edit_that_changes_nothing_is_a_success(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.edit_item(CLUB, item_id, {"price": Decimal("64.9")})
    assert vk.items_by_id(CLUB, [item_id])[item_id].price == Decimal("64.90")


def test_a_hidden_item_is_still_listed(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.edit_item(CLUB, item_id, {"deleted": True})
    hidden = {item.id: item for item in vk.market(CLUB)}[item_id]
    assert hidden.availability is Availability.HIDDEN


def test_a_deleted_item_leaves_the_market(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.delete_item(CLUB, item_id)
    assert item_id not in {item.id for item in vk.market(CLUB)}


def test_deleting_twice_is_a_success(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.delete_item(CLUB, item_id)
    vk.delete_item(CLUB, item_id)
    assert item_id not in {item.id for item in vk.market(CLUB)}


def test_editing_a_deleted_item_is_for_our_records(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    vk.delete_item(CLUB, item_id)
    assert failure(vk.edit_item, CLUB, item_id, {"price": 5}).treatment is Treatment.HEAL


def test_an_album_takes_an_item_and_gives_it_back(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id, album_id = vk.add_item(CLUB, fields), vk.add_album(CLUB, "Чай")
    vk.put_in_album(CLUB, [item_id], album_id)
    assert vk.items_by_id(CLUB, [item_id])[item_id].album_ids == (album_id,)
    vk.remove_from_album(CLUB, item_id, album_id)
    assert vk.items_by_id(CLUB, [item_id])[item_id].album_ids == ()


def test_putting_an_item_in_its_album_twice_is_a_success(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id, album_id = vk.add_item(CLUB, fields), vk.add_album(CLUB, "Чай")
    vk.put_in_album(CLUB, [item_id], album_id)
    vk.put_in_album(CLUB, [item_id], album_id)
    assert Album(album_id, "Чай", 1) in vk.albums(CLUB)


def test_an_album_takes_several_items_at_once(vk: VkClient, fields: dict[str, Any], jpeg: bytes) -> None:
    other = {**fields, "sku": "ev:2", "main_photo_id": vk.photos.upload(CLUB, jpeg)}
    item_ids, album_id = [vk.add_item(CLUB, fields), vk.add_item(CLUB, other)], vk.add_album(CLUB, "Чай")
    assert vk.put_in_album(CLUB, item_ids, album_id)
    assert Album(album_id, "Чай", 2) in vk.albums(CLUB)


def test_several_items_of_which_one_stands_there_are_not_all_put(
    vk: VkClient, fields: dict[str, Any], jpeg: bytes
) -> None:
    other = {**fields, "sku": "ev:2", "main_photo_id": vk.photos.upload(CLUB, jpeg)}
    item_ids, album_id = [vk.add_item(CLUB, fields), vk.add_item(CLUB, other)], vk.add_album(CLUB, "Чай")
    vk.put_in_album(CLUB, item_ids[:1], album_id)
    assert not vk.put_in_album(CLUB, item_ids, album_id)
    assert Album(album_id, "Чай", 1) in vk.albums(CLUB)


def test_an_unknown_album_is_for_our_records(vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    assert failure(vk.put_in_album, CLUB, [item_id], 999).treatment is Treatment.HEAL


def test_a_photo_serves_one_item_only(vk: VkClient, fields: dict[str, Any]) -> None:
    vk.add_item(CLUB, fields)
    assert failure(vk.add_item, CLUB, {**fields, "sku": "ev:2"}).treatment is Treatment.HEAL


def test_links_in_the_description_are_to_be_left_out(vk: VkClient, fields: dict[str, Any]) -> None:
    error = failure(vk.add_item, CLUB, {**fields, "description": "Подробнее на https://example.test"})
    assert error.treatment is Treatment.ADJUST


def test_a_full_community_takes_no_more(sandbox: Any, vk: VkClient, fields: dict[str, Any]) -> None:
    sandbox.post("limits", items=4)
    assert failure(vk.add_item, CLUB, fields).treatment is Treatment.SKIP


@pytest.mark.parametrize("kind", ["http_502", "garbage", "drop"])
def test_a_failed_upload_is_sent_again(sandbox: Any, vk: VkClient, jpeg: bytes, kind: str) -> None:
    sandbox.fault("upload", kind, times=2)
    assert vk.photos.upload(CLUB, jpeg) > 0


def test_a_save_whose_answer_is_lost_is_uploaded_again(sandbox: Any, vk: VkClient, jpeg: bytes) -> None:
    sandbox.fault("vk", "drop_after", method="market.saveProductPhoto", times=1)
    assert vk.photos.upload(CLUB, jpeg) > 0
    assert sandbox.calls("upload.product") == 2


def test_a_bad_picture_fails_after_three_uploads(sandbox: Any, vk: VkClient) -> None:
    error = failure(vk.photos.upload, CLUB, b"not a picture")
    assert (error.code, error.treatment) == (22, Treatment.FAIL)
    assert sandbox.calls("upload.product") == 3


@pytest.mark.parametrize("kind", ["internal", "http_502", "garbage", "drop_before", "drop_after", "too_many"])
def test_a_passing_fault_of_a_read_is_outlived(sandbox: Any, vk: VkClient, kind: str) -> None:
    sandbox.fault("vk", kind, method="market.get", times=2)
    assert len(vk.market(CLUB)) == 4


@pytest.mark.parametrize("kind", ["http_502_after", "garbage_after", "drop_after"])
def test_an_add_whose_answer_is_lost_is_not_repeated(
    sandbox: Any, vk: VkClient, fields: dict[str, Any], kind: str
) -> None:
    sandbox.fault("vk", kind, method="market.add", times=1)
    assert failure(vk.add_item, CLUB, fields).outcome_unknown
    assert skus(sandbox).count("ev:1") == 1


@pytest.mark.parametrize("kind", ["internal", "drop_before", "http_502"])
def test_an_add_that_may_not_have_arrived_is_not_repeated_either(
    sandbox: Any, vk: VkClient, fields: dict[str, Any], kind: str
) -> None:
    sandbox.fault("vk", kind, method="market.add", times=1)
    assert failure(vk.add_item, CLUB, fields).outcome_unknown
    assert sandbox.calls("vk.market.add") == 1


def test_an_edit_whose_answer_is_lost_is_repeated(sandbox: Any, vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    sandbox.fault("vk", "drop_after", method="market.edit", times=1)
    vk.edit_item(CLUB, item_id, {"price": Decimal("70")})
    assert vk.items_by_id(CLUB, [item_id])[item_id].price == Decimal("70.00")


def test_a_deletion_whose_answer_is_lost_is_repeated(sandbox: Any, vk: VkClient, fields: dict[str, Any]) -> None:
    item_id = vk.add_item(CLUB, fields)
    sandbox.fault("vk", "drop_after", method="market.delete", times=1)
    vk.delete_item(CLUB, item_id)
    assert sandbox.calls("vk.market.delete") == 2


def test_a_captcha_is_for_a_person(sandbox: Any, vk: VkClient) -> None:
    sandbox.fault("vk", "captcha", method="market.get", times=1)
    error = failure(vk.market, CLUB)
    assert (error.treatment, error.retry_after) == (Treatment.ASK, 3600)
    assert error.redirect_uri


@pytest.mark.parametrize(("kind", "seconds"), [("flood", 60), ("rate_limit", 86_400), ("error:43", 900)])
def test_a_long_wait_is_told(sandbox: Any, vk: VkClient, slept: list[float], kind: str, seconds: float) -> None:
    sandbox.fault("vk", kind, method="market.get", times=1)
    assert failure(vk.market, CLUB).retry_after == seconds
    assert max(slept, default=0) < 1


def test_it_reads_the_categories_of_a_community(vk: VkClient) -> None:
    categories = {category.id: category for category in vk.categories(CLUB)}

    assert categories[20064].title == "Продукты питания › Напитки"
    assert categories[50053].path == ("Украшения", "Ювелирные украшения", "Кольца")
    assert len(categories) > 100


def test_categories_of_a_closed_shop_are_not_told(vk: VkClient) -> None:
    assert failure(vk.categories, CLOSED).code == 1438
