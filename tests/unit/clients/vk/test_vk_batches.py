"""Many calls in one request: what is sent, whose answer is whose, and what is done where VK does not take it."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests
import requests_mock
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import decode

from app.clients.vk.addresses import VkAddresses
from app.clients.vk.batches import EXECUTE, Batches
from app.clients.vk.calls import CallHooks, VkCaller
from app.clients.vk.errors import Treatment, VkError
from app.clients.vk.failures import Failure
from tests.support.vk_answers import TOKEN, URL, Answer, answers, failure, forms, refusal

CALLS = [{"item_id": number} for number in range(3)]
TOO_BIG = refusal(13, "Runtime error occurred during code invocation: response size is too big")


class Known:
    """What a client is told of VK's refusals, and tells."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.resting: set[str] = set()

    @property
    def hooks(self) -> CallHooks:
        return CallHooks(is_resting=self.resting.__contains__, note_refused=self.refused.append)


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def batches(slept: list[float], known: Known) -> Iterator[Batches]:
    caller = VkCaller(VkAddresses(URL), TOKEN, budget=None, per_second=1e9, hooks=known.hooks)
    yield Batches(caller, known.hooks, 25)
    caller.close()


def batch(found: Any, *errors: tuple[str, int], **more: Any) -> Answer:
    told = [{"method": method, "error_code": code, "error_msg": "no", **more} for method, code in errors]
    return {"json": {"response": found, **({"execute_errors": told} if told else {})}}


def ask(batches: Batches, calls: Sequence[dict[str, Any]] = CALLS) -> list[Any] | None:
    outcomes = batches.ask("market.edit", calls)
    return None if outcomes is None else [one if isinstance(one, Failure) else decode(one) for one in outcomes]


