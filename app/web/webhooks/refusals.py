"""Errors as Evotor reads them: docs/contracts/evotor.md §13.3."""

import json
from typing import Any
from urllib.parse import unquote

from flask import Response
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.logs import get_logger
from app.services.connections.evotor_webhooks.linking import AlreadyLinked
from app.services.errors import BadCredentials, TooManyAttempts
from app.web.doors import limits
from app.web.webhooks import blueprint

SYNTAX, MISSING, BAD_VALUE = 2001, 2002, 2003
WRONG_SECRET, WRONG_PASSWORD, LINKED = 1001, 1006, 2004
LONGEST_ECHO = 64

log = get_logger()


class Refusal(Exception):
    """Of a request by itself. `value` is what came, where it is no secret."""

    def __init__(self, code: int, reason: str, subject: str | None = None, value: object = None) -> None:
        super().__init__(reason)
        self.status = 401 if code < SYNTAX else 400
        self.error: dict[str, Any] = {"code": code, "reason": reason}
        if subject is not None:
            self.error["subject"] = subject
        if isinstance(value, str | int | float):
            self.error["value"] = str(value)[:LONGEST_ECHO]


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, headers, mimetype="application/json")


def is_meant_by(path: str) -> bool:
    """Whether a machine asks, however it spells that: no page of ours begins so."""
    words = (word.strip(". ") for word in unquote(path).casefold().replace("\\", "/").split("/"))
    return next(filter(None, words), "").partition(";")[0] == "api"


def plain(error: HTTPException) -> Response:
    """Also of addresses that nobody has, for which no view answers: nor is anybody led from one to another."""
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    status = 404 if isinstance(error, RequestRedirect) else error.code or 500
    return answer(_body(SYNTAX, "the request cannot be read") if status == 400 else {}, status, kept)


def _body(code: int, reason: str, **facts: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "reason": reason, **facts}]}


@blueprint.errorhandler(Refusal)
def _refused(error: Refusal) -> Response:
    log.info("webhook_refused", status=error.status, code=error.error["code"], subject=error.error.get("subject"))
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return answer({"errors": [error.error]}, error.status, headers)


@blueprint.errorhandler(BadCredentials)
def _wrong_password(_error: BadCredentials) -> Response:
    return answer(_body(WRONG_PASSWORD, "wrong user name or password"), 401)


@blueprint.errorhandler(TooManyAttempts)
def _locked(error: TooManyAttempts) -> Response:
    """Also of right passwords: those of tries under way count until they have been looked at."""
    later = {"Retry-After": str(error.seconds_left)}
    return answer(_body(WRONG_PASSWORD, "too many attempts, try again later"), 429, later)


@blueprint.errorhandler(AlreadyLinked)
def _linked(_error: AlreadyLinked) -> Response:
    return answer(_body(LINKED, "already linked", subject="userId"), 409)


@blueprint.errorhandler(RateLimitExceeded)
def _too_often(error: RateLimitExceeded) -> Response:
    return answer({}, 429, {"Retry-After": str(limits.seconds_left(error))})


@blueprint.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> Response:
    return plain(error)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(PoolTimeout)
def _no_database(error: OperationalError | PoolTimeout) -> Response:
    log.error("webhook_not_done", error=type(getattr(error, "orig", error)).__name__)
    return answer({}, 503, {"Retry-After": "5"})
