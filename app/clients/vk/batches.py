"""Many calls of one method in one request: `execute`, docs/contracts/vk.md §1.6."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from app.clients.answers import MalformedAnswer, decode
from app.clients.vk import answers
from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.calls import CallHooks, Value, VkCaller, as_form
from app.clients.vk.error_table import CODES, classify
from app.clients.vk.errors import (
    ACCESS_DENIED,
    COMMUNITY_TOKEN,
    FLOOD,
    METHOD_QUOTA,
    NOT_PERMITTED,
    PAGE_CODES,
    SCRIPT_BROKE,
    SECTION_OFF,
    SERVICE_TOKEN,
    TOO_LARGE,
    Treatment,
    VkError,
)
from app.clients.vk.failures import Failure, no_answer, said_no

EXECUTE = BulkForm.EXECUTE
MOST_CALLS = 25
RETRIES = 1
"""Of a batch that got no clear answer. Single calls come next, and have their own."""
_OF_THE_METHOD = frozenset({NOT_PERMITTED, ACCESS_DENIED, COMMUNITY_TOKEN, SERVICE_TOKEN, METHOD_QUOTA})
MAYBE_OF_THE_METHOD = frozenset({FLOOD, SECTION_OFF, *PAGE_CODES})
"""These end a run. The next one begins with a single call, or it would end at its first batch again and again."""
_OF_EVERY_CALL = frozenset({Treatment.REFRESH, Treatment.WAIT, Treatment.POSTPONE, Treatment.ASK})
_REFUSED, _NOTHING = msgspec.Raw(b"false"), msgspec.Raw(b"null")
_YES = tuple(map(msgspec.Raw, (b"1", b'"1"', b"true")))
_NO = tuple(map(msgspec.Raw, (b"0", b'"0"')))
_TOO_BIG = re.compile(r"\bsize\b|\btoo (big|large)\b", re.IGNORECASE)
# What may not stand in a string as it is JSON writes by its number, which VKScript does not read.
_LINE_ENDS = re.compile("[\u2028\u2029]")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Batches:
    """One token's batches of up to `size` calls."""

    def __init__(self, vk: VkCaller, hooks: CallHooks, size: int) -> None:
        self._vk, self._hooks, self._room = vk, hooks, size
        self._silences = 0

    @property
    def room(self) -> int:
        """How many calls one request may hold now; 1: they are made one by one."""
        return 1 if self._hooks.is_resting(EXECUTE) else self._room

    def ask(self, method: str, given: Sequence[Mapping[str, Value]]) -> list[msgspec.Raw | Failure] | None:
        """Of each call, in their order, VK's answer as unread JSON, or what went wrong with it.

        Long pages, all read at once, would take several times their bytes in memory. None where VK does not take calls
        so: `room` is less from then on. Raises VkError for what would meet single calls as well.
        """
        if self._hooks.is_resting(method):
            return None
        outcomes = self._ask(method, given, repeatable=True)
        return None if isinstance(outcomes, VkError) else outcomes

    def _ask(
        self, method: str, given: Sequence[Mapping[str, Value]], *, repeatable: bool
    ) -> list[msgspec.Raw | Failure] | VkError:
        """An error that does not meet single calls is returned, and room made less."""
        try:
            code = script(method, given)
            body = self._vk.answer(
                EXECUTE, {"code": code}, dict[str, msgspec.Raw], repeatable=repeatable, most_retries=RETRIES
            )
            self._silences = 0
            return self._outcomes(body, method, len(given))
        except MalformedAnswer:
            self.give_up()
            return no_answer(status=200, outcome_unknown=not repeatable)
        except VkError as error:
            if error.code in MAYBE_OF_THE_METHOD:
                self.give_up()
            if meets_every_call(error):
                raise
            self._make_less(error, len(given), tries=1 + RETRIES if repeatable else 1)
            return error

    def change(self, method: str, given: Sequence[Mapping[str, Value]]) -> list[bool | VkError | None]:
        """Of each change, in their order, what it comes to by itself: `VkCaller.write`, its error not raised.

        None where it is still to be made by itself: it was not made, or nobody knows. Raises VkError as `ask` does.
        """
        outcomes = self.ask(method, given)
        if outcomes is None:
            return [None] * len(given)
        return [self._written(method, outcome) for outcome in outcomes]

    def create(self, method: str, given: Sequence[Mapping[str, Value]], key: str) -> list[int | VkError | None]:
        """Of each new thing, in their order, its id or its error, as `VkCaller.create` would have it.

        None where it surely was not made and is still to be made by itself. Raises VkError as `ask` does: then none of
        them was made.
        """
        if self._hooks.is_resting(method) or len(given) > self.room:
            return [None] * len(given)
        outcomes = self._ask(method, given, repeatable=False)
        if not isinstance(outcomes, VkError):
            return [self._made(outcome, key) for outcome in outcomes]
        if outcomes.code is not None and (outcomes.code == SCRIPT_BROKE or outcomes.code not in CODES):
            outcomes.outcome_unknown = True  # on the way, or when it was about to answer
        is_lost = outcomes.outcome_unknown and outcomes.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return [outcomes if is_lost else None] * len(given)

    def give_up(self) -> None:
        """What VK answers to batches is of no use: single calls from now on, and it is told so that others know."""
        self._room = 1
        self._hooks.note_refused(EXECUTE)

    def goes_alone(self, failure: Failure, *, repeatable: bool = True) -> bool:
        """A single call mends it, or tells more; it also renews a token that VK took no more within."""
        is_token = failure.row.treatment is Treatment.REFRESH and self._vk.is_renewable
        return failure.pause_before(1, repeatable=repeatable) is not None or failure.is_half_told or is_token

    def _written(self, method: str, outcome: msgspec.Raw | Failure) -> bool | VkError | None:
        if not isinstance(outcome, Failure):
            if outcome in _NO:
                return said_no(method)
            return True if outcome in _YES else None
        if self.goes_alone(outcome):
            return None
        error = self._vk.error(outcome)
        return self._vk.is_own_doing if error.treatment is Treatment.OK else error

    def _made(self, outcome: msgspec.Raw | Failure, key: str) -> int | VkError | None:
        if not isinstance(outcome, Failure):
            try:
                return answers.new_id(decode(outcome, object), key)
            except MalformedAnswer:
                return no_answer(status=200, outcome_unknown=True)
        if self.goes_alone(outcome, repeatable=False):
            return None
        return self._vk.error(outcome, repeatable=False)

    def _make_less(self, error: VkError, size: int, tries: int) -> None:
        is_too_large = _is_too_large(error)
        if is_too_large and size // 2 > 1:
            self._room = size // 2
        elif not is_too_large and _is_silence(error):
            self._silences += tries
            self._room = 1 if self._silences > RETRIES else self._room
        else:
            self.give_up()

    def _outcomes(self, body: dict[str, msgspec.Raw], method: str, size: int) -> list[msgspec.Raw | Failure]:
        """Every `false` has its error, in the same order; else nothing is guessed. Raises MalformedAnswer."""
        found = decode(body["response"], list[msgspec.Raw])
        if len(found) != size:
            raise MalformedAnswer("not one answer for each call")
        errors: Any = decode(body.get("execute_errors", _NOTHING), Any) or []
        if not isinstance(errors, list) or len(errors) != found.count(_REFUSED):
            raise MalformedAnswer("not one error for each refusal")
        failures = iter([self._failure(error, method) for error in errors])
        return [next(failures) if answer == _REFUSED else answer for answer in found]

    def _failure(self, error: object, method: str) -> Failure:
        failure = self._vk.read_failure(error, method)
        if failure.code is None or not isinstance(error, dict) or error.get("method", method) != method:
            raise MalformedAnswer("an error of something else")
        return failure


