"""The site of deploy/nginx in a real nginx before a real gunicorn."""

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.factories import PASSWORD, make_user
from tests.support.database import copy_sqlite
from tests.support.nginx import Nginx
from tests.support.product import Product
from tests.support.sandbox import Sandbox
from tests.support.slow_clients import HALF_BODY, HALF_HEAD, health_seconds

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, sandbox_process: Sandbox) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("site")
    copy_sqlite(sqlite_template, folder / "evosync.db")
    product = Product(
        folder / "evosync.db",
        sandbox_process,
        folder / "product.log",
        TRUSTED_PROXIES="1",
        PUBLIC_URL="https://localhost",
    )
    with product.inside():
        make_user()
    nginx = Nginx(folder, urlsplit(product.url).netloc)
    yield nginx
    nginx.stop()
    product.stop()


@pytest.fixture
def visitor() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env, session.verify = False, False
        yield session


def test_plain_http_leads_to_https(site: Nginx, visitor: requests.Session) -> None:
    answer = visitor.get(f"{site.plain_url}/login?next=/sync", allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://localhost/login?next=/sync")


def test_an_owner_signs_in_through_it(site: Nginx, visitor: requests.Session) -> None:
    page = visitor.get(f"{site.url}/login", timeout=60)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token is not None
    fields = {"csrf_token": token[1], "email": "owner@example.ru", "password": PASSWORD}
    # As from the usual port, which the site has in earnest.
    headers = {"Referer": "https://localhost/login"}
    answer = visitor.post(f"{site.url}/login", data=fields, headers=headers, allow_redirects=False, timeout=60)
    assert (answer.status_code, urlsplit(answer.headers.get("Location", "")).path) == (302, "/sync"), answer.text
    assert visitor.get(f"{site.url}/account", timeout=60).status_code == 200


def test_a_body_of_59_mb_is_refused_before_it_is_sent(site: Nginx) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", site.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        client.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 59000000\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("begin", [HALF_HEAD, HALF_BODY], ids=["head", "body"])
def test_unfinished_requests_do_not_reach_the_product(site: Nginx, begin: bytes) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    clients = []
    for _ in range(40):
        client = context.wrap_socket(socket.create_connection(("127.0.0.1", site.port), timeout=60))
        client.sendall(begin)
        clients.append(client)
    assert health_seconds(site.url) < 10
    for client in clients:
        client.close()


def test_one_address_does_not_hold_all_connections(site: Nginx, visitor: requests.Session) -> None:
    """Nor does it guess passwords without end."""
    statuses = [visitor.get(f"{site.url}/login", timeout=60).status_code for _ in range(30)]
    assert 429 in statuses
