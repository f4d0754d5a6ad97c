"""VK's list of categories: read within a request that changes something, kept, looked up, and chosen from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.vk.errors import VkError
from app.clock import utcnow
from app.db import db
from app.domain.listing.owner_settings import FALLBACK_CATEGORY
from app.domain.market.categories import Category
from app.models import CatalogGroup, User, VkCategoryList
from app.services.errors import NotReady, UnknownEntity, VkUnavailable
from app.services.owner import settings as owner_settings
from app.services.vendors.clients import vk_client
from app.services.vendors.connection_use import CONNECTION_CHANGED, vk_use
from app.services.vendors.faults import vk_code

OLD_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CategoryList:
    categories: Sequence[Category]
    read_at: datetime

    @property
    def by_id(self) -> Mapping[int, Category]:
        return {category.id: category for category in self.categories}

    @property
    def old_at(self) -> datetime:
        return self.read_at + OLD_AFTER

    @property
    def is_old(self) -> bool:
        return not self.read_at <= utcnow() < self.old_at


def known_categories(user: User) -> CategoryList | None:
    """As last read for the connected community; None where it was not read yet."""
    row = _row(user)
    if row is None or user.vk is None or row.vk_group_id != user.vk.group_id:
        return None
    return CategoryList([Category(number, tuple(path)) for number, path in row.categories], row.read_at)


def refresh_categories(user: User) -> int:
    """Ask VK and keep its list; returns how many it has. Raises NotReady or VkUnavailable: then the old one stays."""
    use = vk_use(user)
    if use is None:
        raise NotReady("vk_missing")
    db.session.commit()  # no transaction stays open while VK answers
    try:
        with vk_client(use) as client:
            categories = client.categories(use.group_id)
    except VkError as error:
        raise VkUnavailable(vk_code(error)) from error
    if not categories:
        raise VkUnavailable("vk_no_categories")
    if use.current() is None:
        raise VkUnavailable(CONNECTION_CHANGED)
    store_categories(user, use.group_id, categories)
    return len(categories)


def store_categories(user: User, group_id: int, categories: Iterable[Category]) -> None:
    """As VK's answer for that community, in place of an older one. Flushes."""
    row = _row(user) or VkCategoryList(user_id=user.id)
    row.vk_group_id, row.read_at = group_id, utcnow()
    row.categories = [[category.id, list(category.path)] for category in categories]
    db.session.add(row)
    db.session.flush()


def _row(user: User) -> VkCategoryList | None:
    query = sa.select(VkCategoryList).where(VkCategoryList.user_id == user.id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def choose_category(user: User, group_id: str | None, category_id: int | None) -> None:
    """Give a group, or with None the whole shop, a category; None takes the choice back. Flushes.

    Raises UnknownEntity for a group that is not this user's, NotReady for a category that VK's list does not have.
    """
    known = known_categories(user)
    if category_id is not None and (known is None or category_id not in known.by_id):
        raise NotReady("unknown_category")
    if group_id is None:
        owner_settings.change(user, category_id=FALLBACK_CATEGORY if category_id is None else category_id)
    else:
        if not _is_known(user.id, group_id):
            raise UnknownEntity
        before = owner_settings.owner_settings(user).category_by_group
        others = {name: chosen for name, chosen in before.items() if name != group_id}
        mine = {} if category_id is None else {group_id: category_id}
        owner_settings.change(user, category_by_group={**others, **mine})
    if user.vk is not None and category_id in user.vk.refused_categories:
        # Chosen knowingly: VK is asked once more, and a refusal marks it again.
        user.vk.refused_categories = [number for number in user.vk.refused_categories if number != category_id]
        db.session.flush()


def _is_known(user_id: int, group_id: str) -> bool:
    query = sa.select(CatalogGroup.id).where(CatalogGroup.user_id == user_id, CatalogGroup.group_id == group_id)
    return db.session.scalar(query.limit(1)) is not None
