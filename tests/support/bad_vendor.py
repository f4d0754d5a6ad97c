"""Stands between the product and the sandbox, and answers some paths in its own way."""

import json
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

NOT_PASSED_ON = frozenset({"connection", "content-length", "transfer-encoding", "server", "date"})
Deed = Callable[["Handler"], None]


class BadVendor:
    """Whatever is not spoilt is passed on to `upstream`, the address of a sandbox, or is a 404 without one.

    `seen` holds method and path of every request; who hangs or drips may wait for `stopped`.
    """

    def __init__(self, upstream: str = "") -> None:
        self.upstream = urlsplit(upstream).netloc
        self.seen: list[str] = []
        self.stopped = threading.Event()
        self._deeds: dict[str, Deed] = {}
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.vendor = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.evotor_url, self.vk_url = f"{self.url}/evotor", f"{self.url}/method"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def spoil(self, path_end: str, answer: object) -> None:
        """Answer paths that end so with bytes or with anything else as JSON, or have a function do as it likes."""
        self._deeds[path_end] = answer if callable(answer) else _saying(answer)

    def spoil_response(self, method: str, response: object) -> None:
        """VK's `response` to a method."""
        self.spoil(f"/{method}", {"response": response})

    def mend(self) -> None:
        self._deeds.clear()

    def deed(self, path: str) -> Deed:
        name = urlsplit(path).path
        return next((deed for end, deed in self._deeds.items() if name.endswith(end)), _pass_on)

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    vendor: BadVendor

    def handle_error(self, *_: Any) -> None:
        """The product hangs up on what it does not want."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out by themselves
    server: _Server
    content: bytes

    def _answer(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.vendor.seen.append(f"{self.command} {self.path}")
        self.server.vendor.deed(self.path)(self)

    do_GET = do_POST = _answer  # noqa: N815 - the library's names

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _saying(answer: object) -> Deed:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return lambda handler: handler.say(body)


def _pass_on(handler: Handler) -> None:
    upstream = handler.server.vendor.upstream
    if not upstream:
        handler.say(b"", 404)
        return
    there = HTTPConnection(upstream, timeout=30)
    there.request(handler.command, handler.path, handler.content, dict(handler.headers))
    answer = there.getresponse()
    kept = {name.replace("-", "_"): value for name, value in answer.getheaders() if name.lower() not in NOT_PASSED_ON}
    handler.say(answer.read(), answer.status, **kept)
    there.close()