def meets_every_call(error: VkError) -> bool:
    """It would meet single calls as well, and is no refusal of the method that makes many of them."""
    return error.treatment in _OF_EVERY_CALL and error.code not in _OF_THE_METHOD


def script(method: str, given: Sequence[Mapping[str, Value]]) -> str:
    """VKScript that makes these calls, one after another, and returns the list of their answers.

    What is given stands in it as data, in the words of a form; what VKScript could not read is left out of texts.
    """
    calls = [{key: _readable(text) for key, text in as_form(params).items()} for params in given]
    return f"""var calls = {json.dumps(calls, ensure_ascii=False)};
var answers = [];
var i = 0;
while (i < calls.length) {{
    answers.push(API.{method}(calls[i]));
    i = i + 1;
}}
return answers;"""


def _readable(text: str) -> str:
    return _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", text))


def _is_too_large(error: VkError) -> bool:
    """For us, or for VK, which says so in words alone."""
    if error.code is None:
        return error.reason == TOO_LARGE or error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return error.code == SCRIPT_BROKE and _TOO_BIG.search(error.message) is not None


def _is_silence(error: VkError) -> bool:
    """VK said nothing of batches, so it may take the next one."""
    was_answered = error.code is None and error.status is not None and error.status < 500
    return classify(error.code).unclear and not was_answered
