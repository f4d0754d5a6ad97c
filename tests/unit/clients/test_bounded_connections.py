"""A vendor that drips, swells, points elsewhere, or names addresses of our own network."""

import gzip
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import urllib3.util.connection

from app.clients import bounded
from app.clients.bounded import is_public
from app.clients.budget import Budget
from app.clients.http import Transport, TransportError
from tests.support.bad_vendor import BadVendor, Handler


@pytest.fixture
def vendor() -> Iterator[BadVendor]:
    vendor = BadVendor()
    yield vendor
    vendor.stop()


def failure(transport: Transport, path: str = "/x") -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.send("GET", path)
    return caught.value


def dripping(*, head: bool) -> Callable[[Handler], None]:
    """A byte a moment, half a minute long: in the head of the answer or in its body."""

    def drip(handler: Handler) -> None:
        start = b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 0\r\nX: " if head else b"Content-Length: 1500\r\n\r\n")
        handler.wfile.write(start)
        for _ in range(1500):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)
        handler.wfile.write(b"\r\n\r\n" if head else b"")

    return drip


@pytest.mark.parametrize("head", [True, False])
def test_an_answer_that_drips_ends_as_a_timeout(vendor: BadVendor, head: bool) -> None:
    vendor.spoil("/x", dripping(head=head))
    assert failure(Transport(vendor.url, read_seconds=0.3)).sent is True


def test_calls_within_a_budget_end_with_it(vendor: BadVendor) -> None:
    vendor.spoil("/x", dripping(head=False))
    transport = Transport(vendor.url, budget=Budget(0.3))
    assert failure(transport).sent is True
    assert failure(transport).reason == "no time left"
    assert len(vendor.seen) == 1


def test_a_connection_is_used_again_with_its_time_anew(vendor: BadVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(bounded, "time", SimpleNamespace(monotonic=lambda: now[0]))
    vendor.spoil("/x", b"{}")
    transport = Transport(vendor.url, read_seconds=30)
    for _ in range(3):
        assert transport.send("GET", "/x").body == b"{}"
        now[0] += 20


@pytest.mark.parametrize("begun", ["", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nx"])
def test_whoever_waits_for_an_answer_is_let_go_when_the_transport_closes(vendor: BadVendor, begun: str) -> None:
    transport, asked = Transport(vendor.url), threading.Event()

    def hang(handler: Handler) -> None:
        handler.wfile.write(begun.encode())
        asked.set()
        vendor.stopped.wait(5)

    vendor.spoil("/x", hang)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(failure, transport)
        asked.wait()
        transport.close()
        assert waiting.result(timeout=1).sent


def test_a_transport_that_was_closed_asks_nobody(vendor: BadVendor) -> None:
    transport = Transport(vendor.url)
    transport.close()
    failure(transport)
    assert vendor.seen == []


def test_an_endless_answer_is_refused(vendor: BadVendor) -> None:
    def swell(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65536)

    vendor.spoil("/x", swell)
    assert failure(Transport(vendor.url)).reason == "too large"


@pytest.mark.parametrize("times", [1, 2])
def test_a_packed_answer_is_measured_unpacked(vendor: BadVendor, times: int) -> None:
    body = b" " * 300_000_000
    for _ in range(times):
        body = gzip.compress(body, 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    vendor.spoil("/x", lambda handler: handler.say(body, Content_Encoding=", ".join(["gzip"] * times)))
    assert failure(Transport(vendor.url)).sent is True
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_packed_answer_is_read(vendor: BadVendor) -> None:
    vendor.spoil("/x", lambda handler: handler.say(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"))
    assert Transport(vendor.url).send("GET", "/x").body == b'{"a": 1}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_a_redirect(vendor: BadVendor, status: int) -> None:
    vendor.spoil("/x", lambda handler: handler.say(b"", status, Location=f"{vendor.url}/inside"))
    assert Transport(vendor.url).send("POST", "/x").status == status
    assert vendor.seen == ["POST /x"]


# Addresses


@pytest.mark.parametrize("address", ["8.8.8.8", "87.240.132.72", "2a00:1148:db00::1", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_of_our_own_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "u:p@127.1"])
def test_nothing_is_sent_to_an_address_of_our_own(listener: socket.socket, host: str) -> None:
    received: list[bytes] = []

    def listen() -> None:
        bounded, _ = listener.accept()
        with bounded:
            received.append(bounded.recv(100))

    thread = threading.Thread(target=listen)
    thread.start()
    error = failure(Transport(public_only=True), f"https://{host}:{listener.getsockname()[1]}/")
    thread.join()
    assert (error.reason, error.sent, received) == ("no connection", False, [b""])


def test_a_name_is_verdicts_digest_the_address_that_was_connected_to(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.getsockname()[1]
    home = socket.create_connection

    def rebound(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        assert address == ("uploads.example", port)
        return home(("127.0.0.1", port))

    monkeypatch.setattr(urllib3.util.connection, "create_connection", rebound)
    assert failure(Transport(public_only=True), f"https://uploads.example:{port}/").sent is False


def test_a_public_address_is_called_over_tls_alone() -> None:
    assert failure(Transport(public_only=True), "http://127.0.0.1:9/").sent is False
