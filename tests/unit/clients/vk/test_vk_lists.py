"""Whole lists: how many requests they cost, and that nothing of them is missed or met twice."""

import json
import re
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.clients.vk import lists
from app.clients.vk.batches import EXECUTE
from app.clients.vk.client import VkClient
from app.clients.vk.errors import METHOD_QUOTA, Treatment
from app.clients.vk.lists import Page, WantedPages
from tests.support.clock import TurnedClock, turn
from tests.support.vk_answers import GROUP, TOKEN, URL, Answer, answers, failure, refusal, response

LITERAL = re.compile(r"\Avar calls = (.*);\nvar answers.*API\.(\w+\.\w+)\(", re.DOTALL)
PAGE = "https://id.vk.ru/not_robot_captcha?session_token=a"
CAPTCHA = refusal(14, redirect_uri=PAGE)


class Market:
    """A list of items at VK, which takes single calls and batches."""

    def __init__(self, vendor: requests_mock.Mocker, total: int) -> None:
        self.ids = list(range(total, 0, -1))
        self.largest_page = 200
        self.requests: list[list[tuple[int, int]]] = []
        """Of each request, the offset and the count of each page."""
        self.bad: dict[int, Any] = {}
        """What a page of that offset answers within a batch: an error's code, or something else than a page."""
        for method in ("market.get", "market.getAlbums"):
            vendor.post(f"{URL}/{method}", json=lambda request, _: {"response": self.single(_form(request))})
        vendor.post(f"{URL}/{EXECUTE}", json=lambda request, _: self.batch(_form(request)["code"]))

    def single(self, form: dict[str, str]) -> Any:
        self.requests.append([(int(form["offset"]), int(form["count"]))])
        return self.page(form)

    def batch(self, code: str) -> dict[str, Any]:
        literal = LITERAL.match(code)
        assert literal
        calls = json.loads(literal[1])
        self.requests.append([(int(call["offset"]), int(call["count"])) for call in calls])
        found = [self.bad.get(int(call["offset"]), self.page(call)) for call in calls]
        codes = [answer for answer in found if isinstance(answer, int)]
        errors = [{"method": literal[2], "error_code": code, "error_msg": ""} for code in codes]
        answered = [False if isinstance(answer, int) else answer for answer in found]
        return {"response": answered, **({"execute_errors": errors} if errors else {})}

    def page(self, call: dict[str, str]) -> dict[str, Any]:
        offset, count = int(call["offset"]), min(int(call["count"]), self.largest_page)
        return {"count": len(self.ids), "items": [{"id": number} for number in self.ids[offset : offset + count]]}

    @property
    def sizes(self) -> list[int]:
        """How many pages each request held."""
        return [len(pages) for pages in self.requests]


def _form(request: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(request.text).items()}


def read(client: VkClient) -> list[int]:
    return [item.id for item in client.market(GROUP)]


@pytest.mark.parametrize(
    ("total", "sizes"),
    [
        (0, [1]),
        (200, [1]),
        (201, [1, 1]),
        (400, [1, 1]),
        (401, [1, 2]),
        (5200, [1, 25]),
        (5201, [1, 25, 1]),
        (15_000, [1, 25, 25, 24]),
    ],
)
def test_the_first_page_tells_how_many_batches_are_needed(
    vendor: requests_mock.Mocker, client: VkClient, total: int, sizes: list[int]
) -> None:
    market = Market(vendor, total)
    assert read(client) == market.ids
    assert market.sizes == sizes


def test_batches_are_as_small_as_the_client_was_told(vendor: requests_mock.Mocker, slept: list[float]) -> None:
    market = Market(vendor, 1000)
    assert read(VkClient(URL, TOKEN, per_second=1e9, batch_size=2)) == market.ids
    assert market.sizes == [1, 2, 2]


def test_a_size_of_one_makes_single_calls(vendor: requests_mock.Mocker, slept: list[float]) -> None:
    market = Market(vendor, 1000)
    assert read(VkClient(URL, TOKEN, per_second=1e9, batch_size=1)) == market.ids
    assert market.sizes == [1] * 5


