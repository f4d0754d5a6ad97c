"""What the owner chose for the shop window: read with its defaults, stored as JSON."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from app.context import settings
from app.db import db
from app.domain.catalog import Product
from app.domain.listing import FALLBACK_CATEGORY, HandField, OwnerSettings, SkipReason, StockRule, unfit_reason
from app.models import CatalogProduct, User
from app.services.sync_settings import ensure_config


def owner_settings(user: User) -> OwnerSettings:
    chosen: Mapping[str, Any] = (user.sync_state.settings if user.sync_state else None) or {}
    return OwnerSettings(
        stock_rule=StockRule(chosen.get("stock_rule", StockRule.HIDE)),
        show_from=int(chosen.get("show_from", 1)),
        remove_after_days=int(chosen.get("remove_after_days", settings().remove_after_days)),
        edited_in_vk=frozenset(HandField(name) for name in chosen.get("edited_in_vk", ())),
        category_id=int(chosen.get("category_id", FALLBACK_CATEGORY)),
        category_by_group=chosen.get("category_by_group", {}),
        allowed_types=frozenset(chosen.get("allowed_types", ())),
        refused_categories=frozenset(user.vk.refused_categories) if user.vk else frozenset(),
    )


def types_in_review(user: User) -> dict[str, int]:
    """Types of the user's own products that are held until the owner allows them, with the number of products."""
    kind, count = CatalogProduct.type, sa.func.count()
    query = sa.select(kind, count).where(CatalogProduct.user_id == user.id).group_by(kind).order_by(kind)
    return {row[0]: row[1] for row in db.session.execute(query) if _is_held(row[0])}


def _is_held(product_type: str) -> bool:
    """As long as the owner allows nothing, and for no other reason: what VK forbids stays out whatever is allowed."""
    return unfit_reason(Product("", "", type=product_type), OwnerSettings()) is SkipReason.REVIEW


def change(user: User, **chosen: Any) -> OwnerSettings:
    """Store some of the fields of OwnerSettings, leave the others as they are. Flushes."""
    ensure_config(user)
    assert user.sync_state is not None
    changed = replace(owner_settings(user), **chosen)
    user.sync_state.settings = {
        **user.sync_state.settings,
        **{name: _stored(getattr(changed, name)) for name in chosen},
    }
    db.session.flush()
    return changed


def _stored(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
