"""People at their pages, all at once: as little work as possible on this side of the line."""

import gc
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from bench.speed.servers import Server
from tests.factories import PASSWORD

PATIENCE_SECONDS = 300
_COOKIE = re.compile(rb"^set-cookie: ([^=]+)=([^;\r]*)", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^content-length: (\d+)", re.IGNORECASE | re.MULTILINE)
_PLACE = re.compile(rb"^location: (\S+)", re.IGNORECASE | re.MULTILINE)
_MOVED = (302, 303)


class Refused(RuntimeError):
    """An answer other than the page that was asked for."""


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes


def ask(port: int, request: bytes) -> Answer:
    """Over a line of its own, as the server wants it."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(request)
        got = bytearray()
        wanted = 0
        while not wanted or len(got) < wanted:
            if not (piece := line.recv(1 << 18)):
                break
            got += piece
            wanted = wanted or _whole(got)
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ", 2)[1]) if head else 0, head, body)


def _whole(got: bytearray) -> int:
    """How long the answer will be; 0 while, or where, that is not known."""
    end = got.find(b"\r\n\r\n")
    length = _LENGTH.search(got, 0, end) if end >= 0 else None
    return end + 4 + int(length[1]) if length else 0


@dataclass
class Visitor:
    """Signed in at the product; knows the way to the bare page, too."""

    number: int
    port: int
    bare_port: int
    cookies: dict[bytes, bytes] = field(default_factory=dict)
    token: str = ""

    def sign_in(self, email: str) -> None:
        self.token = self._token("/login")
        self._send("POST", "/login", {"email": email, "password": PASSWORD, "csrf_token": self.token})
        self.token = self._token("/evotor")

    def bare(self) -> None:
        answer = ask(
            self.bare_port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n"
        )
        if answer.status != 200:
            raise Refused(f"the bare page: {answer.status}")

    def get(self, path: str) -> Answer:
        answer = self._send("GET", path)
        if answer.status != 200:
            raise Refused(f"{path}: {answer.status}")
        return answer

    def press(self, path: str, fields: Mapping[str, object], shown: str) -> Answer:
        """A button of a page that htmx keeps in place: the form, and the page that comes for it."""
        htmx = {
            "HX-Request": "true",
            "HX-Boosted": "true",
            "HX-Target": "catalog-main",
            "HX-Current-URL": f"http://127.0.0.1:{self.port}{shown}",
        }
        answer = self._send("POST", path, {"csrf_token": self.token, "next": shown, **fields}, htmx)
        if answer.status in _MOVED:
            place = _PLACE.search(answer.head)
            assert place is not None
            answer = self._send("GET", place[1].decode(), more=htmx)
        if answer.status != 200:
            raise Refused(f"{path}: {answer.status}")
        return answer

    def seconds(self, deed: Callable[[], object]) -> float:
        begun = time.perf_counter()
        deed()
        return time.perf_counter() - begun

    def _token(self, path: str) -> str:
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', self._send("GET", path, packed=False).body)
        if found is None:
            raise Refused(f"no form on {path}")
        return found[1].decode()

    def _send(
        self,
        method: str,
        path: str,
        fields: Mapping[str, object] | None = None,
        more: Mapping[str, str] | None = None,
        *,
        packed: bool = True,
    ) -> Answer:
        body = urlencode(fields, doseq=True).encode() if fields else b""
        headers = {"Host": f"127.0.0.1:{self.port}", **(more or {})}
        if packed:
            headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
        if fields:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        lines = [
            f"{method} {quote(path, safe='/?&=%:+')} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        cookies = b"; ".join(name + b"=" + value for name, value in self.cookies.items())
        answer = ask(self.port, "\r\n".join(lines).encode() + b"\r\nCookie: " + cookies + b"\r\n\r\n" + body)
        self.cookies.update(_COOKIE.findall(answer.head))
        return answer


Deed = Callable[[Visitor, int], float | None]
"""What a visitor does for the n-th time; where not all of it counts, the seconds that do."""


@dataclass
class Samples:
    """Seconds of one page's requests, and of the processor's time that the workers took for all of them."""

    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0
    first: float = 0.0
    """The slowest of the very first requests, which do not count otherwise."""

    @property
    def cpu_each(self) -> float:
        return self.cpu / len(self.seconds)


@dataclass
class Crowd:
    visitors: Sequence[Visitor]
    product: Server
    bare: Server
    rounds: int
    block_seconds: float
    pool: ThreadPoolExecutor

    def measured(self, deed: Deed) -> tuple[Samples, Samples]:
        """The page and the bare one, in blocks that take turns."""
        page, bare = Samples(), Samples()
        page.first, bare.first = max(self._asked(deed, 0, 0.0)), max(self._asked(_bare, 0, 0.0))
        for number in range(self.rounds):
            self._block(bare, self.bare, _bare, number)
            self._block(page, self.product, deed, 1 + number * 10_000)
        return page, bare

    def _block(self, samples: Samples, server: Server, deed: Deed, begin: int) -> None:
        before = server.cpu_seconds()
        samples.seconds += self._asked(deed, begin, self.block_seconds)
        samples.cpu += server.cpu_seconds() - before

    def _asked(self, deed: Deed, begin: int, seconds: float) -> list[float]:
        """Everybody, each again and again until the time is over, and once at least."""
        ends = time.perf_counter() + seconds
        tasks = [self.pool.submit(_again_and_again, visitor, deed, begin, ends) for visitor in self.visitors]
        return [took for task in tasks for took in task.result()]


def _bare(visitor: Visitor, _number: int) -> None:
    visitor.bare()


def _again_and_again(visitor: Visitor, deed: Deed, number: int, ends: float) -> list[float]:
    took = []
    while True:
        begun = time.perf_counter()
        counted = deed(visitor, number)
        now = time.perf_counter()
        took.append(now - begun if counted is None else counted)
        number += 1
        if now >= ends:
            return took


@contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing of ours is tidied up meanwhile."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
