"""What the parts of a script do when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

API = "API"
MOST_STEPS = 100_000
"""Rounds of all loops together."""
ApiCall = Callable[[str, dict[str, Any]], Any]


class ScriptBroke(Exception):
    """VK says 13."""


class Returned(Exception):
    """The script came to its `return`."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(frozen=True, slots=True)
class Method:
    """`API`, `API.market`, `API.market.get`."""

    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Scope:
    call: ApiCall
    names: dict[str, Any] = field(default_factory=lambda: {API: Method()})
    steps: int = 0


Run = Callable[[Scope], Any]


def constant(value: Any) -> Run:
    return lambda _scope: value


def named(name: str) -> Run:
    return lambda scope: scope.names[name]


def in_order(statements: Sequence[Run]) -> Run:
    def go(scope: Scope) -> None:
        for statement in statements:
            statement(scope)

    return go


def assigned(name: str, value: Run) -> Run:
    def assign(scope: Scope) -> None:
        scope.names[name] = value(scope)

    return assign


def looped(condition: Run, body: Run) -> Run:
    def loop(scope: Scope) -> None:
        while condition(scope):
            scope.steps += 1
            if scope.steps > MOST_STEPS:
                raise ScriptBroke("too many operations")
            body(scope)

    return loop


def returned(value: Run) -> Run:
    def end(scope: Scope) -> None:
        raise Returned(value(scope))

    return end


def either(left: Run, right: Run) -> Run:
    return lambda scope: left(scope) or right(scope)


def both(left: Run, right: Run) -> Run:
    return lambda scope: left(scope) and right(scope)


def combined(operation: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    return lambda scope: operation(left(scope), right(scope))


def part(whole: Run, key: Run) -> Run:
    """A member of an object, an element or the length of a list; null where there is none."""

    def take(scope: Scope) -> Any:
        found, wanted = whole(scope), key(scope)
        if isinstance(found, Method):
            return Method((*found.path, _text(wanted)))
        if isinstance(found, list | str) and wanted == "length":
            return len(found)
        if isinstance(found, dict):
            return found.get(wanted)
        is_there = isinstance(found, list) and isinstance(wanted, int) and 0 <= wanted < len(found)
        return found[wanted] if is_there else None

    return take


def pushed(whole: Run, given: Sequence[Run]) -> Run:
    def push(scope: Scope) -> int:
        found = whole(scope)
        if not isinstance(found, list) or len(given) != 1:
            raise ScriptBroke("push is for one value and a list")
        found.append(given[0](scope))
        return len(found)

    return push


def called(whole: Run, given: Sequence[Run]) -> Run:
    def call(scope: Scope) -> Any:
        method, params = whole(scope), [value(scope) for value in given] or [{}]
        if not isinstance(method, Method) or len(params) != 1 or not isinstance(params[0], dict):
            raise ScriptBroke("only methods of the API are called, with one object")
        return scope.call(".".join(method.path), params[0])

    return call


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise ScriptBroke("the name of a method is a text")
    return name
