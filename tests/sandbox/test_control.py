"""What tests and demos can see and change from outside."""

from app.sandbox.seed import ACCOUNT_ID, CLUB_ID

from .conftest import Control, Evotor, Vk


def test_the_dump_shows_hidden_deleted_and_foreign_items(vk: Vk, control: Control) -> None:
    hidden, deleted = vk.add(deleted=1), vk.add()
    vk.ok("market.delete", owner_id=-CLUB_ID, item_id=deleted)
    items = {item["id"]: item for item in control.club()["items"]}
    assert items[hidden]["hidden"]
    assert items[deleted]["deleted"]
    assert [item["sku"] for item in items.values() if item["foreign"]] == ["", "", "SAM-5", "A-17"]


def test_only_stored_changes_count_as_writes(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.post("calls/reset")
    item_id = vk.ok("market.add", **draft)["market_item_id"]
    vk.code("market.edit", owner_id=-CLUB_ID, item_id=item_id, price="64.9")
    vk.get()
    dump = control.get("dump")
    assert dump["writes"] == 1
    assert dump["calls"] == {"vk.market.add": 1, "vk.market.edit": 1, "vk.market.get": 1}


def test_the_list_of_calls_tells_their_order_and_outcome_without_tokens(vk: Vk, control: Control) -> None:
    vk.ok("users.get")
    vk.code("market.get")
    calls = control.get("calls?service=vk")["entries"]
    assert [(call["target"], call["outcome"]) for call in calls] == [("users.get", "ok"), ("market.get", 100)]


def test_the_owner_adds_edits_and_deletes_by_hand(vk: Vk, control: Control) -> None:
    facts = {"name": "Своё", "price": 10, "sku": "ev:77", "album_ids": [1]}
    item_id = control.post("vk/items", club=CLUB_ID, add=[facts])["added"][0]
    assert item_id in vk.listed(album_id=1)
    control.post("vk/items", club=CLUB_ID, edit=[{"id": item_id, "price": "12.50"}])
    assert (vk.one(item_id) or {})["price"]["amount"] == "1250"
    control.post("vk/items", club=CLUB_ID, delete=[item_id])
    assert vk.code("market.edit", owner_id=-CLUB_ID, item_id=item_id, price=1) == 1403


def test_items_tell_whether_the_api_touched_them(vk: Vk, control: Control) -> None:
    foreign = control.club()["items"][0]["id"]
    vk.edit(foreign, price=1)
    assert [item["api_writes"] for item in control.club()["items"]] == [1, 0, 0, 0]


def test_stores_come_and_go(evotor: Evotor, control: Control) -> None:
    store = {"id": "20260101-0000-4000-8000-00000000AAAA", "name": "Новая точка"}
    control.post("evotor/stores", account=ACCOUNT_ID, upsert=[store])
    control.post("evotor/groups", store=store["id"], upsert=[{"id": "g", "name": "Группа"}])
    assert evotor(f"/stores/{store['id']}/product-groups/g").get_json()["name"] == "Группа"
    control.post("evotor/stores", account=ACCOUNT_ID, delete=[store["id"]])
    assert evotor(f"/stores/{store['id']}").status_code == 404


def test_clubs_and_tokens_can_be_made_for_a_test(vk: Vk, control: Control) -> None:
    control.post("vk/clubs", id=777000999, market_type="advanced", levels={"50009999": 2})
    control.post("vk/tokens", value="mine", user_id=50009999, rights=["market"], expires_in=60)
    vk.ok("market.get", owner_id=-777000999, token="mine")
    control.post("vk/tokens", value="mine", revoke=True)
    assert vk.code("market.get", owner_id=-777000999, token="mine") == 5


def test_reset_brings_the_seed_back(vk: Vk, control: Control) -> None:
    before = control.club()["items"]
    vk.add()
    control.fault("vk", "auth")
    control.post("reset")
    assert [item["id"] for item in control.club()["items"]] == [item["id"] for item in before]
    vk.ok("users.get")


def test_a_misspelt_switch_is_refused(control: Control) -> None:
    assert control.http.post("/_control/limits", json={"item": 5}).status_code == 400
    assert control.http.post("/_control/no-such").status_code == 404


def test_the_shop_window_marks_what_buyers_do_not_see(vk: Vk) -> None:
    vk.add(name="Скрытый <хлеб>", deleted=1)
    page = vk.http.get(f"/ui/club{CLUB_ID}").text
    assert "Скрытый &lt;хлеб&gt;" in page
    assert "скрыт</span>" in page
    assert "64,90 ₽" in page
    assert "Подарки · 2" in page
    assert vk.http.get("/ui/club1").status_code == 404
