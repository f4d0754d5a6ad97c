"""Evotor's calls, as it makes them."""

import json
from base64 import b64encode
from contextvars import Context
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db
from tests.conftest import WEBHOOK_SECRET
from tests.factories import PASSWORD
from tests.support.page import check_headers
from tests.support.sandbox import ACCOUNT, STORE

EMAIL = "owner@example.ru"
VERIFY, TOKEN = "user/verify", "user/token"
INSTALLATION, SUBSCRIPTION = "installation/event", "subscription/event"
GOODS = f"inventories/stores/{STORE}/products"


class Webhooks:
    """What one server of Evotor's sends, and what it is answered."""

    def __init__(self, client: FlaskClient, secret: str | None = WEBHOOK_SECRET) -> None:
        self._client, self._secret = client, secret

    def send(self, path: str, body: Any, status: int = 200, **options: Any) -> Any:
        """JSON, or bytes as they are. Every answer is JSON, and no cookie comes with it."""
        answer = self.answer(path, body, **options)
        assert answer.status_code == status, (
            f"{answer.status_code} instead of {status}: {answer.get_data(as_text=True)}"
        )
        assert answer.mimetype == "application/json" and "Set-Cookie" not in answer.headers
        check_headers(answer)
        return answer.get_json()

    def code(self, path: str, body: Any, status: int, **options: Any) -> int:
        """The number of the one error that is told."""
        (error,) = self.send(path, body, status, **options)["errors"]
        return int(error["code"])

    def answer(self, path: str, body: Any, **options: Any) -> TestResponse:
        """Outside the test's own transaction."""
        db.session.commit()
        answer = self.ask(path, body, **options)
        db.session.expire_all()
        return answer

    def ask(
        self, path: str, body: Any, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> TestResponse:
        """As another process would; also from a thread."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        shown = bearer(self._secret) if self._secret else {}
        call = partial(self._client.post, f"/api/v1/{path}", data=sent, content_type=kind)
        return Context().run(call, headers=shown | (headers or {}))

    def verify(self, status: int = 200, **fields: Any) -> Any:
        return self.send(VERIFY, {"userId": ACCOUNT, "username": EMAIL, "password": PASSWORD} | fields, status)

    def token(self, token: str, user_id: str = ACCOUNT, status: int = 200) -> Any:
        return self.send(TOKEN, {"userId": user_id, "token": token}, status)

    def installed(self, at: int, user_id: str = ACCOUNT) -> Any:
        return self._installation("ApplicationInstalled", at, user_id)

    def uninstalled(self, at: int, user_id: str = ACCOUNT) -> Any:
        return self._installation("ApplicationUninstalled", at, user_id)

    def _installation(self, kind: str, at: int, user_id: str) -> Any:
        body = {"id": f"{kind} {at}", "timestamp": at, "version": 2, "type": kind, "data": {"userId": user_id}}
        return self.send(INSTALLATION, body)

    def subscription(self, kind: str, number: int, at: str | int, of: str = "s1") -> Any:
        body = {"subscriptionId": of, "userId": ACCOUNT, "timestamp": at, "sequenceNumber": number, "type": kind}
        return self.send(SUBSCRIPTION, body)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}