def test_each_answer_calls_the_hook(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 15_000)
    renewed: list[int] = []
    client.market(GROUP, on_page=lambda: renewed.append(1))
    assert len(renewed) == len(market.requests)


def test_albums_are_read_alike(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 350)
    market.largest_page = 100
    assert [album.id for album in client.albums(GROUP)] == market.ids
    assert market.sizes == [1, 3]


@given(total=st.integers(0, 1500), largest=st.integers(37, 200))
def test_pages_shorter_than_asked_for_miss_nothing(total: int, largest: int) -> None:
    with requests_mock.Mocker() as vendor, pytest.MonkeyPatch.context() as patch:
        turn(patch, TurnedClock())
        market = Market(vendor, total)
        market.largest_page = largest
        assert sorted(read(VkClient(URL, TOKEN, per_second=1e9))) == sorted(market.ids)


def test_rests_of_short_pages_go_in_batches_too(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 15_000)
    market.largest_page = 100
    assert len(read(client)) == 15_000
    assert market.sizes == [1, 25, 25, 25, 25, 25, 24]


def test_what_moves_down_meanwhile_counts_once_and_is_not_missed(
    vendor: requests_mock.Mocker, client: VkClient
) -> None:
    market = Market(vendor, 1000)

    def add() -> None:
        market.ids.insert(0, 5000 + len(market.requests))

    found = [item.id for item in client.market(GROUP, on_page=add)]
    assert sorted(found) == list(range(1, 1001))
    assert market.requests[-1] == [(1000, 200)], "the list became longer than the first page said"


def test_a_list_that_became_shorter_ends(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 12_000)

    def lose() -> None:
        del market.ids[1000:]

    client.market(GROUP, on_page=lose)
    assert market.sizes == [1, 25]


@pytest.mark.parametrize("code", [1, 6, 8, 10, 32, 36])
def test_a_page_that_may_come_when_asked_again_is_asked_for_alone(
    vendor: requests_mock.Mocker, client: VkClient, code: int
) -> None:
    market = Market(vendor, 1000)
    market.bad[400] = code
    assert sorted(read(client)) == sorted(market.ids)
    assert market.requests[-1] == [(400, 200)]


def test_each_page_that_is_asked_for_alone_calls_the_hook(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 1000)
    market.bad |= {200: 10, 400: 10, 600: 10}
    heard: list[int] = []
    client.market(GROUP, on_page=lambda: heard.append(len(market.requests)))
    assert heard == [1, 2, 3, 4, 5]


def test_pages_of_a_batch_that_take_too_long_one_by_one_are_given_up(
    vendor: requests_mock.Mocker, client: VkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(vendor, 1000)
    market.bad |= {200: 10, 400: 10, 600: 10}
    turn(monkeypatch, TurnedClock())
    error = failure(lambda: client.market(GROUP, on_page=lambda: clock.sleep(lists.LONGEST_LIST_SECONDS / 3 + 1)))
    assert (error.code, market.sizes) == (None, [1, 4, 1])


@pytest.mark.parametrize(
    ("code", "treatment"),
    [
        (5, Treatment.REFRESH),
        (9, Treatment.WAIT),
        (29, Treatment.POSTPONE),
        (205, Treatment.ASK),
        (1438, Treatment.ASK),
        (100, Treatment.FAIL),
    ],
)
def test_what_ends_a_single_call_ends_the_read(
    vendor: requests_mock.Mocker, client: VkClient, code: int, treatment: Treatment
) -> None:
    market = Market(vendor, 1000)
    market.bad[400] = code
    error = failure(lambda: client.market(GROUP))
    assert (error.code, error.treatment, error.method) == (code, treatment, "market.get")
    assert market.sizes == [1, 4]


@pytest.mark.parametrize("code", [14, 17])
def test_what_a_person_has_to_open_is_told_to_a_single_call_alone(
    vendor: requests_mock.Mocker, client: VkClient, code: int
) -> None:
    market = Market(vendor, 1000)
    market.bad[400] = code
    vendor.post(f"{URL}/market.get", [{"json": {"response": market.page({"offset": "0", "count": "200"})}}, CAPTCHA])
    assert failure(lambda: client.market(GROUP)).redirect_uri == PAGE
    assert vendor.call_count == 3


def test_who_is_denied_access_is_told_to_a_single_call_alone(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 1000)
    market.bad[400] = 15
    first = {"json": {"response": market.page({"offset": "0", "count": "200"})}}
    vendor.post(f"{URL}/market.get", [first, refusal(15, error_subcode=1133)])
    assert failure(lambda: client.market(GROUP)).treatment is Treatment.STOP
    assert vendor.call_count == 3


@pytest.mark.parametrize("odd", [None, {}, [], "", {"count": 1000}, {"count": -1, "items": []}])
def test_from_a_page_on_that_is_none_all_of_its_batch_are_single(
    vendor: requests_mock.Mocker, client: VkClient, odd: Any
) -> None:
    market = Market(vendor, 1000)
    market.bad[400] = odd
    assert read(client) == market.ids
    assert market.sizes == [1, 4, 1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "tries"),
    [*((refusal(code), 1) for code in (3, 12, 13, METHOD_QUOTA)), ({"status_code": 404, "text": "no"}, 2)],
)
def test_a_vk_without_execute_is_read_page_by_page(
    vendor: requests_mock.Mocker, client: VkClient, answer: Answer, tries: int
) -> None:
    market = Market(vendor, 6000)
    answers(vendor, EXECUTE, answer)
    assert read(client) == market.ids
    assert market.sizes == [1] * 30
    assert vendor.call_count == 30 + tries, "once it is refused it is not tried again"


