"""What a page weighs: statements sent to the database and bytes of the answer, unpacked, within this process."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event

from app.db import db
from bench.speed.shop import OWNER, Shop
from tests.factories import PASSWORD


def weights(filled: Shop, paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of the second request to each."""
    found = {}
    with filled.app.test_client() as client, filled.app.app_context(), _noted(db.engine) as statements:
        _sign_in(client)
        for path in paths:
            client.get(path)
            statements.clear()
            body = client.get(path).data
            found[path] = (sum(not one.startswith("BEGIN") for one in statements), len(body))
    return found


@contextmanager
def _noted(engine: sa.Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _sign_in(client: FlaskClient) -> None:
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    client.post("/login", data={"email": OWNER, "password": PASSWORD, "csrf_token": token})
