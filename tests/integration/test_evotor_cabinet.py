"""Evotor's cabinet and the product as an operator starts it, over HTTP: installed, seen, told of changes, removed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from app.db import db
from app.models import CatalogStore, EvotorConnection
from tests.conftest import WEBHOOK_SECRET
from tests.factories import PASSWORD, make_user
from tests.support.database import copy_sqlite
from tests.support.product import Product
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN, STORE, Sandbox
from tests.support.webhooks import EMAIL

OTHER_ACCOUNT = "01-000000000067890"


@pytest.fixture
def product(tmp_path: Path, sqlite_template: Path, sandbox: Sandbox) -> Iterator[Product]:
    copy_sqlite(sqlite_template, tmp_path / "evosync.db")
    product = Product(tmp_path / "evosync.db", sandbox, tmp_path / "product.log", EVOTOR_WEBHOOK_SECRET=WEBHOOK_SECRET)
    sandbox.control("evotor/partner", url=product.url, secret=WEBHOOK_SECRET, hints=True)
    with product.inside():
        make_user(EMAIL)
    yield product
    product.stop()


def test_an_owner_installs_and_removes_the_application(product: Product, sandbox: Sandbox) -> None:
    person = {"account": ACCOUNT, "email": EMAIL, "password": PASSWORD}
    wrong = sandbox.control("evotor/install", **person | {"password": "wrong password"})
    assert (wrong["status"], wrong["answer"]["errors"][0]["code"]) == (401, 1006)

    assert sandbox.control("evotor/install", **person)["status"] == 200
    product.sync()
    with product.inside():
        assert len(db.session.scalars(sa.select(CatalogStore)).all()) == 2

    sandbox.patch_product(products_of(sandbox)[0], STORE, price=999)
    with product.inside():
        assert db.session.scalar(sa.select(CatalogStore.hinted_at).where(CatalogStore.store_id == STORE)) is not None

    assert sandbox.control("evotor/uninstall", account=ACCOUNT)["status"] == 200
    with product.inside():
        assert db.session.scalar(sa.select(EvotorConnection.is_uninstalled))


def test_the_page_of_the_cabinet_does_the_same(product: Product, sandbox: Sandbox) -> None:
    page = f"{sandbox.url}/ui/evotor"
    assert "Установить" in requests.get(page, timeout=10).text
    form = {"account": OTHER_ACCOUNT, "email": EMAIL, "password": PASSWORD, "do": "install"}
    assert "Готово" in requests.post(page, data=form, timeout=10).text
    with product.inside():
        row = db.session.scalars(sa.select(EvotorConnection)).one()
        assert row.linked_id == OTHER_ACCOUNT and row.token not in (None, EVOTOR_TOKEN)
    removal = {"account": OTHER_ACCOUNT, "do": "uninstall"}
    assert "Готово" in requests.post(page, data=removal, timeout=10).text
    assert "не установлено, удалять нечего" in requests.post(page, data=removal, timeout=10).text


def products_of(sandbox: Sandbox) -> list[str]:
    data = requests.get(f"{sandbox.url}/_control/evotor/data", timeout=10).json()
    return [product["id"] for product in data[ACCOUNT][STORE]["products"]]
