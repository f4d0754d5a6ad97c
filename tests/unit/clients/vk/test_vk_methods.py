from decimal import Decimal

import pytest
import requests
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment
from app.domain.market.items import Profile
from tests.support.vk_answers import GROUP, Answer, answers, failure, forms, items_page, refusal, response, wrong


class TestReads:
    def test_me_is_the_owner_of_the_token(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "users.get", response([{"id": 5, "first_name": "Анна", "last_name": "Демо"}]))
        assert client.me() == Profile(5, "Анна Демо")

    @pytest.mark.parametrize(("rights", "code"), [(refusal(27), 27), (refusal(28), 28), (response(0), 27)])
    def test_of_a_token_of_nobody_vk_says_what_it_is(
        self, vendor: requests_mock.Mocker, client: VkClient, rights: Answer, code: int
    ) -> None:
        answers(vendor, "users.get", response([]))
        answers(vendor, "account.getAppPermissions", rights)
        error = failure(client.me)
        assert (error.code, error.treatment) == (code, Treatment.ASK)

    def test_a_market_page_asks_for_hidden_items(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", items_page(7, 3, 2))
        total, items = client.market_page(GROUP, 5, 2)
        assert (total, [item.id for item in items]) == (7, [3, 2])
        form = forms(vendor)[0]
        assert (form["owner_id"], form["offset"], form["count"]) == (f"-{GROUP}", "5", "2")
        assert (form["with_disabled"], form["extended"]) == ("1", "1")

    def test_the_market_is_read_to_its_total(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", items_page(4, 4, 3), items_page(4, 2, 1))
        assert [item.id for item in client.market(GROUP)] == [4, 3, 2, 1]
        assert [form["offset"] for form in forms(vendor)] == ["0", "2"]

    def test_the_market_ends_at_an_empty_page(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", items_page(4, 4, 3), items_page(4))
        assert [item.id for item in client.market(GROUP)] == [4, 3]

    def test_a_page_of_false_alone_is_not_the_end(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", response({"count": 2, "items": [False]}), items_page(2, 1))
        assert [item.id for item in client.market(GROUP)] == [1]

    def test_an_item_met_twice_counts_once(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", items_page(4, 4, 3), items_page(4, 3, 2))
        assert [item.id for item in client.market(GROUP)] == [4, 3, 2]

    def test_each_page_of_the_market_calls_the_hook(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", items_page(2, 2), items_page(2, 1))
        renewed: list[int] = []
        client.market(GROUP, on_page=lambda: renewed.append(1))
        assert len(renewed) == 2

    def test_a_read_without_a_needed_field_is_malformed(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.get", response({"items": []}))
        error = failure(lambda: client.market(GROUP))
        assert (error.code, error.outcome_unknown) == (None, False)

    def test_items_are_asked_for_by_a_hundred(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.getById", items_page(1, 1), items_page(1, 101))
        assert list(client.items_by_id(GROUP, range(1, 151))) == [1, 101]
        asked = [form["item_ids"].split(",") for form in forms(vendor)]
        assert ([len(ids) for ids in asked], asked[1][0]) == ([100, 50], f"-{GROUP}_101")

    def test_no_items_need_no_call(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        assert client.items_by_id(GROUP, []) == {}

    def test_albums_are_read_page_by_page(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.getAlbums", items_page(2, 1), items_page(2, 2))
        assert [album.id for album in client.albums(GROUP)] == [1, 2]

    def test_an_unknown_community_is_none(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "groups.getById", response({"groups": [], "profiles": []}))
        assert client.community(GROUP) is None


class TestWritesTogether:
    def test_edits_go_by_one_request(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "execute", response([1, 1]))
        assert client.edit_items(GROUP, [(5, {"price": Decimal("64.90")}), (6, {"deleted": 1})]) == [True, True]
        (form,) = forms(vendor)
        assert 'calls = [{"price": "64.90", "owner_id": "-777000111", "item_id": "5"}, {"deleted": "1",' in form["code"]
        assert "API.market.edit(" in form["code"]

    def test_deletions_go_by_one_request(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "execute", response([1, 1]))
        assert client.delete_items(GROUP, [5, 6]) == [True, True]
        assert "API.market.delete(" in forms(vendor)[0]["code"]

    def test_there_is_room_until_vk_refuses(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        assert client.room == 25
        answers(vendor, "execute", refusal(12))
        assert client.delete_items(GROUP, [5, 6]) == [None, None]
        assert client.room == 1


class TestWrites:
    def test_an_edit_names_its_item(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.edit", response(1))
        client.edit_item(GROUP, 5, {"price": Decimal("64.90")})
        form = forms(vendor)[0]
        assert (form["owner_id"], form["item_id"], form["price"]) == (f"-{GROUP}", "5", "64.90")

    def test_an_edit_of_unclear_outcome_is_repeated(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.edit", {"exc": requests.ReadTimeout}, wrong("nothing to change"))
        client.edit_item(GROUP, 5, {})
        assert vendor.call_count == 2

    def test_an_edit_answered_by_zero_failed(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.edit", response(0))
        assert failure(lambda: client.edit_item(GROUP, 5, {})).treatment is Treatment.FAIL

    def test_an_edit_of_a_missing_item_is_for_our_records(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.edit", refusal(1403))
        assert failure(lambda: client.edit_item(GROUP, 5, {})).treatment is Treatment.HEAL

    def test_deleting_a_missing_item_is_a_success(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.delete", refusal(1403))
        client.delete_item(GROUP, 5)
        assert vendor.call_count == 1

    def test_an_item_already_in_its_album_is_a_success(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", refusal(1404))
        assert client.put_in_album(GROUP, [5], 7)
        assert forms(vendor)[0]["item_ids"] == "5"

    def test_several_items_are_put_by_one_call(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", response(1))
        assert client.put_in_album(GROUP, [5, 6, 8], 7)
        assert [(form["item_ids"], form["album_ids"]) for form in forms(vendor)] == [("5,6,8", "7")]

    def test_one_of_several_that_is_there_already_says_nothing_of_the_others(
        self, vendor: requests_mock.Mocker, client: VkClient
    ) -> None:
        answers(vendor, "market.addToAlbum", refusal(1404))
        assert not client.put_in_album(GROUP, [5, 6], 7)
        assert vendor.call_count == 1

    def test_a_put_of_several_without_an_answer_is_sent_again(
        self, vendor: requests_mock.Mocker, client: VkClient
    ) -> None:
        answers(vendor, "market.addToAlbum", {"exc": requests.ReadTimeout}, response(1))
        assert client.put_in_album(GROUP, [5, 6], 7)
        assert [form["item_ids"] for form in forms(vendor)] == ["5,6", "5,6"]

    def test_several_items_have_no_older_name(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", wrong("item_id is undefined"))
        assert failure(lambda: client.put_in_album(GROUP, [5, 6], 7)).code == 100
        assert vendor.call_count == 1

    def test_an_album_that_wants_the_older_name_gets_it(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", wrong("item_id is undefined"), response(1))
        client.put_in_album(GROUP, [5], 7)
        second = forms(vendor)[1]
        assert (second["item_id"], "item_ids" in second) == ("5", False)

    def test_a_complaint_about_the_newer_name_stands(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", wrong("item_ids is invalid"))
        assert failure(lambda: client.put_in_album(GROUP, [5], 7)).code == 100

    def test_an_item_is_taken_out_of_its_album(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.removeFromAlbum", response(1))
        client.remove_from_album(GROUP, 5, 7)
        assert (forms(vendor)[0]["item_id"], forms(vendor)[0]["album_ids"]) == ("5", "7")

    def test_a_new_album_has_an_id(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addAlbum", response({"market_album_id": 7, "albums_count": 3}))
        assert client.add_album(GROUP, "Чай") == 7
