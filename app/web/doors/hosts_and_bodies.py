"""What is refused before anything of ours looks at a request."""

import threading
from urllib.parse import urlsplit

from flask import Flask, abort, g, request
from flask_login import current_user
from werkzeug import routing

from app.context import settings
from app.db import db
from app.domain.account.devices import device_of
from app.domain.account.network import source_of
from app.logs import get_logger
from app.web.access import READS, WEBHOOKS

LOOPBACK = ("localhost", "127.0.0.1", "::1")
FORMS = ("", "application/x-www-form-urlencoded", "multipart/form-data")
STRANGERS_BYTES = 64 * 1024
GOODS_BYTES = 10 * 1024 * 1024
"""Of a hint from Evotor: it sends whole goods."""


class IntegerConverter(routing.IntegerConverter):
    """No longer than an id may be: thousands of digits cannot even be read."""

    regex = r"\d{1,19}"


def init_app(app: Flask) -> None:
    """Before every other part, whose own look at a request is the later one."""
    known = app.extensions["settings"]
    if known.is_production and not known.trusted_proxies:
        app.before_request(_tell_of_a_proxy)
    app.url_map.converters["int"] = IntegerConverter
    app.before_request(_note_source)
    app.before_request(_check_host)
    app.before_request(_check_body)


_is_told = threading.Lock()


def _tell_of_a_proxy() -> None:
    """Once in a process: all that come through a proxy which is not counted are taken for one visitor."""
    if "X-Forwarded-For" in request.headers and _is_told.acquire(blocking=False):
        get_logger().warning("proxy_not_trusted", setting="TRUSTED_PROXIES")


def _note_source() -> None:
    g.source, g.device = source_of(request.remote_addr), device_of(request.user_agent.string)


def _check_host() -> None:
    """No address is made from it; in production it is ours or a loopback name, as a proxy passes its upstream's on."""
    name = _host_name(request.host)
    known = (urlsplit(settings().public_url).hostname, *LOOPBACK)
    if not name or (settings().is_production and name not in known):
        abort(400)


def _host_name(host: str) -> str:
    """Without the port, as DNS spells it; empty for what can be no name."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").encode("idna").decode()
    except ValueError:
        return ""


def _check_body() -> None:
    """Read here first: of forms only, none without names, and of strangers little."""
    if request.method in READS or request.endpoint is None:
        return
    if request.endpoint in WEBHOOKS:
        _check_webhook()
        return
    if request.mimetype not in FORMS:
        abort(415)
    length = request.content_length
    if (length is None or length > STRANGERS_BYTES) and not _is_signed_in():
        request.max_content_length = STRANGERS_BYTES
    if None in request.form or None in request.files:
        abort(400)


def _check_webhook() -> None:
    """Before anybody looks whose it is; one of unknown length is read no further than that."""
    most = GOODS_BYTES if request.endpoint == "webhooks.goods" else STRANGERS_BYTES
    if (request.content_length or 0) > most:
        abort(413)
    request.max_content_length = most


def _is_signed_in() -> bool:
    """Leaves no transaction open and nobody signed in: a body may take its time, and who sends it may be signed out."""
    known = bool(current_user.is_authenticated)
    db.session.commit()
    db.session.expunge_all()
    g.pop("_login_user", None)  # where Flask-Login keeps whom it found, for the whole of the request
    return known
