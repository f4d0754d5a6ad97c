"""Under which name the site is known, and what a request is before any part of the site looks at it."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.utils import cached_property

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class AsciiCookies(Request):
    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Ours are ASCII; what else comes under their names is nobody's, and not every library bears it."""
        return ImmutableMultiDict(pair for pair in super().cookies.items(multi=True) if pair[1].isascii())


def init_app(app: Flask) -> None:
    settings = app.extensions["settings"]
    public = urlsplit(settings.public_url)
    app.config.update(SERVER_NAME=public.netloc, PREFERRED_URL_SCHEME=public.scheme)
    app.wsgi_app = _with_scheme(app.wsgi_app, public.scheme)  # type: ignore[assignment,method-assign]  # as Flask shows it
    if proxies := settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        # Of a proxy's word only the client's address is needed: name and scheme are those of PUBLIC_URL.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]  # as Flask shows it
    app.request_class = AsciiCookies


def _with_scheme(inner: "WSGIApplication", scheme: str) -> "WSGIApplication":
    """Flask takes the name of absolute addresses from SERVER_NAME, but their scheme from the request."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        environ["wsgi.url_scheme"] = scheme
        return inner(environ, start_response)

    return answer
