"""Whole runs against a vendor who means no good: they end, as runs do, and nothing of ours breaks."""

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import RunStatus, SyncRun
from tests.support.bad_vendor import BadVendor
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

DEEP = b'{"response":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD: list[tuple[str, object]] = [
    ("/market.get", {"response": {"count": 1, "items": [{"id": 10**100, "sku": "ev:P1"}]}}),
    ("/market.get", {"response": {"count": 10**30, "items": []}}),
    ("/market.getAlbums", {"response": {"count": 1, "items": [{"id": True, "title": "Чай"}]}}),
    ("/market.add", {"response": {"market_item_id": 2**63}}),
    ("/market.add", {"response": True}),
    ("/market.add", {"error": {"error_code": 10**100, "error_msg": "x" * 100_000}}),
    ("/market.addAlbum", {"response": {"market_album_id": -1}}),
    ("/market.saveProductPhoto", {"response": {"photo_id": "9" * 19}}),
    ("/market.getProductPhotoUploadServer", {"response": {"upload_url": "https://a@127.0.0.1/"}}),
    ("/market.getProductPhotoUploadServer", {"response": {"upload_url": "file:///etc/passwd"}}),
    ("/market.add", DEEP),
]


@pytest.fixture
def shop(app_of_bad_vendor: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sandbox, monkeypatch)


@pytest.mark.parametrize(("path", "answer"), BAD, ids=lambda value: repr(value)[:45])
def test_a_run_ends_and_the_next_makes_it_good(shop: Shop, bad_vendor: BadVendor, path: str, answer: object) -> None:
    bad_vendor.spoil(path, answer)
    assert shop.run().error != "internal"
    assert not running()

    bad_vendor.mend()
    for _ in range(3):
        shop.clock.move(hours=3)
        last = shop.run()
    assert last.status == RunStatus.SUCCEEDED
    assert sorted(item["sku"] for item in shop.sandbox.items()) == ["ev:P1", "ev:P2", "ev:P3"]


@pytest.mark.parametrize("field", ["name", "parent_id"])
@pytest.mark.parametrize("value", ["ж" * 100_000, 10**100, [[[]]]], ids=lambda value: repr(value)[:10])
def test_odd_groups_end_no_run(shop: Shop, bad_vendor: BadVendor, field: str, value: Any) -> None:
    bad_vendor.spoil(f"/{TINY}/product-groups", {"items": [{"id": "G1", field: value}]})
    assert shop.run().error != "internal"
    assert not running()


def running() -> list[SyncRun]:
    db.session.remove()
    return db.session.query(SyncRun).filter_by(status=RunStatus.RUNNING).all()
