"""Builders of what tests begin with."""

from decimal import Decimal

from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Group, Product
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogGroup, CatalogProduct, CatalogStore, User
from app.services.accounts import users
from app.services.connections import evotor, vk
from app.services.owner import rule_setting, switch
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, STORE, VK_TOKEN

PASSWORD = "correct horse battery"


def make_user(email: str = "owner@example.ru") -> User:
    user = users.register(email, PASSWORD)
    db.session.commit()
    return user


def connect_both(user: User, club: int = CLUB) -> User:
    evotor.connect_evotor(user, EVOTOR_TOKEN)
    vk.connect_vk(user, VK_TOKEN, club)
    db.session.commit()
    return user


def set_rule(user: User, entity_type: EntityType, mode: FilterMode | None, *ids: str) -> None:
    rule_setting.set_rules(user, entity_type, ids, mode)
    db.session.commit()


def make_active(user: User, store: str = STORE) -> User:
    """Connected, one store included, enabled and confirmed."""
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, store)
    switch.toggle(user, True)
    switch.confirm(user)
    db.session.commit()
    return user


def make_active_owner(email: str = "owner@example.ru") -> User:
    return make_active(connect_both(make_user(email)))


def add_store(user: User, store_id: str = "S1", name: str = "Лавка") -> CatalogStore:
    store = CatalogStore(user_id=user.id, store_id=store_id, name=name, state="ok", fetched_at=utcnow())
    db.session.add(store)
    db.session.commit()
    return store


def add_group(user: User, group_id: str, name: str, parent_id: str | None = None, store_id: str = "S1") -> None:
    db.session.add(CatalogGroup(user_id=user.id, store_id=store_id, group_id=group_id, name=name, parent_id=parent_id))
    db.session.commit()


def add_product(user: User, product_id: str, store_id: str = "S1", **fields: object) -> None:
    values = product_fields(f"Товар {product_id}") | fields
    db.session.add(CatalogProduct(user_id=user.id, store_id=store_id, product_id=product_id, **values))
    db.session.commit()


def product_fields(name: str) -> dict[str, object]:
    """Of a usual product's row."""
    return {
        "name": name,
        "type": "NORMAL",
        "measure": "шт",
        "allow_to_sell": True,
        "price": Decimal("10.00"),
        "quantity": Decimal("5"),
        "description": "",
        "article": "",
        "code": "",
        "barcodes": [],
        "is_excisable": False,
        "is_age_limited": False,
    }


def a_product(product_id: str = "P1", **fields: object) -> Product:
    usual: dict[str, object] = {"name": "Чай травяной", "price": Decimal("350"), "quantity": Decimal("12")}
    return Product(id=product_id, **(usual | fields))  # type: ignore[arg-type]  # a test's own fields


def a_group(group_id: str, parent_id: str | None = None, **fields: object) -> Group:
    return Group(id=group_id, name=f"Группа {group_id}", parent_id=parent_id, **fields)  # type: ignore[arg-type]