def test_a_batch_too_large_is_read_in_halves(vendor: requests_mock.Mocker, client: VkClient) -> None:
    market = Market(vendor, 6000)
    batch = market.batch

    def small(code: str) -> dict[str, Any]:
        answer = batch(code)
        if len(answer["response"]) > 6:
            return {"error": {"error_code": 13, "error_msg": "Runtime error: response size is too big"}}
        return answer

    market.batch = small  # type: ignore[method-assign]
    assert read(client) == market.ids
    assert market.sizes == [1, 25, 12, 6, 6, 6, 6, 5]


def test_a_list_without_end_is_given_up(vendor: requests_mock.Mocker, client: VkClient) -> None:
    answers(vendor, "market.get", response({"count": 2**60, "items": [{"id": 1}]}))
    answers(vendor, EXECUTE, refusal(3))
    assert failure(lambda: client.market(GROUP)).code is None
    assert vendor.call_count == lists.MOST_PAGES + 1


def test_a_list_that_takes_too_long_is_given_up(
    vendor: requests_mock.Mocker, client: VkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(vendor, 15_000)
    turned = TurnedClock()
    turn(monkeypatch, turned)
    error = failure(lambda: client.market(GROUP, on_page=lambda: clock.sleep(lists.LONGEST_LIST_SECONDS / 2 + 1)))
    assert (error.code, market.sizes) == (None, [1, 25])


class TestWantedPages:
    def test_at_first_one_page_is_wanted(self) -> None:
        assert WantedPages(200).first(25) == [Page(0, 200)]

    def test_an_empty_page_is_the_end(self) -> None:
        wanted = WantedPages(200)
        wanted.note(Page(0, 200), 1000, 200)
        wanted.note(Page(200, 200), 1000, 0)
        assert wanted.first(25) == []

    def test_the_rest_of_a_short_page_comes_first(self) -> None:
        wanted = WantedPages(200)
        wanted.note(Page(0, 200), 1000, 150)
        assert wanted.first(2) == [Page(150, 50), Page(200, 200)]

    def test_an_empty_rest_is_not_the_end(self) -> None:
        wanted = WantedPages(200)
        wanted.note(Page(0, 200), 600, 150)
        wanted.note(Page(150, 50), 600, 0)
        assert wanted.first(25) == [Page(200, 200), Page(400, 200)]

    def test_a_page_longer_than_asked_for_has_no_rest(self) -> None:
        wanted = WantedPages(200)
        wanted.note(Page(0, 200), 300, 300)
        assert wanted.first(25) == [Page(200, 200)]
