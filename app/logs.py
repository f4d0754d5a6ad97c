"""Log lines on stderr, as key=value, with ids; values that may hold a secret are refused."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask

_SECRET_NAME = re.compile(r"token|secret|password|authorization|cookie|upload_response|cost_price", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?:bearer\s+\S+|vk\d\.[a-z]\.\S+|access_token=\S+)", re.IGNORECASE)


_SHORTEST_SECRET = 8
"""Shorter ones would blot out ordinary words."""
_MOST_REMEMBERED = 1_000
_known_secrets: dict[str, None] = {}


def remember_secret(secret: str) -> None:
    """This very text is masked in every line from now on, in whatever it is wrapped."""
    if len(secret) >= _SHORTEST_SECRET and secret not in _known_secrets:
        while len(_known_secrets) >= _MOST_REMEMBERED:
            del _known_secrets[next(iter(_known_secrets))]
        _known_secrets[secret] = None


def init_app(app: Flask) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            refuse_secrets,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=not app.testing,
    )
    settings = app.extensions["settings"]
    if settings.is_production and settings.database_url.startswith("sqlite"):
        structlog.get_logger().warning("sqlite_in_production")


def refuse_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names that promise a secret are dropped, texts that look like one are masked."""
    for name, value in list(line.items()):
        if _SECRET_NAME.search(name):
            line[name] = "[hidden]"
        elif not isinstance(value, bool | int | float | None):
            line[name] = _masked(str(value))
    return line


def _masked(text: str) -> str:
    for secret in list(_known_secrets):
        if secret in text:
            text = text.replace(secret, "[hidden]")
    return _SECRET_TEXT.sub("[hidden]", text)
