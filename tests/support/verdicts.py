"""What is stored with each product, and what `decide` says of it now."""

from collections import Counter
from typing import Any

from app.db import db
from app.domain.catalog.search_fields import search_text, sort_key
from app.domain.planning.selection import skip_reason
from app.domain.rules import decide
from app.models import CatalogCount, CatalogProduct, User
from app.services.catalog.load import load_goods
from app.services.market.records import pictured_in_vk
from app.services.owner.rules import rules_of
from app.services.owner.settings import settings_now

Key = tuple[str, str]


def stored(user: User) -> dict[Key, tuple[Any, ...]]:
    db.session.commit()
    columns = ("included", "level", "decided_by", "problem", "search_text", "sort_key")
    rows = db.session.execute(db.select(CatalogProduct.__table__).filter_by(user_id=user.id))
    return {(row.store_id, row.product_id): tuple(getattr(row, name) for name in columns) for row in rows}


def decided(user: User) -> dict[Key, tuple[Any, ...]]:
    """Product by product, in the plainest way."""
    rules, settings = rules_of(user), settings_now(user)
    in_vk = {(key.store_id, key.product_id) for key in pictured_in_vk(user, settings)}
    found: dict[Key, tuple[Any, ...]] = {}
    for goods in load_goods(user.id):
        for product in goods.products:
            key = (goods.store.id, product.id)
            decision = decide(rules, goods.store.id, goods.tree.lineage(product.group_id), product.id)
            has_photo = key in in_vk or goods.picture_of(product) is not None
            problem = skip_reason(product, settings, has_photo=has_photo)
            said = (decision.included, decision.level, decision.decided_by, problem)
            found[key] = (*said, search_text(product, goods.tree), sort_key(product.name))
    return found


def counted(user: User) -> Counter[tuple[Any, ...]]:
    rows = db.session.query(CatalogCount).filter_by(user_id=user.id)
    return Counter({(row.store_id, row.group_id, row.included, row.problem): row.products for row in rows})


def to_count(user: User) -> Counter[tuple[Any, ...]]:
    rows = db.session.execute(db.select(CatalogProduct.__table__).filter_by(user_id=user.id))
    return Counter((row.store_id, row.group_id or "", row.included, row.problem or "") for row in rows)


def check(user: User) -> None:
    assert stored(user) == decided(user)
    assert counted(user) == to_count(user)
