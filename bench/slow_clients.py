"""/health under slow clients and slow vendors; ends with 1 where it took longer than three seconds."""

import argparse
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from flask_migrate import upgrade

from app import create_app
from app.db import db
from app.models import EvotorConnection
from bench.speed.figures import going
from tests.conftest import settings_for
from tests.factories import PASSWORD, connect_both, make_user
from tests.support.pictures import picture
from tests.support.product import Product
from tests.support.sandbox import EVOTOR_TOKEN, STORE, Sandbox
from tests.support.slow_clients import HALF_BODY, HALF_HEAD, SILENCE, health_seconds, unfinished

LONGEST = 3.0
PATIENCE = 120
CONNECTIONS, CHECKS, EXPORTS = 200, 14, 20
CASES = 7
PRODUCT = "SLOW0000"


class Visitor:
    """An owner who is signed in."""

    def __init__(self, url: str, email: str) -> None:
        self._url, self._session = url, requests.Session()
        self._session.trust_env = False
        self._send("/login", "/login", {"email": email, "password": PASSWORD})

    def export(self) -> None:
        self._session.get(f"{self._url}/catalog/export.csv", timeout=PATIENCE)

    def check(self) -> None:
        self._send("/evotor", "/evotor/check", {})

    def upload(self, photo: bytes) -> None:
        self._send("/account", f"/catalog/stores/{STORE}/products/{PRODUCT}/photo", {}, {"photo": photo})

    def _send(self, page: str, path: str, fields: dict[str, str], files: dict[str, bytes] | None = None) -> None:
        html = self._session.get(f"{self._url}{page}", timeout=PATIENCE).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
        assert found, f"no form on {page}"
        data = {"csrf_token": found[1], **fields}
        self._session.post(f"{self._url}{path}", data=data, files=files, allow_redirects=False, timeout=PATIENCE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/slow_clients")
    parser.add_argument("--seconds", type=float, default=8, help="to look at /health in each case")
    parser.add_argument("--goods", type=int, default=3000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _shop(Path(folder), options.goods) as (product, sandbox):
        cases = going("cases", _cases(product, sandbox), CASES)
        worst = [_measured(product.url, name, case, options.seconds) for name, case in cases]
    return int(max(worst) > LONGEST)


@contextmanager
def _shop(folder: Path, goods: int) -> Iterator[tuple[Product, Sandbox]]:
    app = create_app(settings_for(f"sqlite:///{folder / 'evosync.db'}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    sandbox = Sandbox()
    upsert = [{"id": f"SLOW{number:04}", "name": f"Товар {number}", "price": 100} for number in range(goods)]
    sandbox.control("evotor/products", store=STORE, upsert=upsert)
    product = Product(folder / "evosync.db", sandbox, folder / "product.log", workers=2)
    try:
        yield product, sandbox
    finally:
        product.stop()
        sandbox.stop()


def _cases(product: Product, sandbox: Sandbox) -> Iterator[tuple[str, Callable[[ExitStack], object]]]:
    yield "nobody else", lambda stack: None
    for name, begin in (("silent", SILENCE), ("with half a head", HALF_HEAD), ("with half a body", HALF_BODY)):
        yield (
            f"{CONNECTIONS} connections {name}",
            lambda stack, begin=begin: stack.enter_context(  # type: ignore[misc]
                unfinished(product.url, begin, CONNECTIONS)
            ),
        )
    emails = [f"owner{number}@example.ru" for number in range(CHECKS)]
    with product.inside():
        connect_both(make_user(emails[0]))
        for email in emails[1:]:
            _connect_evotor(email)
    visitors = [Visitor(product.url, email) for email in emails]
    yield f"{EXPORTS} exports", lambda stack: _at_once(stack, [visitors[0].export] * EXPORTS)
    photo = picture((4500, 6000), quality=95)
    yield f"a photo of {len(photo) // 1000} kB", lambda stack: _at_once(stack, [lambda: visitors[0].upload(photo)])
    sandbox.fault("evotor", "slow:60000", "stores")
    yield f"{CHECKS} checks of a hanging Evotor", lambda stack: _at_once(stack, [one.check for one in visitors])


def _connect_evotor(email: str) -> None:
    user = make_user(email)
    db.session.add(EvotorConnection(user_id=user.id, token=EVOTOR_TOKEN))


def _at_once(stack: ExitStack, deeds: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=deed) for deed in deeds]
    for thread in threads:
        thread.start()
        stack.callback(thread.join)


def _measured(url: str, name: str, case: Callable[[ExitStack], object], seconds: float) -> float:
    """The longest /health while the case lasts."""
    with ExitStack() as stack:
        case(stack)
        ends, took = time.monotonic() + seconds, []
        while time.monotonic() < ends:
            took.append(health_seconds(url, patience=PATIENCE))
            time.sleep(0.2)
    print(f"{name:36} {len(took):3} answers, slowest {max(took):6.2f} s, middle {sorted(took)[len(took) // 2]:6.2f} s")
    return max(took)


if __name__ == "__main__":
    sys.exit(main())
