from decimal import Decimal
from typing import Any

import pytest
import requests
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment
from tests.support.vk_answers import GROUP, TOKEN, URL, answers, failure, forms, made, pauses, refusal, response, wrong


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
