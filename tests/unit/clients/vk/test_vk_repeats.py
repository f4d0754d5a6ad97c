import socket

import pytest
import requests
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment
from tests.support.vk_answers import (
    GROUP,
    Answer,
    answers,
    failure,
    made,
    pauses,
    refusal,
    response,
    wrong,
)


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
