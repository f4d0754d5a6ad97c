"""Owners at several points of their way, ready to be visited. All sign in as OWNER."""

import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import User
from app.services.owner import run_requests
from tests.factories import connect_both, make_active, make_user, set_rule
from tests.support.product import Product
from tests.support.sandbox import CLUB, SECOND_STORE, STORE

FAIR = "Ярмарка"
"""The sandbox's second store."""
HONEY = {"Мёд липовый 500 г", "Мёд гречишный 500 г"}
"""«Мёд с прополисом» is sold out."""
SWEETS = HONEY | {"Пряник тульский с повидлом 350 г", "Пряник тульский со сгущёнкой 350 г", "Пастила белёвская 200 г"}
FAIR_GOODS = SWEETS | {
    "Набор для вышивки «Самовар»",
    "Пряжа шерстяная 100 г",
    "Чай травяной с чабрецом 50 г",
    "Роспись по имбирному прянику (мастер-класс)",
}
PASTILA = "7d0f3a10-0000-4000-8000-00000000106a"
SHIRTS, TEA = "7d0f3a10-0000-4000-8000-00000000000b", "7d0f3a10-0000-4000-8000-000000001001"
"""A group and a product of the first store."""


def open_fair(product: Product) -> None:
    """The shop window shows the second store."""
    with product.inside():
        make_active(connect_both(make_user()), SECOND_STORE)
    product.sync()


def open_busy_shop(product: Product) -> None:
    """Both stores, runs, problems, a question about a look-alike, a store that cannot be read, a plan that waits."""
    product.sandbox.control("vk/items", club=CLUB, add=[{"name": "Пастила белёвская 200 г", "price": 430}])
    open_both_stores(product)
    product.sandbox.fault("evotor", "402", store=SECOND_STORE)
    take_first_store_out(product)


def open_both_stores(product: Product) -> None:
    """One group is left out."""
    with product.inside():
        owner = make_active(connect_both(make_user()))
        set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, SECOND_STORE)
        set_rule(owner, EntityType.GROUP, FilterMode.EXCLUDE, SHIRTS)
    product.sync()


def take_first_store_out(product: Product) -> None:
    """So much leaves that the plan waits for the owner."""
    with product.inside():
        set_rule(_owner(), EntityType.STORE, FilterMode.EXCLUDE, STORE)
    run_now(product)


def run_now(product: Product) -> None:
    with product.inside():
        run_requests.request_run(_owner())
    product.sync()


def _owner() -> User:
    return db.session.scalars(sa.select(User)).one()
