"""What an owner decides, by the services that pages call."""

from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import SyncConfig, User
from app.services.owner import orders, switch
from tests.factories import set_rule
from tests.support.shop import Shop

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE
CONFIRMED_AT = datetime(2026, 11, 23, 9, 15)


def confirmed(owner: User) -> User:
    set_rule(owner, STORE, INCLUDE, "S1")
    switch.toggle(owner, True)
    switch.confirm(owner, CONFIRMED_AT)
    db.session.commit()
    return owner


def hide_all(shop: Shop) -> int:
    count = orders.hide_all(shop.owner)
    db.session.commit()
    return count


def switches_off() -> None:
    """In another process, while a run is at work in this one."""
    with db.engine.begin() as connection:
        connection.execute(sa.update(SyncConfig).values(is_enabled=False))


def toggle(shop: Shop, enabled: bool) -> None:
    switch.toggle(shop.owner, enabled)
    db.session.commit()