class TestWhoseAnswerIsWhose:
    def test_each_call_has_its_answer(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([1, {"a": 2}, None]))
        assert ask(batches) == [1, {"a": 2}, None]
        assert "API.market.edit(" in forms(vendor)[0]["code"]

    @given(st.lists(st.one_of(st.integers(0), st.just(value=False)), min_size=1, max_size=25))
    def test_each_false_has_the_error_of_its_turn(self, found: list[Any]) -> None:
        with requests_mock.Mocker() as vendor:
            caller = VkCaller(VkAddresses(URL), TOKEN, budget=None, per_second=1e9, hooks=CallHooks())
            codes = [1000 + at for at, value in enumerate(found) if value is False]
            answers(vendor, EXECUTE, batch(found, *[("market.edit", code) for code in codes]))
            outcomes = ask(Batches(caller, CallHooks(), 25), [{}] * len(found))
        assert outcomes is not None
        told = [outcome.code if isinstance(outcome, Failure) else outcome for outcome in outcomes]
        assert told == [1000 + at if value is False else value for at, value in enumerate(found)]

    def test_zero_and_nothing_are_answers(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([0, [], ""]))
        assert ask(batches) == [0, [], ""]

    def test_an_error_within_is_what_it_is_outside(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([1, False, 1], ("market.edit", 1403)))
        outcomes = ask(batches)
        assert outcomes is not None
        assert outcomes[1].error().treatment is Treatment.HEAL
        assert outcomes[1].error().method == "market.edit"

    @pytest.mark.parametrize(
        "answer",
        [
            batch([1, 1]),
            batch([1, 1, 1, 1]),
            batch({"0": 1, "1": 1, "2": 1}),
            batch(None),
            {"json": {"response": False}},
            batch([1, False, 1]),
            batch([1, 1, 1], ("market.edit", 1403)),
            batch([1, False, False], ("market.edit", 1403)),
            batch([1, False, 1], ("market.edit", 1403), ("market.edit", 1403)),
            batch([1, False, 1], ("market.add", 1403)),
            batch([1, False, 1], ("market.edit", 0)),
            {"json": {"response": [1, False, 1], "execute_errors": ["no"]}},
            {"json": {"response": [1, False, 1], "execute_errors": {"0": {"error_code": 5}}}},
        ],
    )
    def test_nothing_is_guessed(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        assert ask(batches) is None
        assert (batches.room, known.refused, vendor.call_count) == (1, [EXECUTE], 1)


class TestChanges:
    def test_each_comes_to_what_it_would_by_itself(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([1, False, 0, "1", "0"], ("market.edit", 1403)))
        told = batches.change("market.edit", [{}] * 5)
        assert (told[0], told[3]) == (True, True)
        assert [one.code for one in told if isinstance(one, VkError)] == [1403, 0, 0]
        assert [one.method for one in told if isinstance(one, VkError)] == ["market.edit"] * 3

    def test_what_is_so_already_is_no_refusal(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([1, False], ("market.delete", 1403)))
        assert batches.change("market.delete", [{}] * 2) == [True, False]

    @pytest.mark.parametrize("answer", [None, [], {}, "", "yes", 2, -1, 0.5, {"response": 1}])
    def test_what_is_neither_yes_nor_no_is_left_open(
        self, vendor: requests_mock.Mocker, batches: Batches, answer: Any
    ) -> None:
        answers(vendor, EXECUTE, batch([1, answer]))
        assert batches.change("market.edit", [{}] * 2) == [True, None]

    @pytest.mark.parametrize("code", [1, 6, 8, 10, 14, 15, 17, 32, 36])
    def test_what_a_single_call_may_mend_or_say_better_is_left_open(
        self, vendor: requests_mock.Mocker, batches: Batches, code: int
    ) -> None:
        answers(vendor, EXECUTE, batch([1, False], ("market.edit", code)))
        assert batches.change("market.edit", [{}] * 2) == [True, None]

    def test_a_denial_that_is_told_whole_is_its_error(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([1, False], ("market.edit", 15), error_subcode=1133))
        told = batches.change("market.edit", [{}] * 2)
        assert isinstance(told[1], VkError)
        assert told[1].treatment is Treatment.STOP

    @pytest.mark.parametrize("answer", [refusal(12), refusal(13), {"status_code": 502}, batch([1]), batch(None)])
    def test_a_batch_without_an_answer_leaves_all_open(
        self, vendor: requests_mock.Mocker, batches: Batches, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        assert batches.change("market.edit", [{}] * 3) == [None] * 3
        assert batches.room == 1

    def test_a_method_at_rest_is_not_called(self, vendor: requests_mock.Mocker, batches: Batches, known: Known) -> None:
        known.resting.add("market.edit")
        assert batches.change("market.edit", [{}] * 3) == [None] * 3
        assert (vendor.call_count, known.refused) == (0, [])

    def test_after_a_request_too_long_for_vk_there_is_room_for_half(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known
    ) -> None:
        answers(vendor, EXECUTE, {"status_code": 413, "text": "<html>"})
        assert batches.change("market.edit", [{}] * 25) == [None] * 25
        assert (batches.room, known.refused, vendor.call_count) == (12, [], 2)


class TestWhereVkDoesNotTakeIt:
    def test_as_many_go_at_once_as_there_may_be(self, batches: Batches) -> None:
        assert batches.room == 25

    def test_one_while_execute_rests(self, batches: Batches, known: Known) -> None:
        known.resting.add(EXECUTE)
        assert batches.room == 1

    @pytest.mark.parametrize(
        "answer",
        [
            *(refusal(code) for code in (3, 7, 12, 13, 15, 20, 23, 27, 28, 29, 100, 424242)),
            refusal(15, error_subcode=1133),
            {"status_code": 404, "text": "<html>"},
            {"text": "<html>"},
            {"text": '{"response": [1, 1'},
            {"json": {"error": "no such method"}},
        ],
    )
    def test_a_refusal_is_told_and_single_calls_follow(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        assert ask(batches) is None
        assert (batches.room, known.refused) == (1, [EXECUTE])

    @pytest.mark.parametrize(
        "answer", [{"exc": requests.ReadTimeout}, {"status_code": 502}, refusal(1), refusal(10), refusal(36)]
    )
    def test_silence_is_no_refusal_but_single_calls_follow(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        assert ask(batches) is None
        assert (batches.room, known.refused, vendor.call_count) == (1, [], 2)

    def test_after_one_silence_it_is_sent_again(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, {"exc": requests.ConnectionError}, batch([1, 1, 1]))
        assert ask(batches) == [1, 1, 1]

    def test_the_pace_is_waited_for_as_ever(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, *[refusal(6)] * 5, batch([1, 1, 1]))
        assert ask(batches) == [1, 1, 1]

    @pytest.mark.parametrize("code", [5, 6, 18, 205, 1438])
    def test_what_single_calls_would_meet_as_well_is_raised(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, code: int
    ) -> None:
        answers(vendor, EXECUTE, refusal(code))
        assert failure(lambda: ask(batches)).code == code
        assert (batches.room, known.refused) == (25, [])

    @pytest.mark.parametrize("code", [9, 14, 17, 43])
    def test_what_batches_alone_may_meet_is_raised_and_single_calls_follow(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, code: int
    ) -> None:
        answers(vendor, EXECUTE, refusal(code))
        assert failure(lambda: ask(batches)).code == code
        assert (batches.room, known.refused) == (1, [EXECUTE])

    @pytest.mark.parametrize("code", [9, 14, 17, 43])
    def test_the_same_of_a_call_within_leaves_batches_as_they_are(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, code: int
    ) -> None:
        answers(vendor, EXECUTE, batch([1, False, False], *[("market.edit", code)] * 2))
        assert ask(batches) is not None
        assert (batches.room, known.refused) == (25, [])

    def test_an_answer_too_large_is_asked_for_in_halves(
        self, vendor: requests_mock.Mocker, batches: Batches, known: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers(vendor, EXECUTE, TOO_BIG, {"json": {"response": "x" * 2000}}, TOO_BIG, TOO_BIG)
        monkeypatch.setattr(batches._vk._transport, "_largest_body", 1000)
        rooms = []
        for size in (25, 12, 6, 3):
            assert batches.ask("market.get", [{}] * size) is None
            rooms.append((batches.room, known.refused[:]))
        assert rooms == [(12, []), (6, []), (3, []), (1, [EXECUTE])]
        assert vendor.call_count == 4


class TestNewThings:
    """What must never be made twice."""

    def create(self, batches: Batches) -> list[int | VkError | None]:
        return batches.create("market.add", CALLS, "market_item_id")

    def test_each_has_its_id_whatever_form_it_comes_in(self, vendor: requests_mock.Mocker, batches: Batches) -> None:
        answers(vendor, EXECUTE, batch([{"market_item_id": 7}, 8, "9"]))
        assert self.create(batches) == [7, 8, 9]

    @pytest.mark.parametrize("answer", [None, [], {}, {"market_item_id": 0}, 0, ""])
    def test_an_answer_without_an_id_may_have_made_it(
        self, vendor: requests_mock.Mocker, batches: Batches, answer: Any
    ) -> None:
        answers(vendor, EXECUTE, batch([7, answer, 9]))
        _, lost, _ = self.create(batches)
        assert isinstance(lost, VkError)
        assert lost.outcome_unknown

    @pytest.mark.parametrize("code", [1, 10, 32, 36])
    def test_so_may_an_error_that_says_nothing_of_it(
        self, vendor: requests_mock.Mocker, batches: Batches, code: int
    ) -> None:
        answers(vendor, EXECUTE, batch([7, False, 9], ("market.add", code)))
        _, lost, _ = self.create(batches)
        assert isinstance(lost, VkError)
        assert lost.outcome_unknown

    @pytest.mark.parametrize(("code", "is_left"), [(6, True), (8, True), (14, True), (1408, False), (1405, False)])
    def test_what_surely_was_not_made_is_refused_or_left_for_a_single_call(
        self, vendor: requests_mock.Mocker, batches: Batches, code: int, is_left: bool
    ) -> None:
        answers(vendor, EXECUTE, batch([7, False, 9], ("market.add", code)))
        _, refused, _ = self.create(batches)
        assert (refused is None) is is_left
        assert is_left or (isinstance(refused, VkError) and not refused.outcome_unknown)

    @pytest.mark.parametrize(
        "answer",
        [
            {"exc": requests.ReadTimeout},
            {"status_code": 502},
            {"text": "<html>"},
            refusal(10),
            refusal(13, "Runtime error occurred during code invocation"),
            TOO_BIG,
            batch([7, 8]),
            batch({"a": 1}),
            batch([7, False, 9]),
            batch([7, 8, 9], ("market.add", 100)),
        ],
    )
    def test_a_lost_or_odd_answer_is_never_asked_for_again_and_leaves_all_unknown(
        self, vendor: requests_mock.Mocker, batches: Batches, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        found = self.create(batches)
        assert [isinstance(one, VkError) and one.outcome_unknown for one in found] == [True] * 3
        assert vendor.call_count == 1

    @pytest.mark.parametrize(
        "answer", [refusal(12), refusal(3), {"status_code": 413}, {"exc": requests.ConnectTimeout}]
    )
    def test_what_never_ran_leaves_all_for_single_calls(
        self, vendor: requests_mock.Mocker, batches: Batches, answer: Answer
    ) -> None:
        answers(vendor, EXECUTE, answer)
        assert self.create(batches) == [None] * 3

    def test_one_silence_leaves_the_room_as_it_is_and_a_second_does_not(
        self, vendor: requests_mock.Mocker, batches: Batches
    ) -> None:
        answers(vendor, EXECUTE, {"status_code": 502})
        self.create(batches)
        assert batches.room == 25
        self.create(batches)
        assert batches.room == 1

    def test_an_answer_between_two_silences_makes_the_first_forgotten(
        self, vendor: requests_mock.Mocker, batches: Batches
    ) -> None:
        answers(vendor, EXECUTE, {"status_code": 502}, batch([7, 8, 9]), {"status_code": 502})
        for _ in range(3):
            self.create(batches)
        assert batches.room == 25

    def test_more_than_there_is_room_for_is_left_for_single_calls(
        self, vendor: requests_mock.Mocker, known: Known, batches: Batches
    ) -> None:
        batches.give_up()
        known.resting.add(EXECUTE)
        assert self.create(batches) == [None] * 3
        assert vendor.call_count == 0
