"""What is refused before anything of ours looks at a request, and under which name the site is known."""

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from flask import Flask, Request, abort, g, request
from flask_login import current_user
from werkzeug import routing
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import cached_property

from app.context import settings
from app.db import db
from app.domain.account.network import source_of
from app.web.access import READS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = ("localhost", "127.0.0.1", "::1")
FORMS = ("", "application/x-www-form-urlencoded", "multipart/form-data")
STRANGERS_BYTES = 64 * 1024


class AsciiCookies(Request):
    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Ours are ASCII; what else comes under their names is nobody's, and not every library bears it."""
        return ImmutableMultiDict(pair for pair in super().cookies.items(multi=True) if pair[1].isascii())


class IntegerConverter(routing.IntegerConverter):
    """No longer than an id may be: thousands of digits cannot even be read."""

    regex = r"\d{1,19}"


def init_app(app: Flask) -> None:
    """Before every other part, whose own look at a request is the later one."""
    public = urlsplit(app.extensions["settings"].public_url)
    app.config.update(SERVER_NAME=public.netloc, PREFERRED_URL_SCHEME=public.scheme)
    app.wsgi_app = _with_scheme(app.wsgi_app, public.scheme)  # type: ignore[assignment,method-assign]  # as Flask shows it
    if proxies := app.extensions["settings"].trusted_proxies:
        # Of a proxy's word only the client's address is needed: name and scheme are those of PUBLIC_URL.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]  # as Flask shows it
    elif app.extensions["settings"].is_production:
        app.before_request(_tell_of_a_proxy)
    app.request_class = AsciiCookies
    app.url_map.converters["int"] = IntegerConverter
    app.before_request(_note_source)
    app.before_request(_check_host)
    app.before_request(_check_body)


def _with_scheme(inner: "WSGIApplication", scheme: str) -> "WSGIApplication":
    """Flask takes the name of absolute addresses from SERVER_NAME, but their scheme from the request."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        environ["wsgi.url_scheme"] = scheme
        return inner(environ, start_response)

    return answer


_is_told = threading.Lock()


def _tell_of_a_proxy() -> None:
    """Once in a process: all that come through a proxy which is not counted are taken for one visitor."""
    if "X-Forwarded-For" in request.headers and _is_told.acquire(blocking=False):
        structlog.get_logger().warning("proxy_not_trusted", setting="TRUSTED_PROXIES")


def _note_source() -> None:
    g.source = source_of(request.remote_addr)


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
    if request.mimetype not in FORMS:
        abort(415)
    length = request.content_length
    if (length is None or length > STRANGERS_BYTES) and not _is_signed_in():
        request.max_content_length = STRANGERS_BYTES
    if None in request.form or None in request.files:
        abort(400)


def _is_signed_in() -> bool:
    """Leaves no transaction open: a body may take its time."""
    known = bool(current_user.is_authenticated)
    db.session.commit()
    return known
