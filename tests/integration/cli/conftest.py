"""Commands as an operator gives them."""

import json
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from flask import Flask, has_app_context

from app.db import db


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.out.count("\n") == 1, self.out
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def is_refusal(self, code: int) -> bool:
        """One line on stderr, nothing on stdout."""
        assert (self.code, self.out, self.err.count("\n")) == (code, "", 1), self
        assert self.err.strip()
        assert "Traceback" not in self.err
        return True


class Shell:
    """Every command in an application context of its own, as in a process of its own."""

    def __init__(self, app: Flask) -> None:
        self._runner = app.test_cli_runner()

    def __call__(self, *words: str, stdin: str | bytes | None = None) -> Answer:
        if has_app_context():
            db.session.rollback()
        result = Context().run(partial(self._runner.invoke, args=list(words), input=stdin))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)
