"""Calls of VK's API: pace, repeats and errors; docs/contracts/vk.md §1 and §11."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from app import clock
from app.clients.answers import MalformedAnswer, decode
from app.clients.budget import Budget
from app.clients.http import Response, Transport, TransportError
from app.clients.line import Line
from app.clients.pacing import Pacer, Shared
from app.clients.vk import answers
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.bulk_forms import BulkForm
from app.clients.vk.errors import INVALID_TOKEN, METHOD_QUOTA, TOO_LARGE, TOO_MANY_PER_SECOND, Treatment, VkError
from app.clients.vk.failures import Failure, no_answer, read_failure, said_no
from app.clients.vk.tokens import FixedToken, Tokens, id_expired

T = TypeVar("T")
Value = str | int | Decimal | bool | None

VERSION = "5.199"


@dataclass(frozen=True, slots=True)
class CallHooks:
    """What whoever makes a client has a say in while its calls go on; as it is, nothing.

    `is_resting`: a method for which it is true is not called at all and fails with code 29 at once. `before_repeat` is
    called before a failed call is sent again, so that a long wait can renew its lease, and because the order may have
    been taken back meanwhile: what it raises ends the call. `note_refused` hears of a form that is not needed, since
    single calls do its work, and that VK refuses.
    """

    is_resting: Callable[[str], bool] = lambda _method: False
    before_repeat: Callable[[], None] = lambda: None
    note_refused: Callable[[BulkForm], None] = lambda _form: None


NO_HOOKS = CallHooks()


class VkCaller:
    """Sends one token's calls. The token travels in a header only, and is renewed where that can be."""

    def __init__(
        self,
        addresses: VkAddresses,
        token: str | Tokens,
        *,
        budget: Budget | None,
        per_second: float,
        hooks: CallHooks,
        shared_pace: Shared | None = None,
        line: Line | None = None,
    ) -> None:
        self._addresses = addresses
        self._budget = budget
        self._transport = Transport(addresses.api_url, budget=budget, line=line)
        self._pacer = Pacer(per_second, shared_pace)
        self._hooks = hooks
        self._tokens = FixedToken(token.strip()) if isinstance(token, str) else token
        self._token = ""
        self.has_answered = False
        """VK said yes to at least one call."""
        self.is_own_doing = False
        """What the last call found done may have been done by itself, since an answer to it was lost."""

    def close(self) -> None:
        self._transport.close()

    @property
    def is_renewable(self) -> bool:
        """That VK refuses the token says nothing of the call."""
        return self._tokens.is_renewable

    def read(self, method: str, params: Mapping[str, Value], parse: Callable[[Any], T]) -> T:
        """A question; `parse` makes the answer ours."""
        return parsed(parse, self.call(method, params))

    def create(self, method: str, params: Mapping[str, Value], key: str) -> int:
        """Something new, made at most once: its id."""
        answer = self.call(method, params, repeatable=False)
        try:
            return answers.new_id(answer, key)
        except MalformedAnswer:
            raise no_answer(status=200, outcome_unknown=True) from None

    def write(self, method: str, params: Mapping[str, Value]) -> bool:
        """A change that may be sent twice; False for VK's "it is so already", which is a success."""
        try:
            answer = self.call(method, params)
        except VkError as error:
            if error.treatment is not Treatment.OK:
                raise
            return False
        if answer in (0, "0"):
            raise said_no(method)
        return True

    def call(self, method: str, params: Mapping[str, Value], *, repeatable: bool = True) -> Any:
        """VK's `response`. A call that is not repeatable is sent again only if VK surely did not do it."""
        return self.answer(method, params, dict[str, Any], repeatable=repeatable)["response"]

    def answer(
        self,
        method: str,
        params: Mapping[str, Value],
        shape: type[dict[str, T]],
        *,
        repeatable: bool = True,
        most_retries: int | None = None,
    ) -> dict[str, T]:
        """The same with what stands beside `response`, read as far as `shape` says.

        `most_retries`: no more of them, whatever the table grants.
        """
        if self._hooks.is_resting(method):
            raise Failure(code=METHOD_QUOTA, method=method).error()
        form = {**as_form(params), "v": VERSION, "lang": "ru"}
        repeats: Counter[Treatment] = Counter()
        self.is_own_doing = False
        while True:
            outcome = self._asked(method, form, shape)
            if not isinstance(outcome, Failure):
                self.has_answered = True
                return outcome
            kind = outcome.row.treatment
            repeats[kind] += 1
            is_enough = kind is Treatment.RETRY and most_retries is not None and repeats[kind] > most_retries
            pause = outcome.pause_before(repeats[kind], repeatable=repeatable)
            if pause is None or is_enough or self._budget:
                raise self.error(outcome, repeatable=repeatable)
            self.is_own_doing = self.is_own_doing or (outcome.sent and outcome.row.unclear)
            self._rest(outcome, pause + clock.jitter())
            self._hooks.before_repeat()

    def error(self, failure: Failure, *, repeatable: bool = True) -> VkError:
        """What to raise for it, without the token in VK's words."""
        return failure.error(repeatable=repeatable, token=self._token)

    def read_failure(self, error: object, method: str, status: int = 200) -> Failure:
        """VK's `error` object."""
        return read_failure(error, method, status, self._addresses)

    def _rest(self, failure: Failure, seconds: float) -> None:
        if failure.code == TOO_MANY_PER_SECOND:
            self._pacer.slow_down()
            self._pacer.expect_later()
            self._pacer.hold(seconds)
        else:
            clock.sleep(seconds)

    def _asked(self, method: str, form: Mapping[str, str], shape: type[dict[str, T]]) -> dict[str, T] | Failure:
        """Once, and once more where VK took the token no more and there is another one: then nothing was done.

        Where it takes that one no more either, only signing in anew helps.
        """
        outcome = self._paced(method, form, shape)
        if not (_is_token_refused(outcome) and self._tokens.renew(self._token)):
            return outcome
        outcome = self._paced(method, form, shape)
        if _is_token_refused(outcome):
            raise id_expired()
        return outcome

    def _paced(self, method: str, form: Mapping[str, str], shape: type[dict[str, T]]) -> dict[str, T] | Failure:
        self._token = self._tokens.current()
        with self._pacer.turn():
            return self._once(method, form, shape)

    def _once(self, method: str, form: Mapping[str, str], shape: type[dict[str, T]]) -> dict[str, T] | Failure:
        """VK's answer, or what went wrong."""
        if not (self._token.isascii() and self._token.isprintable() and self._token):
            return Failure(code=INVALID_TOKEN, method=method)
        try:
            answer = self._transport.send(
                "POST", f"/{method}", data=form, headers={"Authorization": f"Bearer {self._token}"}
            )
        except TransportError as error:
            return Failure(sent=error.sent, method=method, reason=TOO_LARGE if error.is_too_large else "")
        return self._outcome(answer, method, shape)

    def _outcome(self, answer: Response, method: str, shape: type[dict[str, T]]) -> dict[str, T] | Failure:
        """§1.3: the JSON body decides, the status only where there is none."""
        try:
            text = answer.utf8()
            body = decode(text, shape)
            if "response" in body and "error" not in body:
                return body
            error = decode(text, dict[str, Any]).get("error")
        except MalformedAnswer:
            return Failure(status=answer.status, method=method)
        return self.read_failure(error, method, answer.status)


def _is_token_refused(outcome: object) -> bool:
    return isinstance(outcome, Failure) and outcome.row.treatment is Treatment.REFRESH


def parsed(parse: Callable[[Any], T], answer: Any) -> T:
    try:
        return parse(answer)
    except MalformedAnswer:
        raise no_answer(status=200) from None


def as_form(params: Mapping[str, Value]) -> dict[str, str]:
    """§1.2: booleans as 1 and 0, decimals with a dot and no exponent, None left out."""
    return {key: _text(value) for key, value in params.items() if value is not None}


def _text(value: str | int | Decimal | bool) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)
