"""Stands between the product and VK, counts the requests, and at the chosen one kills the product's process."""

import os
import queue
import signal
import threading
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")
NOT_PASSED_ON = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, order=True)
class Point:
    """`before`: the request never reaches VK; `after`: VK has applied it, and the answer never comes back."""

    number: int
    """Of the request, from 1."""
    moment: Moment

    def __str__(self) -> str:
        return f"{self.number}:{self.moment}"


class KillingProxy:
    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.victim: queue.Queue[int] = queue.Queue()
        self.requests: list[str] = []
        self._point: Point | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def arm(self, point: Point | None) -> None:
        """Count anew; the next process whose pid comes into `victim` dies at the point."""
        self.requests.clear()
        self.victim = queue.Queue()
        self._point = point

    def kills(self, number: int, moment: Moment) -> bool:
        if self._point != Point(number, moment):
            return False
        self._point = None
        os.kill(self.victim.get(timeout=10), signal.SIGKILL)
        return True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    proxy: KillingProxy


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server_side = HTTPConnection(self.server.proxy.upstream)

    def finish(self) -> None:
        self.server_side.close()
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy = self.server.proxy
        proxy.requests.append(_kind(self.path))
        number = len(proxy.requests)
        if proxy.kills(number, "before"):
            self.close_connection = True
            return
        # The Host header goes along, so the upload addresses that VK hands out lead through here as well.
        self.server_side.request(self.command, self.path, body, dict(self.headers.items()))
        answer = self.server_side.getresponse()
        content = answer.read()
        if proxy.kills(number, "after"):
            self.close_connection = True
            return
        self._answer(answer, content)

    def _answer(self, answer: HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """The harness counts for itself."""


def _kind(path: str) -> str:
    """`market.add`, or `upload`."""
    first, _, rest = path.strip("/").partition("/")
    return rest.partition("?")[0] if first == "method" else first
