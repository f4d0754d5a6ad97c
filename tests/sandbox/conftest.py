"""The sandbox in-process, with shortcuts for its three faces; its clock stands still unless a test moves it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.sandbox import create_sandbox
from app.sandbox.seed import CLUB_ID, EVOTOR_DEMO

Json = dict[str, Any]


@pytest.fixture(scope="session")
def sandbox() -> Flask:
    app = create_sandbox()
    app.testing = True
    return app


@pytest.fixture
def http(sandbox: Flask) -> FlaskClient:
    client = sandbox.test_client()
    client.post("/_control/reset")
    client.post("/_control/clock", json={"freeze": True})
    client.post("/_control/rate", json={"user": 0})
    return client


class Control:
    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def post(self, path: str, **body: Any) -> Json:
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def get(self, path: str) -> Json:
        return dict(self.http.get(f"/_control/{path}").get_json())

    def fault(self, service: str, kind: str, **facts: Any) -> None:
        self.post("faults", service=service, kind=kind, **facts)

    def club(self, club_id: int = CLUB_ID) -> Json:
        return dict(self.get("dump")["vk"]["clubs"][str(club_id)])


@pytest.fixture
def control(http: FlaskClient) -> Control:
    return Control(http)


def jpeg(width: int = 400, height: int = 400, kind: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), "#886644").save(content, kind)
    return content.getvalue()


class Vk:
    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def raw(
        self, method: str, *, token: str | None = "demo-user", v: str | None = "5.199", **params: Any
    ) -> TestResponse:
        form = {name: str(value) for name, value in params.items()}
        if v is not None:
            form["v"] = v
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.post(f"/method/{method}", data=form, headers=headers)

    def ok(self, method: str, **params: Any) -> Any:
        body = self.raw(method, **params).get_json()
        assert "response" in body, body
        return body["response"]

    def error(self, method: str, **params: Any) -> Json:
        body = self.raw(method, **params).get_json()
        assert "error" in body, body
        return dict(body["error"])

    def code(self, method: str, **params: Any) -> int:
        return int(self.error(method, **params)["error_code"])

    def upload(self, group_id: int = CLUB_ID, content: bytes | None = None, name: str = "photo.jpg") -> Json:
        address = self.ok("market.getProductPhotoUploadServer", group_id=group_id)["upload_url"]
        file = (io.BytesIO(jpeg() if content is None else content), name)
        return dict(self.http.post(address, data={"file": file}).get_json())

    def photo(self, group_id: int = CLUB_ID) -> int:
        answer = json.dumps(self.upload(group_id))
        return int(self.ok("market.saveProductPhoto", upload_response=answer)["photo_id"])

    def draft(self, **changes: Any) -> Json:
        group_id = -changes.get("owner_id", -CLUB_ID)
        draft: Json = {
            "owner_id": -CLUB_ID,
            "name": "Хлеб ржаной 650 г",
            "description": "Хлеб ржаной, продаётся поштучно.",
            "category_id": 20055,
            "price": "64.9",
            "sku": "ev:1",
        }
        if "main_photo_id" not in changes:
            draft["main_photo_id"] = self.photo(group_id)
        return {**draft, **changes}

    def add(self, **changes: Any) -> int:
        return int(self.ok("market.add", **self.draft(**changes))["market_item_id"])

    def edit(self, item_id: int, **changes: Any) -> Any:
        return self.ok("market.edit", **{"owner_id": -CLUB_ID, "item_id": item_id, **changes})

    def get(self, **params: Any) -> Json:
        return dict(self.ok("market.get", **{"owner_id": -CLUB_ID, "count": 200, **params}))

    def listed(self, **params: Any) -> list[int]:
        return [item["id"] for item in self.get(**params)["items"]]

    def one(self, item_id: int, owner_id: int = -CLUB_ID) -> Json | None:
        items = self.ok("market.getById", item_ids=f"{owner_id}_{item_id}", extended=1)["items"]
        return items[0] if items else None


@pytest.fixture
def vk(http: FlaskClient) -> Vk:
    return Vk(http)


Evotor = Callable[..., TestResponse]


@pytest.fixture
def evotor(http: FlaskClient) -> Evotor:
    def get(
        path: str, *, token: str = EVOTOR_DEMO, headers: dict[str, str] | None = None, **query: Any
    ) -> TestResponse:
        sent = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.evotor.v2+json"}
        return http.get(f"/evotor{path}", headers=sent if headers is None else headers, query_string=query)

    return get
