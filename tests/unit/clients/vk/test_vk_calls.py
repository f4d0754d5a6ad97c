import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment, VkError
from app.domain.market.items import Profile

URL = "https://vk.test/method"
UPLOAD = "https://upload.test/here"
TOKEN = "vk2.a.very-secret"
GROUP = 777000111
Answer = dict[str, Any]


@pytest.fixture
def client(slept: list[float]) -> VkClient:
    return made()


def made(*, url: str = URL, token: str = TOKEN, per_second: float = 1e9) -> VkClient:
    return VkClient(url, token, per_second=per_second)


def pauses(slept: list[float]) -> list[float]:
    """The sleeps between tries, without those of the pace."""
    return [round(seconds, 2) for seconds in slept if seconds > 0.01]


def response(value: Any) -> Answer:
    return {"json": {"response": value}}


def refusal(code: int, message: str = "", **more: Any) -> Answer:
    return {"json": {"error": {"error_code": code, "error_msg": message, **more}}}


def wrong(suffix: str) -> Answer:
    return refusal(100, f"One of the parameters specified was missing or invalid: {suffix}")


def answers(vendor: requests_mock.Mocker, method: str, *given: Answer) -> None:
    vendor.post(f"{URL}/{method}", list(given))


def forms(vendor: requests_mock.Mocker) -> list[dict[str, str]]:
    return [
        {key: values[0] for key, values in parse_qs(request.text, keep_blank_values=True).items()}
        for request in vendor.request_history
    ]


def failure(call: Callable[[], object]) -> VkError:
    with pytest.raises(VkError) as caught:
        call()
    return caught.value


def items_page(count: int, *ids: int) -> Answer:
    return response({"count": count, "items": [{"id": number} for number in ids]})


