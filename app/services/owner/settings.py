"""What the owner chose for the shop window: read with its defaults, stored as JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from app.context import settings
from app.db import db
from app.domain.catalog.goods import Product
from app.domain.listing.fitness import SkipReason, unfit_reason
from app.domain.listing.owner_settings import FALLBACK_CATEGORY, HandField, OwnerSettings, StockRule
from app.domain.listing.pricing import LEAST_PERCENT, MOST_PERCENT, ROUNDINGS
from app.models import CatalogProduct, SyncState, User
from app.services import locks
from app.services.owner.config import ensure_config

T = TypeVar("T")


def owner_settings(user: User) -> OwnerSettings:
    return _settings(user.sync_state.settings if user.sync_state else None, user)


def settings_now(user: User) -> OwnerSettings:
    """As they are stored now, whatever was loaded before."""
    query = sa.select(SyncState.settings).where(SyncState.user_id == user.id)
    return _settings(db.session.scalar(query), user)


def _settings(stored: Any, user: User) -> OwnerSettings:
    """A stored value that nobody can make sense of counts as not chosen: no run breaks over it."""
    chosen = _Stored(_names_with_values(stored))
    return OwnerSettings(
        stock_rule=chosen.read("stock_rule", StockRule, StockRule.HIDE),
        show_from=chosen.read("show_from", int, 1),
        remove_after_days=chosen.read("remove_after_days", int, settings().remove_after_days),
        edited_in_vk=frozenset(HandField(name) for name in chosen.names("edited_in_vk") if name in set(HandField)),
        category_id=chosen.read("category_id", int, FALLBACK_CATEGORY),
        category_by_group=chosen.read("category_by_group", _numbers, {}),
        allowed_types=frozenset(chosen.names("allowed_types")),
        photo_required=chosen.read("photo_required", bool, False),
        refused_categories=frozenset(user.vk.refused_categories) if user.vk else frozenset(),
        description_template=chosen.read("description_template", str, ""),
        price_percent=chosen.read("price_percent", _percent, Decimal(0)),
        price_rounding=chosen.read("price_rounding", _rounding, 0),
        with_albums=chosen.read("with_albums", bool, True),
    )


def _names_with_values(stored: Any) -> Mapping[str, Any]:
    return stored if isinstance(stored, dict) else {}


@dataclass(frozen=True, slots=True)
class _Stored:
    """The JSON that `change` wrote, or that somebody else did."""

    values: Mapping[str, Any]

    def read(self, name: str, kind: Callable[[Any], T], default: T) -> T:
        try:
            return kind(self.values[name])
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError):
            return default

    def names(self, name: str) -> list[str]:
        found = self.values.get(name)
        return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _percent(value: Any) -> Decimal:
    percent = Decimal(value)
    if not LEAST_PERCENT <= percent <= MOST_PERCENT:
        raise ValueError
    return percent


def _rounding(value: Any) -> int:
    return ROUNDINGS[ROUNDINGS.index(int(value))]


def _numbers(value: Any) -> dict[str, int]:
    return {name: int(number) for name, number in value.items()}


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
    locks.lock(user.id)
    ensure_config(user)
    assert user.sync_state is not None
    changed = replace(owner_settings(user), **chosen)
    user.sync_state.settings = {
        **_names_with_values(user.sync_state.settings),
        **{name: _stored(getattr(changed, name)) for name in chosen},
    }
    db.session.flush()
    return changed


def stored_text(user: User) -> str:
    """What the owner chose, as it is stored: to be held against what it was at another time."""
    return json.dumps(user.sync_state.settings if user.sync_state else {}, sort_keys=True)


def _stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return sorted(value) if isinstance(value, frozenset) else value
