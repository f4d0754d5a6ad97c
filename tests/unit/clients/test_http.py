import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock
from requests.utils import get_environ_proxies

from app.clients import http
from app.clients.evotor.client import EvotorClient
from app.clients.http import Transport, TransportError
from app.clients.vk.client import VkClient

URL = "https://vendor.test"
SECRET = "very-secret-token"


def failure(transport: Transport, path: str = "/x", **options: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.send("GET", path, **options)
    return caught.value


@contextmanager
def server(answer: bytes) -> Iterator[str]:
    """Takes one connection, reads a little, answers these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_an_error_status_is_an_answer(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x", status_code=502, text="bad gateway", headers={"X-Some": "1"})
    answer = Transport(URL).send("GET", "/x")
    assert (answer.status, answer.body, answer.headers["x-some"]) == (502, b"bad gateway", "1")


def test_a_redirect_is_not_followed(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x", status_code=302, headers={"Location": "https://elsewhere.test/"})
    assert Transport(URL).send("GET", "/x").status == 302


def test_cookies_are_not_kept(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x", headers={"Set-Cookie": "a=b"})
    transport = Transport(URL)
    transport.send("GET", "/x")
    transport.send("GET", "/x")
    assert "Cookie" not in vendor.request_history[1].headers


def test_it_names_itself(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x")
    Transport(URL).send("GET", "/x")
    assert vendor.request_history[0].headers["User-Agent"] == "EvoSync/0.1"


def test_proxies_of_the_environment_serve_and_are_looked_up_once(
    vendor: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "near.test")
    vendor.get(f"{URL}/x")
    vendor.get("https://near.test/x")
    transport, looked_up = Transport(), []

    def counted(url: str) -> dict[str, str]:
        looked_up.append(url)
        return get_environ_proxies(url)

    monkeypatch.setattr(http, "get_environ_proxies", counted)
    for _ in range(3):
        transport.send("GET", f"{URL}/x")
        assert vendor.last_request is not None
        assert vendor.last_request.proxies["https"] == "http://proxy.test:3128"
    transport.send("GET", "https://near.test/x")

    assert vendor.last_request is not None and not vendor.last_request.proxies
    assert looked_up == [f"{URL}/x", "https://near.test/x"]


def test_a_bundle_of_the_environment_is_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "own.pem"
    bundle.touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with requests_mock.Mocker() as vendor:
        vendor.get(f"{URL}/x")
        Transport(URL).send("GET", "/x")
        assert vendor.last_request is not None and vendor.last_request.verify == str(bundle)


def test_a_netrc_file_does_not_replace_the_token(
    vendor: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine vendor.test login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    vendor.get(f"{URL}/x")
    Transport(URL).send("GET", "/x", headers={"Authorization": "Bearer t"})
    assert vendor.request_history[0].headers["Authorization"] == "Bearer t"


def test_every_request_has_both_timeouts(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x")
    Transport(URL).send("GET", "/x")
    timeout: Any = vendor.request_history[0].timeout
    assert (timeout.connect_timeout, timeout.read_timeout) == (10.0, 35.0)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (requests.ConnectTimeout(), False),
        (requests.ReadTimeout(), True),
        (requests.ConnectionError("reset"), True),
        (requests.exceptions.SSLError(), True),
        (requests.exceptions.ChunkedEncodingError(), True),
        (requests.exceptions.ContentDecodingError(), True),
        (requests.exceptions.InvalidURL(), False),
        (requests.exceptions.TooManyRedirects(), True),
        (UnicodeEncodeError("latin-1", "я", 0, 1, ""), False),
    ],
)
def test_every_failure_is_a_transport_error(vendor: requests_mock.Mocker, error: Exception, sent: bool) -> None:
    vendor.get(f"{URL}/x", exc=error)
    assert failure(Transport(URL)).sent is sent


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failure(Transport(f"http://127.0.0.1:{port}")).sent is False


def test_a_connection_closed_without_an_answer_may_have_been_served() -> None:
    with server(b"") as url:
        assert failure(Transport(url)).sent is True


def test_a_cut_body_is_a_failure() -> None:
    with server(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"response"') as url:
        assert failure(Transport(url)).sent is True


def test_a_body_beyond_the_bound_is_a_failure() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100) as url:
        assert failure(Transport(url, largest_body=99)).reason == "too large"


def test_a_slow_server_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = Transport(f"http://127.0.0.1:{listener.getsockname()[1]}", read_seconds=0.05)
        assert failure(transport).reason == "timeout"


def test_a_failure_holds_neither_the_request_nor_its_token(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x", exc=requests.ConnectionError(f"Bearer {SECRET}"))
    error = failure(Transport(URL), headers={"Authorization": f"Bearer {SECRET}"})
    assert SECRET not in repr(error)
    assert error.__context__ is None
    assert error.__cause__ is None


def test_a_header_that_cannot_be_sent_is_a_failure_without_its_value() -> None:
    error = failure(Transport(URL), headers={"Authorization": f"Bearer {SECRET}\n"})
    assert (error.sent, SECRET in repr(error)) == (False, False)


def test_an_answer_is_shown_without_its_body(vendor: requests_mock.Mocker) -> None:
    vendor.get(f"{URL}/x", text=SECRET)
    assert SECRET not in repr(Transport(URL).send("GET", "/x"))


@pytest.mark.parametrize("make", [VkClient, EvotorClient])
def test_a_client_is_closed_where_its_block_ends_though_it_ends_by_an_error(
    make: Callable[[str, str], VkClient | EvotorClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Transport] = []
    closed: list[Transport] = []
    init = Transport.__init__

    def opens(transport: Transport, *args: Any, **options: Any) -> None:
        init(transport, *args, **options)
        opened.append(transport)

    def closes(transport: Transport) -> None:
        closed.append(transport)

    monkeypatch.setattr(Transport, "__init__", opens)
    monkeypatch.setattr(Transport, "close", closes)
    with pytest.raises(ZeroDivisionError), make("https://vendor.test", "token"):
        raise ZeroDivisionError

    assert opened and closed == opened
