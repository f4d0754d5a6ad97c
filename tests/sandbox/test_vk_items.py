"""Items: what is written is what is read, hiding, deleting, limits (docs/contracts/vk.md §4, §13.2 and §13.3)."""

from app.sandbox.seed import CLUB_ID, EXTENDED_CLUB_ID

from .conftest import Control, Vk

DAY = 24 * 3600


def test_an_added_item_is_read_back_under_the_names_of_reads(vk: Vk) -> None:
    item_id = vk.add(stock_amount=14)
    item = vk.one(item_id)
    assert item is not None
    assert item["title"] == "Хлеб ржаной 650 г"
    assert item["price"]["amount"] == "6490"
    assert item["price"]["text"] == "64,90 ₽"
    assert (item["sku"], item["stock_amount"], item["availability"]) == ("ev:1", 14, 0)
    assert item["category"]["name"] == "Бакалея"
    assert len(item["photos"]) == 1


def test_whole_roubles_have_no_kopecks_in_their_text(vk: Vk) -> None:
    item = vk.one(vk.add(price=1250))
    assert item is not None
    assert item["price"]["text"] == "1 250 ₽"


def test_ids_start_at_nine_million_and_are_never_reused(vk: Vk) -> None:
    first = vk.add()
    vk.ok("market.delete", owner_id=-CLUB_ID, item_id=first)
    assert 9_000_001 <= first < vk.add()


def test_the_newest_items_come_first_and_count_is_the_total(vk: Vk) -> None:
    old, new = vk.add(), vk.add()
    page = vk.get(count=2)
    assert [item["id"] for item in page["items"]] == [new, old]
    assert page["count"] == 6
    assert vk.listed(count=2, offset=1)[0] == old


def test_albums_are_shown_only_when_asked_for_more(vk: Vk) -> None:
    assert "albums_ids" not in vk.get()["items"][0]
    assert "albums_ids" in vk.get(extended=1)["items"][0]


def test_an_equal_edit_has_nothing_to_change(vk: Vk) -> None:
    draft = vk.draft()
    item_id = vk.ok("market.add", **draft)["market_item_id"]
    error = vk.error("market.edit", **{**draft, "item_id": item_id, "price": "64.90"})
    assert (error["error_code"], error["error_msg"].rpartition(": ")[2]) == (100, "nothing to change")


def test_an_edit_changes_only_what_it_names(vk: Vk) -> None:
    item_id = vk.add(stock_amount=3)
    assert vk.edit(item_id, price="70") == 1
    item = vk.one(item_id)
    assert item is not None
    assert (item["price"]["amount"], item["stock_amount"], item["title"]) == ("7000", 3, "Хлеб ржаной 650 г")


def test_an_old_price_equal_to_the_price_removes_the_crossed_out_one(vk: Vk) -> None:
    item_id = vk.add(price=80, old_price=100)
    item = vk.one(item_id)
    assert item is not None
    assert (item["price"]["old_amount"], item["price"]["discount_rate"]) == ("10000", -20)
    vk.edit(item_id, old_price=80)
    assert "old_amount" not in (vk.one(item_id) or {})["price"]


def test_a_hidden_item_is_listed_only_with_the_disabled(vk: Vk) -> None:
    item_id = vk.add(deleted=1)
    assert item_id not in vk.listed()
    assert item_id in vk.listed(with_disabled=1)
    assert (vk.one(item_id) or {})["availability"] == 2
    vk.edit(item_id, deleted=0)
    assert item_id in vk.listed()


def test_no_stock_makes_an_item_unavailable_in_an_extended_shop_only(vk: Vk) -> None:
    basic, extended = vk.add(stock_amount=0), vk.add(owner_id=-EXTENDED_CLUB_ID, stock_amount=0)
    assert (vk.one(basic) or {})["availability"] == 0
    assert (vk.one(extended, -EXTENDED_CLUB_ID) or {})["availability"] == 2


def test_a_deleted_item_can_be_asked_for_by_id_for_a_day(vk: Vk, control: Control) -> None:
    item_id = vk.add()
    vk.ok("market.delete", owner_id=-CLUB_ID, item_id=item_id)
    assert item_id not in vk.listed(with_disabled=1)
    assert (vk.one(item_id) or {})["availability"] == 1
    control.post("clock", advance=DAY)
    assert vk.one(item_id) is None


def test_deleting_or_editing_a_deleted_item_finds_nothing(vk: Vk) -> None:
    item_id = vk.add()
    vk.ok("market.delete", owner_id=-CLUB_ID, item_id=item_id)
    assert vk.code("market.delete", owner_id=-CLUB_ID, item_id=item_id) == 1403
    assert vk.code("market.edit", owner_id=-CLUB_ID, item_id=item_id, price=1) == 1403


def test_restore_works_for_a_day_and_only_for_deleted_items(vk: Vk, control: Control) -> None:
    item_id = vk.add()
    target = {"owner_id": -CLUB_ID, "item_id": item_id}
    assert vk.code("market.restore", **target) == 1518
    vk.ok("market.delete", **target)
    vk.ok("market.restore", **target)
    assert item_id in vk.listed()
    vk.ok("market.delete", **target)
    control.post("clock", advance=DAY)
    assert vk.code("market.restore", **target) == 1400


def test_a_full_market_takes_no_more_and_hidden_items_count(vk: Vk, control: Control) -> None:
    control.post("limits", items=5)
    vk.add(deleted=1)
    assert vk.code("market.add", **vk.draft()) == 1405


def test_limits_are_checked_before_the_content(vk: Vk, control: Control) -> None:
    control.post("limits", items=0)
    assert vk.code("market.add", **vk.draft(description="Подробнее: www.example.ru")) == 1405


def test_links_in_a_description_are_refused_unless_switched_off(vk: Vk, control: Control) -> None:
    draft = vk.draft(description="Подробнее: https://example.ru/tea")
    assert vk.code("market.add", **draft) == 1408
    control.post("vk/settings", check_links=False)
    vk.ok("market.add", **draft)


def test_items_may_be_added_without_a_photo_where_the_setting_says_so(vk: Vk, control: Control) -> None:
    control.post("vk/settings", photo_required=False)
    draft = vk.draft(main_photo_id="")
    del draft["main_photo_id"]
    vk.ok("market.add", **draft)


def test_search_takes_prices_in_hundredths(vk: Vk) -> None:
    item_id = vk.add(price="64.9")
    found = vk.ok("market.search", owner_id=-CLUB_ID, q="ржаной", price_from=6490, price_to=6490)
    assert [item["id"] for item in found["items"]] == [item_id]


def test_a_removed_category_is_refused(vk: Vk, control: Control) -> None:
    control.post("vk/settings", removed_categories=[20055])
    assert vk.code("market.add", **vk.draft()) == 100


def test_items_can_be_moved_within_the_list(vk: Vk) -> None:
    old, new = vk.add(), vk.add()
    vk.ok("market.reorderItems", owner_id=-CLUB_ID, item_id=old, before=new)
    assert vk.listed()[:2] == [old, new]


def test_only_a_leaf_of_the_tree_takes_items(vk: Vk) -> None:
    sections = vk.ok("market.getCategories", group_id=CLUB_ID)["items"]
    (food,) = [section for section in sections if section["name"] == "Продукты питания"]
    assert {"id": 20055, "name": "Бакалея"} in food["children"]
    assert vk.error("market.edit", owner_id=-CLUB_ID, item_id=vk.add(), category_id=food["id"])["error_code"] == 100
