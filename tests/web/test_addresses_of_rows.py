"""Addresses of many rows."""

from typing import Any

import pytest
from flask import Flask, url_for

from app.web.address import addresses


@pytest.mark.parametrize("value", ["P1", "a b", "a/b", "ё", "%2F", "?x=1&y#", "0", "a+b", "'\"<", "~!$&'()*+,/:;=@"])
def test_each_is_what_url_for_makes(app: Flask, value: str) -> None:
    store: dict[str, Any] = {"store_id": "S 1"}
    with app.test_request_context():
        found = addresses("catalog.product", "product_id", **store)(value)
        assert found == url_for("catalog.product", product_id=value, **store)
        others: dict[str, Any] = {"q": "a b", "group": None, "state": "in", "sort": None}
        found = addresses("catalog.store", "group", **others, **store)(value)
        assert found == url_for("catalog.store", **{**others, "group": value}, **store)
