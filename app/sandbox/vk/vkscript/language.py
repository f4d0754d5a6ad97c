"""A small part of VKScript: `var`, assignment, `while`, `if`, `return`, literals, members, `push`, calls of the API.

Scripts that public clients send for batches need no more; anything else does not compile (12) or breaks (13).
"""

import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from app.sandbox.vk.vkscript.meaning import (
    API,
    ApiCall,
    Returned,
    Run,
    Scope,
    ScriptBroke,
    assigned,
    both,
    called,
    combined,
    constant,
    either,
    in_order,
    looped,
    named,
    part,
    pushed,
    returned,
)
from app.sandbox.vk.vkscript.tokens import CompileError, Token, tokens

T = TypeVar("T")
DEEPEST = 50
_LEVELS: tuple[dict[str, Callable[[Any, Any], Any]], ...] = (
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul},
)
_LITERALS = {"true": True, "false": False, "null": None}
_KEYWORDS = frozenset({"var", "while", "if", "else", "return", API, *_LITERALS})


def run(code: str, call: ApiCall) -> Any:
    """What the script returns. Raises CompileError, ScriptBroke, and whatever `call` raises."""
    program = _Parser(tokens(code)).program()
    try:
        program(Scope(call))
    except Returned as end:
        return end.value
    except (TypeError, KeyError) as error:
        raise ScriptBroke(str(error)) from None
    return None


class _Parser:
    def __init__(self, words: Iterable[Token]) -> None:
        self._words = list(words)
        self._at = self._depth = 0

    def program(self) -> Run:
        statements = []
        while self._peek.kind != "end":
            statements.append(self._statement())
        return in_order(statements)

    # Statements

    def _statement(self) -> Run:
        if self._takes("var"):
            return self._assignment(self._name())
        for keyword, read in (("while", self._loop), ("if", self._choice), ("return", self._return)):
            if self._takes(keyword):
                return read()
        if self._takes(";"):
            return in_order([])
        if self._peek.kind == "name" and self._words[self._at + 1].value == "=":
            return self._assignment(self._name())
        return self._ended(self._expression())

    def _assignment(self, name: str) -> Run:
        self._need("=")
        return assigned(name, self._ended(self._expression()))

    def _loop(self) -> Run:
        return looped(self._condition(), self._block())

    def _choice(self) -> Run:
        condition, then = self._condition(), self._block()
        otherwise = self._block() if self._takes("else") else in_order([])
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)

    def _return(self) -> Run:
        return returned(self._ended(self._expression()))

    def _condition(self) -> Run:
        self._need("(")
        condition = self._expression()
        self._need(")")
        return condition

    def _block(self) -> Run:
        if not self._takes("{"):
            return self._statement()
        statements = []
        while not self._takes("}"):
            statements.append(self._statement())
        return in_order(statements)

    def _ended(self, expression: Run) -> Run:
        self._need(";")
        return expression

    # Expressions

    def _expression(self) -> Run:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CompileError("nested too deep")
        left = self._both()
        while self._takes("||"):
            left = either(left, self._both())
        self._depth -= 1
        return left

    def _both(self) -> Run:
        left = self._binary(0)
        while self._takes("&&"):
            left = both(left, self._binary(0))
        return left

    def _binary(self, level: int) -> Run:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek.kind == "sign" and self._peek.value in _LEVELS[level]:
            left = combined(_LEVELS[level][self._next().value], left, self._binary(level + 1))
        return left

    def _unary(self) -> Run:
        if self._takes("-"):
            negative = self._unary()
            return lambda scope: -negative(scope)
        if self._takes("!"):
            denied = self._unary()
            return lambda scope: not denied(scope)
        return self._member()

    def _member(self) -> Run:
        value = self._primary()
        while True:
            if self._takes("."):
                word = self._next()
                if word.kind != "name":
                    raise CompileError("the name of a member is missing")
                is_push = word.value == "push"
                value = pushed(value, self._arguments()) if is_push else part(value, constant(word.value))
            elif self._takes("["):
                value = part(value, self._expression())
                self._need("]")
            elif self._peek.value == "(" and self._peek.kind == "sign":
                value = called(value, self._arguments())
            else:
                return value

    def _primary(self) -> Run:
        word = self._next()
        if word.kind in ("number", "text"):
            return constant(word.value)
        if word.kind == "name" and word.value in _LITERALS:
            return constant(_LITERALS[word.value])
        if word.kind == "name" and (word.value == API or word.value not in _KEYWORDS):
            return named(word.value)
        if word.kind == "sign" and word.value == "(":
            inner = self._expression()
            self._need(")")
            return inner
        if word.kind == "sign" and word.value == "[":
            elements = self._listed("]", self._expression)
            return lambda scope: [element(scope) for element in elements]
        if word.kind == "sign" and word.value == "{":
            pairs = self._listed("}", self._pair)
            return lambda scope: {key: value(scope) for key, value in pairs}
        raise CompileError(f"unexpected {word.value!r}")

    def _pair(self) -> tuple[str, Run]:
        key = self._next()
        if key.kind not in ("text", "name"):
            raise CompileError("a key is missing")
        self._need(":")
        return key.value, self._expression()

    def _arguments(self) -> list[Run]:
        self._need("(")
        return self._listed(")", self._expression)

    def _listed(self, end: str, element: Callable[[], T]) -> list[T]:
        found: list[T] = []
        while not self._takes(end):
            if found:
                self._need(",")
            found.append(element())
        return found

    # Words

    @property
    def _peek(self) -> Token:
        return self._words[self._at]

    def _next(self) -> Token:
        word = self._peek
        if word.kind == "end":
            raise CompileError("the script ends too early")
        self._at += 1
        return word

    def _takes(self, value: str) -> bool:
        if self._peek.kind == "text" or self._peek.value != value:
            return False
        self._at += 1
        return True

    def _need(self, value: str) -> None:
        if not self._takes(value):
            raise CompileError(f"{value} is missing before {self._peek.value!r}")

    def _name(self) -> str:
        word = self._next()
        if word.kind != "name" or word.value in _KEYWORDS:
            raise CompileError("a name is missing")
        return str(word.value)