class TestEveryCall:
    def test_the_token_travels_in_the_header_alone(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", response(5))
        client.permissions()
        request = vendor.request_history[0]
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{request.url} {request.text}"

    def test_version_and_language_are_sent(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", response(5))
        client.permissions()
        assert forms(vendor) == [{"v": "5.199", "lang": "ru"}]

    def test_calls_have_their_timeouts(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", response(5))
        client.permissions()
        timeout: Any = vendor.request_history[0].timeout
        assert (timeout.connect_timeout, timeout.read_timeout) == (10.0, 35.0)

    def test_values_are_written_as_vk_wants_them(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.add", response(1))
        client.add_item(GROUP, {"price": Decimal("1E+3"), "old_price": Decimal("64.90"), "deleted": True, "url": None})
        form = forms(vendor)[0]
        assert (form["price"], form["old_price"], form["deleted"], "url" in form) == ("1000", "64.90", "1", False)

    def test_calls_keep_the_pace(self, vendor: requests_mock.Mocker, slept: list[float]) -> None:
        answers(vendor, "account.getAppPermissions", response(5))
        client = made(per_second=3)
        for _ in range(3):
            client.permissions()
        assert pauses(slept) == [0.34, 0.34]

    def test_the_body_decides_before_the_status(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", {"json": {"response": 5}, "status_code": 500})
        assert client.permissions() == 5

    @pytest.mark.parametrize("token", ["", "токен", "a\nb"])
    def test_a_token_that_no_header_can_carry_is_rejected(
        self, vendor: requests_mock.Mocker, slept: list[float], token: str
    ) -> None:
        error = failure(made(token=token).permissions)
        assert (error.code, error.token_rejected, vendor.call_count) == (5, True, 0)


class TestRepeats:
    @pytest.mark.parametrize(
        "answer",
        [
            refusal(1),
            refusal(10),
            {"status_code": 502, "text": "<html>"},
            {"text": ""},
            {"json": {}},
            {"json": []},
            {"exc": requests.ReadTimeout},
            {"exc": requests.ConnectionError},
            {"json": {"error": "invalid_request"}},
        ],
    )
    def test_a_passing_failure_is_repeated_with_growing_pauses(
        self, vendor: requests_mock.Mocker, client: VkClient, slept: list[float], answer: Answer
    ) -> None:
        answers(vendor, "account.getAppPermissions", answer, answer, answer, answer, response(5))
        assert client.permissions() == 5
        assert pauses(slept) == [1.25, 2.25, 4.25, 8.25]

    @pytest.mark.parametrize(
        ("answer", "treatment"), [(refusal(10), Treatment.FAIL), ({"status_code": 503}, Treatment.RETRY)]
    )
    def test_after_four_repeats_it_gives_up(
        self, vendor: requests_mock.Mocker, client: VkClient, answer: Answer, treatment: Treatment
    ) -> None:
        answers(vendor, "account.getAppPermissions", answer)
        error = failure(client.permissions)
        assert (error.treatment, error.permanent, error.outcome_unknown) == (treatment, False, False)
        assert vendor.call_count == 5

    def test_failures_of_different_codes_share_the_four_repeats(
        self, vendor: requests_mock.Mocker, client: VkClient
    ) -> None:
        answers(vendor, "account.getAppPermissions", refusal(1), refusal(10), {"status_code": 502}, refusal(32))
        assert failure(client.permissions).code == 32
        assert vendor.call_count == 5

    def test_a_server_side_timeout_is_repeated_after_five_seconds(
        self, vendor: requests_mock.Mocker, client: VkClient, slept: list[float]
    ) -> None:
        answers(vendor, "account.getAppPermissions", refusal(36), response(5))
        client.permissions()
        assert pauses(slept) == [5.25]

    def test_a_malformed_request_is_repeated_once(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", refusal(8))
        assert failure(client.permissions).treatment is Treatment.FAIL
        assert vendor.call_count == 2

    def test_too_many_calls_are_waited_out(
        self, vendor: requests_mock.Mocker, client: VkClient, slept: list[float]
    ) -> None:
        answers(vendor, "account.getAppPermissions", refusal(6), refusal(6), response(5))
        client.permissions()
        assert pauses(slept) == [1.35, 1.35]

    def test_too_many_calls_halve_the_pace(self, vendor: requests_mock.Mocker, slept: list[float]) -> None:
        answers(vendor, "account.getAppPermissions", refusal(6), response(5))
        client = made(per_second=3)
        client.permissions()
        client.permissions()
        assert pauses(slept)[-1] == 0.68

    def test_too_many_calls_are_waited_out_ten_times(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "account.getAppPermissions", refusal(6))
        error = failure(client.permissions)
        assert (error.treatment, error.retry_after, vendor.call_count) == (Treatment.POSTPONE, 60, 11)

    def test_too_many_calls_are_waited_out_for_adds_too(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.add", refusal(6), response({"market_item_id": 5}))
        assert client.add_item(GROUP, {}) == 5

    @pytest.mark.parametrize(("code", "seconds"), [(9, 60), (43, 900), (29, 86_400), (14, 3600), (3300, 3600)])
    def test_a_long_wait_is_told_and_not_slept(
        self, vendor: requests_mock.Mocker, client: VkClient, slept: list[float], code: int, seconds: float
    ) -> None:
        answers(vendor, "account.getAppPermissions", refusal(code))
        assert (failure(client.permissions).retry_after, pauses(slept)) == (seconds, [])

    @pytest.mark.parametrize("code", [5, 15, 27, 100, 205, 1438, 424242])
    def test_a_refusal_is_not_repeated(self, vendor: requests_mock.Mocker, client: VkClient, code: int) -> None:
        answers(vendor, "account.getAppPermissions", refusal(code))
        assert failure(client.permissions).permanent
        assert vendor.call_count == 1


class TestErrors:
    def test_an_error_carries_what_vk_said(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        page = "https://id.vk.com/not_robot_captcha?session_token=x"
        answers(vendor, "users.get", refusal(14, "Captcha needed", error_subcode=3, redirect_uri=page))
        error = failure(client.me)
        assert (error.code, error.subcode, error.message, error.redirect_uri, error.treatment, error.status) == (
            14,
            3,
            "Captcha needed",
            page,
            Treatment.ASK,
            200,
        )

    def test_code_100_carries_its_suffix(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "users.get", wrong("category_id is invalid"))
        assert failure(client.me).suffix == "category_id is invalid"

    def test_a_page_to_open_is_on_the_web(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "users.get", refusal(17, redirect_uri="javascript:alert(1)"))
        assert failure(client.me).redirect_uri is None

    @pytest.mark.parametrize("code", [5, 1117, 3609])
    def test_a_dead_token_is_told(self, vendor: requests_mock.Mocker, client: VkClient, code: int) -> None:
        answers(vendor, "users.get", refusal(code))
        error = failure(client.me)
        assert (error.token_rejected, error.treatment) == (True, Treatment.REFRESH)

    def test_the_token_is_struck_out_of_what_vk_says(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        echo = [{"key": "access_token", "value": TOKEN}]
        answers(vendor, "users.get", refusal(5, f"invalid access_token: {TOKEN}", request_params=echo))
        error = failure(client.me)
        assert TOKEN not in f"{error!r} {error} {error.args} {vars(error)}"

    def test_an_error_keeps_no_trace_of_the_request(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(f"{URL}/market.add", exc=requests.ReadTimeout(TOKEN))
        error = failure(lambda: client.add_item(GROUP, {"name": "Чай"}))
        chain = [error, error.__context__, error.__cause__]
        assert not any(TOKEN in repr(link) or "Чай" in repr(link) for link in chain)


class TestAddsOfUnclearOutcome:
    @pytest.mark.parametrize(
        "answer",
        [
            refusal(1),
            refusal(10),
            refusal(32),
            refusal(36),
            {"status_code": 502},
            {"text": "<html>"},
            {"json": {}},
            {"exc": requests.ReadTimeout},
            {"exc": requests.ConnectionError},
            response({}),
            response(""),
        ],
    )
    def test_they_are_not_repeated(self, vendor: requests_mock.Mocker, client: VkClient, answer: Answer) -> None:
        answers(vendor, "market.add", answer)
        error = failure(lambda: client.add_item(GROUP, {}))
        assert (error.outcome_unknown, error.treatment, vendor.call_count) == (True, Treatment.RETRY, 1)

    def test_an_album_is_not_added_twice_either(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addAlbum", {"exc": requests.ReadTimeout})
        assert failure(lambda: client.add_album(GROUP, "Чай")).outcome_unknown
        assert vendor.call_count == 1

    def test_a_refused_connection_is_repeated(self, slept: list[float]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        error = failure(lambda: made(url=f"http://127.0.0.1:{port}").add_item(GROUP, {}))
        assert (error.outcome_unknown, pauses(slept)) == (False, [1.25, 2.25, 4.25, 8.25])

    def test_an_explicit_refusal_is_clear(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.add", refusal(1405))
        error = failure(lambda: client.add_item(GROUP, {}))
        assert (error.outcome_unknown, error.treatment) == (False, Treatment.SKIP)

    def test_a_photo_not_ready_is_waited_for_twice(
        self, vendor: requests_mock.Mocker, client: VkClient, slept: list[float]
    ) -> None:
        answers(vendor, "market.add", wrong("photo is undefined"))
        error = failure(lambda: client.add_item(GROUP, {}))
        assert (error.treatment, error.outcome_unknown, pauses(slept)) == (Treatment.HEAL, False, [2.25, 2.25])


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
        client.put_in_album(GROUP, 5, 7)
        assert forms(vendor)[0]["item_ids"] == "5"

    def test_an_album_that_wants_the_older_name_gets_it(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", wrong("item_id is undefined"), response(1))
        client.put_in_album(GROUP, 5, 7)
        second = forms(vendor)[1]
        assert (second["item_id"], "item_ids" in second) == ("5", False)

    def test_a_complaint_about_the_newer_name_stands(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addToAlbum", wrong("item_ids is invalid"))
        assert failure(lambda: client.put_in_album(GROUP, 5, 7)).code == 100

    def test_an_item_is_taken_out_of_its_album(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.removeFromAlbum", response(1))
        client.remove_from_album(GROUP, 5, 7)
        assert (forms(vendor)[0]["item_id"], forms(vendor)[0]["album_ids"]) == ("5", "7")

    def test_a_new_album_has_an_id(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, "market.addAlbum", response({"market_album_id": 7, "albums_count": 3}))
        assert client.add_album(GROUP, "Чай") == 7


class TestUploads:
    RECEIPT = '{"sha": "s",  "meta": {"kid": "\\u044f"}, "secret": "upload-secret"}'

    @pytest.fixture(autouse=True)
    def _addresses(self, vendor: requests_mock.Mocker) -> None:
        answers(vendor, "market.getProductPhotoUploadServer", response({"upload_url": UPLOAD}))

    def sent(self, vendor: requests_mock.Mocker, url: str) -> list[Any]:
        return [request for request in vendor.request_history if request.url == url]

    def test_the_receipt_goes_back_as_it_came(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 457239101}))
        assert client.upload_product_photo(GROUP, b"jpeg") == 457239101
        assert forms(vendor)[-1]["upload_response"] == self.RECEIPT

    def test_the_picture_travels_without_the_token(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 1}))
        client.upload_product_photo(GROUP, b"jpeg")
        request = self.sent(vendor, UPLOAD)[0]
        assert "Authorization" not in request.headers
        timeout: Any = request.timeout
        assert (timeout.connect_timeout, timeout.read_timeout) == (10.0, 120.0)
        assert b'name="file"; filename="photo.jpg"' in request.body

    @pytest.mark.parametrize(
        "bad", [{"text": "<html>"}, {"status_code": 502}, {"exc": requests.ReadTimeout}, {"json": {"error": "bad"}}]
    )
    def test_a_failed_upload_gets_a_new_address(
        self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer
    ) -> None:
        vendor.post(UPLOAD, [bad, bad, {"text": self.RECEIPT}])
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 1}))
        assert client.upload_product_photo(GROUP, b"jpeg") == 1
        assert len(self.sent(vendor, f"{URL}/market.getProductPhotoUploadServer")) == 3

    @pytest.mark.parametrize(
        ("bad", "code", "treatment"),
        [({"json": {"error_msg": "bad image"}}, 22, Treatment.FAIL), ({"status_code": 502}, None, Treatment.RETRY)],
    )
    def test_after_three_uploads_it_gives_up(
        self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer, code: int | None, treatment: Treatment
    ) -> None:
        vendor.post(UPLOAD, [bad])
        error = failure(lambda: client.upload_product_photo(GROUP, b"jpeg"))
        assert (error.code, error.treatment, error.outcome_unknown) == (code, treatment, False)
        assert len(self.sent(vendor, UPLOAD)) == 3

    @pytest.mark.parametrize("answer", [refusal(22), refusal(121), {"exc": requests.ReadTimeout}, response({})])
    def test_a_photo_that_was_not_saved_is_uploaded_again(
        self, vendor: requests_mock.Mocker, client: VkClient, answer: Answer
    ) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", answer, response({"photo_id": 1}))
        assert client.upload_product_photo(GROUP, b"jpeg") == 1
        assert len(self.sent(vendor, UPLOAD)) == 2

    def test_a_refusal_to_save_is_not_an_upload_failure(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", refusal(1438))
        assert failure(lambda: client.upload_product_photo(GROUP, b"jpeg")).treatment is Treatment.ASK
        assert len(self.sent(vendor, UPLOAD)) == 1

    def test_an_error_does_not_show_the_receipt(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", refusal(100))
        error = failure(lambda: client.upload_product_photo(GROUP, b"jpeg"))
        assert "upload-secret" not in f"{error!r} {error} {vars(error)}"
