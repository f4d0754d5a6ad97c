"""One group from nearby: its photo, the one that it inherits, and how many products either serves."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.catalog.goods import Group, Product
from app.domain.catalog.pictures import Picture, Pictures
from app.domain.planning.selection import StoreGoods
from app.models import Photo, Pictured, User
from app.services.catalog.load import load_store
from app.services.errors import UnknownEntity
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
    goods = load_store(user.id, store_id, texts=False)
    group = goods.tree.groups.get(group_id)
    if group is None:
        raise UnknownEntity
    above = goods.tree.groups.get(group.parent_id or "")
    inherited = goods.pictures.inherited(group.parent_id, goods.tree)
    inside = [product for product in goods.products if group_id in goods.tree.lineage(product.group_id)]
    return GroupPage(
        store_id=store_id,
        store=goods.store.name,
        group=group,
        parent=above,
        photo=gallery.find(user.id, Subject(Pictured.GROUP, store_id, group_id)),
        inherited=inherited,
        inherited_from=goods.tree.groups.get(inherited.group_id or "") if inherited else None,
        products=len(inside),
        served=_served(inside, group_id, goods),
    )


def _served(products: Sequence[Product], group_id: str, goods: StoreGoods) -> int:
    with_photo = Pictures(goods.pictures.products, {**goods.pictures.groups, group_id: group_id})
    found = (with_photo.of(product, goods.tree) for product in products)
    return sum(picture is not None and picture.group_id == group_id for picture in found)
