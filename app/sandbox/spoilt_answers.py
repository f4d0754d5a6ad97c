"""Answers that no service would word itself: none at all, half of one, a page of the server before it."""

import json
import re
from typing import Any

from flask import Response, request

from app.sandbox.faults import Fault

HANG_UP = "sandbox.hang_up"


class ConnectionDropped(ConnectionAbortedError):
    """Raised where there is no connection to close: in-process test clients."""


def drop_connection(after_seconds: float = 0) -> Response:
    """Have the server close the connection, at once or later, instead of sending this answer."""
    hang_up = request.environ.get(HANG_UP)
    if hang_up is None:
        raise ConnectionDropped
    hang_up(after_seconds)
    return Response()


def truncated(body: Any) -> Response:
    """JSON that stops in the middle, with a length that fits: only a parser can notice."""
    text = json.dumps(body, ensure_ascii=False).encode()
    return Response(text[: len(text) * 2 // 3], mimetype="application/json")


HTTP_ERRORS = {500: "Internal Server Error", 502: "Bad Gateway"}


def spoilt_answer(fault: Fault) -> Response:
    """The answer for the kinds that no service would word itself."""
    if fault.name.startswith("drop"):
        return drop_connection()
    if fault.name.startswith("timeout"):
        return drop_connection(fault.number / 1000)
    if match := re.match(r"http_(\d+)", fault.name):
        status = int(match[1])
        page = f"<html><body><h1>{status} {HTTP_ERRORS[status]}</h1></body></html>"
        return Response(page, status=status, mimetype="text/html")
    return Response("<!doctype html><html><body>Что-то пошло не так</body></html>", mimetype="text/html")
