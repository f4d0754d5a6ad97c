"""VK's list of categories: read within a request that changes something, kept, and looked up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.clients.vk.errors import VkError
from app.clock import utcnow
from app.db import db
from app.domain.market.categories import Category
from app.models import User, VkCategoryList
from app.services.errors import NotReady, VkUnavailable
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
    def is_old(self) -> bool:
        return not timedelta(0) <= utcnow() - self.read_at < OLD_AFTER


def known(user: User) -> CategoryList | None:
    """As last read for the connected community; None where it was not read yet."""
    row = _row(user)
    if row is None or user.vk is None or row.vk_group_id != user.vk.group_id:
        return None
    return CategoryList([Category(number, tuple(path)) for number, path in row.categories], row.read_at)


def refresh(user: User) -> int:
    """Ask VK and keep its list; returns how many it has. Raises NotReady or VkUnavailable: then the old one stays."""
    use = vk_use(user)
    if use is None:
        raise NotReady("vk_missing")
    db.session.commit()  # no transaction stays open while VK answers
    try:
        with vk_client(use.token) as client:
            categories = client.categories(use.group_id)
    except VkError as error:
        raise VkUnavailable(vk_code(error)) from error
    if not categories:
        raise VkUnavailable("vk_no_categories")
    if use.current() is None:
        raise VkUnavailable(CONNECTION_CHANGED)
    keep(user, use.group_id, categories)
    return len(categories)


def keep(user: User, group_id: int, categories: Iterable[Category]) -> None:
    """Flushes."""
    row = _row(user) or VkCategoryList(user_id=user.id)
    row.vk_group_id, row.read_at = group_id, utcnow()
    row.categories = [[category.id, list(category.path)] for category in categories]
    db.session.add(row)
    db.session.flush()


def _row(user: User) -> VkCategoryList | None:
    query = sa.select(VkCategoryList).where(VkCategoryList.user_id == user.id)
    return db.session.scalar(query.execution_options(populate_existing=True))
