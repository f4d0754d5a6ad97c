"""A threaded HTTP/1.1 server that keeps connections alive and can hang up without an answer."""

import sys
import time
from typing import cast

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from app.sandbox.spoilt_answers import HANG_UP


class KeepAliveHandler(WSGIRequestHandler):
    """Werkzeug's own handler closes the connection after each answer; here the whole answer goes out in one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        hung_up: list[float] = []
        environ[HANG_UP] = hung_up.append
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        if hung_up:
            time.sleep(hung_up[0])
            self.close_connection = True
            return
        body = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Of the `Date` header: by the clock that the sandbox goes by."""
        app = cast(Flask, self.server.app)
        return super().date_time_string(app.config["WORLD"].clock.now() if timestamp is None else timestamp)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted by the control API instead."""


def listen(app: Flask, host: str, port: int) -> BaseWSGIServer:
    try:
        return make_server(host, port, app, threaded=True, request_handler=KeepAliveHandler)
    except OSError as error:
        sys.exit(f"{host}:{port}: {error}")
