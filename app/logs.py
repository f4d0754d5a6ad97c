"""Log lines on stderr, as key=value or JSON, with ids; values that may hold a secret are refused."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any

from flask import Flask
from flask.logging import default_handler

from app import clock

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
_remembering, _writing = threading.Lock(), threading.Lock()
_before_lines: list[Callable[[], object]] = []
_FIRST = ("timestamp", "level", "event")


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
    is_json = settings.log_format == "json"
    sys.excepthook = _tell_last_words if is_json else _write_masked
    default_handler.setFormatter(JsonFormatter() if is_json else _TextFormatter())
    _rendering.is_json = is_json


class _Rendering:
    """How lines are written, which is known later than that there are some."""

    is_json = False

    def __call__(self, logger: Any, method: str, line: MutableMapping[str, Any]) -> str:
        import structlog

        if self.is_json:
            return _as_json(line)
        return str(structlog.processors.LogfmtRenderer(key_order=_FIRST)(logger, method, line))


_rendering = _Rendering()


def naming(**ids: object) -> AbstractContextManager[None]:
    """Every line that is written inside carries these as well."""
    import structlog

    return structlog.contextvars.bound_contextvars(**ids)


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
            _rendering,
        ],
        logger_factory=lambda *_: _Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


class _Lines:
    """On stderr. One that finds no room there, as on a disk that is full, is lost, and whoever says it goes on."""

    def __init__(self) -> None:
        self._output = sys.stderr

    def _write(self, line: str) -> None:
        with _writing, suppress(OSError):
            print(line, file=self._output, flush=True)

    debug = info = warning = error = critical = _write


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


def _tell_last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The same as one line."""
    said = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(_as_json({**_head("critical", "crashed"), "exception": _masked(said)}) + "\n")


def _as_json(line: MutableMapping[str, Any]) -> str:
    rest = {name: value for name, value in line.items() if name not in _FIRST}
    return json.dumps({**{name: line.get(name) for name in _FIRST}, **rest}, ensure_ascii=False)


def _head(level: str, event: str, moment: float | None = None) -> dict[str, Any]:
    at = clock.utcnow() if moment is None else datetime.fromtimestamp(moment, UTC)
    return {"timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "level": level, "event": event}


def _ids() -> dict[str, Any]:
    import structlog

    return dict(structlog.contextvars.get_contextvars())


class _TextFormatter(logging.Formatter):
    """For what Flask itself says of an error that nobody expected."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return " ".join([super().formatMessage(record), *(f"{name}={value}" for name, value in _ids().items())])

    def format(self, record: logging.LogRecord) -> str:
        return _masked(super().format(record))


class JsonFormatter(logging.Formatter):
    """For what libraries say: Flask of an error that nobody expected, gunicorn of its workers."""

    def format(self, record: logging.LogRecord) -> str:
        line = {**_head(record.levelname.lower(), "said", record.created), "logger": record.name}
        line["said"] = _masked(record.getMessage())
        if record.exc_info:
            line["exception"] = _masked(self.formatException(record.exc_info))
        return _as_json({**line, **_ids()})
