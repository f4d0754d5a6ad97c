"""`execute`: a script's calls, each with the answer that it would get alone (docs/contracts/vk.md §13.3)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.faults import Fault
from app.sandbox.vk.params import VkError
from app.sandbox.vk.vkscript.language import run
from app.sandbox.vk.vkscript.meaning import ScriptBroke
from app.sandbox.vk.vkscript.tokens import CompileError

MOST_CALLS = 25


@dataclass
class Batch:
    """`answer`: one call of a method with its parameters as a form has them; raises VkError."""

    answer: Callable[[str, dict[str, str]], Any]
    largest: int = 0
    """Signs of an answer; 0: any."""
    _errors: list[Json] = field(default_factory=list)
    _calls: int = 0

    def run(self, code: str) -> Json:
        """The body of the answer. Raises VkError 12 and 13."""
        try:
            body: Json = {"response": run(code, self._call)}
        except CompileError as error:
            raise VkError(12, str(error)) from None
        except ScriptBroke as error:
            raise VkError(13, str(error)) from None
        if 0 < self.largest < len(json.dumps(body, ensure_ascii=False)):
            raise VkError(13, "response size is too big")
        return {**body, "execute_errors": self._errors} if self._errors else body

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise ScriptBroke("too many api calls")
        given = {name: _as_form(value) for name, value in params.items() if value is not None}
        try:
            return self.answer(method, given)
        except VkError as error:
            self._errors.append({"method": method, "error_code": error.code, "error_msg": error.message})
            return False


def spoilt(fault: Fault, body: Json) -> Json:
    """An answer to a batch that does not fit its calls."""
    if fault.name == "not_a_list":
        return {**body, "response": {"answers": body["response"]}}
    if fault.name == "one_fewer":
        return {**body, "response": body["response"][:-1]}
    return {**body, "execute_errors": [*body.get("execute_errors", []), {"method": "users.get", "error_code": 10}]}


def _as_form(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(map(_as_form, value)) if isinstance(value, list) else str(value)
