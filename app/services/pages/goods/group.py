"""One group from nearby: its photo, the one that it inherits, and how many products either serves."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db, in_chunks
from app.domain.catalog.goods import Group, GroupTree, Product
from app.domain.catalog.pictures import Picture, Pictures
from app.models import CatalogProduct, Photo, Pictured, User
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.pages.goods.counts import Count, counts_of, tally, within
from app.services.pages.goods.group_tree import groups_within, store_of, tree_of
from app.services.photos import gallery
from app.services.photos.gallery import Subject


@dataclass(frozen=True, slots=True)
class GroupPage:
    store_id: str
    store: str
    group: Group
    parent: Group | None
    photo: Photo | None
    inherited: Picture | None
    """What serves the group's products while it has no photo of its own."""
    inherited_from: Group | None
    products: int
    """In the group and below."""
    served: int
    """Of these, how many show the group's photo, or would if it had one."""


def group_page(user: User, store_id: str, group_id: str) -> GroupPage:
    """Raises UnknownEntity for what is not in this user's catalog."""
    stored.ensure_current(user)
    store, tree = store_of(user.id, store_id), tree_of(user.id, store_id)
    group = tree.groups.get(group_id)
    if group is None:
        raise UnknownEntity
    counts = counts_of(user.id, store_id)
    inside = within(counts, groups_within(tree, group_id, counts))
    pictures = gallery.pictures_by_store(user.id, store_id).get(store_id) or Pictures()
    inherited = pictures.inherited(group.parent_id, tree)
    return GroupPage(
        store_id=store_id,
        store=store.name,
        group=group,
        parent=tree.groups.get(group.parent_id or ""),
        photo=gallery.find(user.id, Subject(Pictured.GROUP, store_id, group_id)),
        inherited=inherited,
        inherited_from=tree.groups.get(inherited.group_id or "") if inherited else None,
        products=tally(inside).total,
        served=_served(Subject(Pictured.GROUP, store_id, group_id), inside, tree, pictures, user.id),
    )


def _served(subject: Subject, inside: Sequence[Count], tree: GroupTree, given: Pictures, user_id: int) -> int:
    """What has a picture of its own is looked at one by one; of the others all of a group are alike."""
    group_id = subject.entity_id
    with_photo = Pictures(given.products, {**given.groups, group_id: group_id}, given.kept)
    left: Counter[str | None] = Counter()
    for count in inside:
        left[count.group_id] += count.products
    served = 0
    for product in _pictured(user_id, subject.store_id, left.keys(), given):
        left[product.group_id] -= 1
        picture = with_photo.of(product, tree)
        served += picture is not None and picture.group_id == group_id
    for named, number in left.items():
        picture = with_photo.inherited(named, tree)
        served += number if picture is not None and picture.group_id == group_id else 0
    return served


def _pictured(user_id: int, store_id: str, groups: Collection[str | None], given: Pictures) -> Iterator[Product]:
    """The products of those groups that have a picture of their own, or keep one."""
    table = CatalogProduct.__table__.c
    here = sa.select(table.product_id, table.group_id).where(
        table.user_id == user_id, table.store_id == store_id, table.group_id.in_(groups)
    )
    photo = sa.exists().where(
        Photo.user_id == user_id,
        Photo.store_id == store_id,
        Photo.entity_type == Pictured.PRODUCT,
        Photo.entity_id == table.product_id,
    )
    found = dict(db.session.execute(here.where(photo)).all()) if given.products else {}
    for ids in in_chunks(given.kept):
        found.update(db.session.execute(here.where(table.product_id.in_(ids))).all())
    for product_id, named in found.items():
        yield Product(product_id, "", named)
