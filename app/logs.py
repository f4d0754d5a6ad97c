"""Log lines on stderr, as key=value, with ids; values that may hold a secret are refused."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any

from flask import Flask
from flask.logging import default_handler

_SECRET_NAME = re.compile(r"token|secret|password|authorization|cookie|upload_response|cost_price", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?:bearer\s+\S+|vk\d\.[a-z]\.\S+|access_token=\S+)", re.IGNORECASE)
_KEY_IN_PATH = re.compile(r"(/(?:password/reset|email/confirm|mail/stop)/)[^\s\"']+")
"""Links of mails: whoever reads one can use it."""
_TOLD_BY_POSTGRES = re.compile(r"(psycopg2\.errors\.\w+\)?):? .+?(?=\n\n|\Z)", re.DOTALL)
"""Its errors quote the values that they are about, and the statement with the values in it."""


_SHORTEST_SECRET = 8
"""Shorter ones would blot out ordinary words."""
_MOST_REMEMBERED = 1_000
_known_secrets: dict[str, None] = {}
_remembering = threading.Lock()
_before_lines: list[Callable[[], object]] = []


def remember_secret(secret: str) -> None:
    """This very text is masked in every line from now on, in whatever it is wrapped."""
    with _remembering:
        if len(secret) >= _SHORTEST_SECRET and secret not in _known_secrets:
            while len(_known_secrets) >= _MOST_REMEMBERED:
                del _known_secrets[next(iter(_known_secrets))]
            _known_secrets[secret] = None


def init_app(app: Flask) -> None:
    settings = app.extensions["settings"]
    for secret in (settings.evotor_webhook_secret, settings.metrics_token):
        remember_secret(secret)
    sys.excepthook = _write_masked
    default_handler.setFormatter(_MaskingFormatter("%(asctime)s %(levelname)s %(message)s"))


@contextmanager
def before_lines(deed: Callable[[], object]) -> Iterator[None]:
    """Done before each line that is written meanwhile, in whichever thread that is."""
    _before_lines.append(deed)
    try:
        yield
    finally:
        _before_lines.remove(deed)


def get_logger() -> Any:
    """What a module writes its lines with. The library comes with the first that may have something to say."""
    import structlog

    _configure()
    return structlog.get_logger()


@cache
def _configure() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            refuse_secrets,
            _make_room,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def refuse_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names that promise a secret are dropped, texts that look like one are masked."""
    for name, value in list(line.items()):
        if _SECRET_NAME.search(name):
            line[name] = "[hidden]"
        elif not isinstance(value, bool | int | float | None):
            line[name] = _masked(str(value))
    return line


def _make_room(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for deed in _before_lines:
        deed()
    return line


def _masked(text: str) -> str:
    with _remembering:
        known = list(_known_secrets)
    for secret in known:
        if secret in text:
            text = text.replace(secret, "[hidden]")
    text = _KEY_IN_PATH.sub(r"\1[hidden]", text)
    return _SECRET_TEXT.sub("[hidden]", _TOLD_BY_POSTGRES.sub(r"\1 [hidden]", text))


def _write_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The last words of a command."""
    sys.stderr.write(_masked("".join(traceback.format_exception(kind, error, trace))))


class _MaskingFormatter(logging.Formatter):
    """For what Flask itself says of an error that nobody expected."""

    def format(self, record: logging.LogRecord) -> str:
        return _masked(super().format(record))
