"""Each request has an id, which every line that it leads to carries, and its answer tells."""

import re
import secrets

from flask import Flask, Response, g, request

from app.context import settings
from app.logs import naming

HEADER = "X-Request-ID"
HARMLESS = re.compile(r"[A-Za-z0-9-]{1,64}")


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_tell)
    app.teardown_request(_end)


def _begin() -> None:
    g.request_id = _from_proxy() or secrets.token_hex(8)
    g.naming = naming(request_id=g.request_id)
    g.naming.__enter__()


def _from_proxy() -> str | None:
    """Behind one it is the proxy's word, which its own log has, too; else anybody's."""
    told = request.headers.get(HEADER, "")
    return told if settings().trusted_proxies and HARMLESS.fullmatch(told) else None


def _tell(answer: Response) -> Response:
    if "request_id" in g:
        answer.headers[HEADER] = g.request_id
    return answer


def _end(_error: BaseException | None) -> None:
    if (named := g.pop("naming", None)) is not None:
        named.__exit__(None, None, None)
