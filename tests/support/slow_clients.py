"""Clients that never finish, and how long /health takes meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import requests

HALF_HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_BODY = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\nemail="
)
SILENCE = b""


@contextmanager
def unfinished(url: str, begin: bytes, count: int) -> Iterator[None]:
    """So many connections that sent the beginning of a request and wait."""
    parts = urlsplit(url)
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((parts.hostname, parts.port or 80), timeout=10))
            client.sendall(begin)
        yield


def health_seconds(url: str, *, patience: float = 60) -> float:
    """How long /health took, on a connection of its own."""
    began = time.monotonic()
    requests.get(f"{url}/health", timeout=patience, verify=False).raise_for_status()
    return time.monotonic() - began
