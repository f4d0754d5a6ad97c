"""Stands between the product and VK, counts the requests, and at the chosen one kills the product's process."""

import json
import os
import queue
import re
import signal
import threading
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

Moment = Literal["before", "middle", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "middle", "after")
EXECUTE, UPLOAD = "execute", "upload"
FIRST_UPLOAD = 1001
"""Several threads send pictures, so uploads are counted by themselves: then all numbers mean the same in every run."""
DIVISIBLE = {"market.addToAlbum": "item_ids", EXECUTE: "code"}
"""Requests for several things at once, by the field that names these."""
INNER = re.compile(r"API\.([\w.]+)\(")
CALLS = re.compile(r"var calls = (.*?);$", re.MULTILINE)
NOT_PASSED_ON = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, order=True)
class Point:
    """`before`: the request never reaches VK; `after`: VK has applied it, and the answer never comes back.

    `middle`: VK has applied it to half of the things that it names.
    """

    number: int
    """Of the request, from 1; of uploads from 1001."""
    moment: Moment

    def __str__(self) -> str:
        return f"{self.number}:{self.moment}"


class KillingProxy:
    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.victim: queue.Queue[int] = queue.Queue()
        self.requests: dict[int, str] = {}
        """By their numbers."""
        self.divisible: set[int] = set()
        """Those that VK can apply in part."""
        self._turn = threading.Lock()
        self._point: Point | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def arm(self, point: Point | None) -> None:
        """Count anew; the next process whose pid comes into `victim` dies at the point."""
        self.requests.clear()
        self.divisible.clear()
        self.victim = queue.Queue()
        self._point = point

    def note(self, kind: str, is_divisible: bool) -> int:
        first = FIRST_UPLOAD if kind == UPLOAD else 1
        with self._turn:
            number = first + sum((other == UPLOAD) == (kind == UPLOAD) for other in self.requests.values())
            self.requests[number] = kind
        if is_divisible:
            self.divisible.add(number)
        return number

    def will_kill(self, number: int, moment: Moment) -> bool:
        return self._point == Point(number, moment)

    def kills(self, number: int, moment: Moment) -> bool:
        if not self.will_kill(number, moment):
            return False
        self._point = None
        os.kill(self.victim.get(timeout=10), signal.SIGKILL)
        return True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    proxy: KillingProxy
    request_queue_size = 64  # several processes may come at once


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
        half = _half(_called(self.path), body)
        number = proxy.note(_kind(_called(self.path), body), half is not None)
        if proxy.kills(number, "before"):
            self.close_connection = True
            return
        # The Host header goes along, so the upload addresses that VK hands out lead through here as well.
        if half is not None and proxy.will_kill(number, "middle"):
            self.headers.replace_header("Content-Length", str(len(half)))
            body = half
        self.server_side.request(self.command, self.path, body, dict(self.headers.items()))
        answer = self.server_side.getresponse()
        content = answer.read()
        if proxy.kills(number, "middle") or proxy.kills(number, "after"):
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


def _kind(called: str, body: bytes) -> str:
    """`market.add`, `upload`, or `execute market.edit`."""
    inner = INNER.search(dict(parse_qsl(body.decode())).get("code", "")) if called == EXECUTE else None
    return f"{called} {inner[1]}" if inner else called


def _called(path: str) -> str:
    first, _, rest = path.strip("/").partition("/")
    return rest.partition("?")[0] if first == "method" else first


def _half(called: str, body: bytes) -> bytes | None:
    """The same request for the first half of what it names; None where it names one thing."""
    name = DIVISIBLE.get(called)
    if name is None:
        return None
    form = dict(parse_qsl(body.decode()))
    half = _half_of_calls(form[name]) if called == EXECUTE else _half_of_list(form.get(name, ""))
    return urlencode({**form, name: half}).encode() if half else None


def _half_of_list(names: str) -> str:
    named = names.split(",")
    return ",".join(named[: len(named) // 2])


def _half_of_calls(code: str) -> str:
    literal = CALLS.search(code)
    assert literal, code
    calls = json.loads(literal[1])
    half = json.dumps(calls[: len(calls) // 2], ensure_ascii=False)
    return code[: literal.start(1)] + half + code[literal.end(1) :] if len(calls) > 1 else ""
