"""The web server as bin/serve starts it, with clients that never finish."""

import socket

import pytest

from app import serving
from app.serving import _TimedSocket
from tests.support.product import Product
from tests.support.slow_clients import HALF_BODY, HALF_HEAD, SILENCE, health_seconds, unfinished


@pytest.mark.parametrize("begin", [HALF_HEAD, HALF_BODY, SILENCE], ids=["head", "body", "silence"])
def test_two_hundred_unfinished_requests_do_not_silence_it(product_process: Product, begin: bytes) -> None:
    with unfinished(product_process.url, begin, 200):
        assert health_seconds(product_process.url) < 10


def test_a_request_has_a_time_to_arrive_however_it_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.serving.time.monotonic", lambda: now[0])
    theirs, ours = socket.socketpair()
    with theirs, _TimedSocket(fileno=ours.detach()) as client:
        client.setblocking(True)
        for _ in range(3):
            theirs.sendall(b"x")
            assert client.recv(10) == b"x"
            now[0] += serving.REQUEST_SECONDS / 3
        theirs.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
