"""One product from nearby: how it looks in VK, what keeps it from there, what was done about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Group, Product, Unreadable
from app.domain.catalog.pictures import Picture
from app.domain.catalog.variants import choices_of, shown_name
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.listing.name import item_name
from app.domain.listing.owner_settings import OwnerSettings, keeps_photo_in_vk
from app.domain.listing.wanted import Wanted, to_wanted
from app.domain.planning.albums import Albums
from app.domain.planning.changes import ALBUM_STEPS, Action, Change, Reason
from app.domain.planning.plan import Desired, make_plan
from app.domain.planning.selection import StoreGoods, select
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, SyncRun, SyncRunEntry, User
from app.services.catalog import unreadable
from app.services.catalog.load import load_namesakes, load_store
from app.services.catalog.verdicts.criteria import Criteria
from app.services.catalog.verdicts.stored import ensure_current
from app.services.market import categories, refusals
from app.services.market.records import to_link
from app.services.pages.goods.named_verdict import Names, Verdict
from app.services.planning.plans import undecided

ENTRIES = 10


@dataclass(frozen=True, slots=True)
class ProductPage:
    store_id: str
    store: str
    product: Product
    title: str
    """Its name in the register, with what a variant is told by."""
    name: str
    """As VK gets it."""
    group: Group | None
    verdict: Verdict
    rule: FilterMode | None
    problem: SkipReason | Reason | None
    """What keeps a selected product from the window, of its own or because of VK."""
    wanted: Wanted | None
    """The item as it is or would be sent; None without a price."""
    category: str
    """VK's name for it; empty where VK was not asked yet."""
    picture: Picture | None
    """None = the generated card."""
    picture_group: Group | None
    photo_in_vk: bool
    """The item bears a photo that was chosen in VK, and it stays."""
    pending: Sequence[Change]
    """What the next run would do, but for albums."""
    shop_is_full: bool
    """So what is to be added waits, whichever product it was that VK refused."""
    listing: Listing | None
    entries: Sequence[SyncRunEntry]
    unreadable: Unreadable | None
    """The product is an older copy: what Evotor sent last could not be read."""


def product_page(user: User, store_id: str, product_id: str) -> ProductPage:
    """Raises UnknownEntity for what is not in this user's catalog."""
    criteria = ensure_current(user)
    goods = load_store(user.id, store_id, product_id)
    (product,) = goods.products
    ((_, decision),) = criteria.decisions(goods)
    listing = _listing(user, store_id, product_id)
    picture = goods.picture_of(product)
    desired = _desired(user, criteria, goods)
    wanted = desired.wanted.get(ListingKey(store_id, product_id)) or _wanted(user, goods, criteria.settings, picture)
    held, pending = _prospects(user, criteria, desired, ListingKey(store_id, product_id), listing)
    return ProductPage(
        store_id=store_id,
        store=goods.store.name,
        product=product,
        title=shown_name(product, goods.tree),
        name=str(wanted.fields["name"]) if wanted else item_name(product, choices_of(product, goods.tree)),
        group=goods.tree.groups.get(product.group_id or ""),
        verdict=Names(goods.store, goods.tree).verdict(decision, product.name),
        rule=criteria.rules.rule_for(EntityType.PRODUCT, product_id),
        problem=criteria.skip_reason(goods, product, decision) or held,
        wanted=wanted,
        category=_category(user, wanted),
        picture=picture,
        picture_group=goods.tree.groups.get(picture.group_id or "") if picture else None,
        photo_in_vk=_is_photo_left(listing, criteria.settings, picture),
        pending=pending,
        shop_is_full=any(change.action is Action.ADD for change in pending) and refusals.shop_is_full(user),
        listing=listing,
        entries=_entries(user.id, store_id, product_id),
        unreadable=unreadable.of_product(user.id, store_id, product_id),
    )


def card_name(user: User, store_id: str, product_id: str) -> str:
    """What the product's generated card says. Raises UnknownEntity."""
    criteria = ensure_current(user)
    goods = load_store(user.id, store_id, product_id)
    wanted = _desired(user, criteria, goods).wanted.get(ListingKey(store_id, product_id))
    (product,) = goods.products
    return str(wanted.fields["name"]) if wanted else item_name(product, choices_of(product, goods.tree))


def _listing(user: User, store_id: str, product_id: str) -> Listing | None:
    here = (Listing.store_id == store_id, Listing.product_id == product_id)
    return db.session.scalar(sa.select(Listing).where(Listing.in_market(user.id, user.market_id), *here))


def _wanted(user: User, goods: StoreGoods, settings: OwnerSettings, picture: Picture | None) -> Wanted | None:
    (product,) = goods.products
    if product.price is None:
        return None
    key = ListingKey(goods.store.id, product.id)
    return to_wanted(
        key, product, goods.tree, settings, extended_shop=_is_extended(user), store=goods.store.name, picture=picture
    )


def _category(user: User, wanted: Wanted | None) -> str:
    known = categories.known_categories(user)
    category = known.by_id.get(int(wanted.fields["category_id"])) if known and wanted else None
    return category.title if category else ""


def _is_extended(user: User) -> bool:
    return user.vk is not None and user.vk.is_extended


def _is_photo_left(listing: Listing | None, settings: OwnerSettings, picture: Picture | None) -> bool:
    if listing is None or listing.vk_item_id is None:
        return False
    is_own = picture is not None and picture.group_id is None
    return keeps_photo_in_vk(settings.edited_in_vk, was_chosen_there=listing.keeps_photo, is_own=is_own)


def _desired(user: User, criteria: Criteria, goods: StoreGoods) -> Desired:
    """Of the one product and those that would bear its name in VK, from which it has to be told."""
    (product,) = goods.products
    crowd = replace(goods, products=load_namesakes(goods, user.id, product))
    return select(
        [crowd], criteria.rules, criteria.settings, extended_shop=_is_extended(user), pictured=criteria.pictured
    )


def _prospects(
    user: User, criteria: Criteria, desired: Desired, key: ListingKey, listing: Listing | None
) -> tuple[SkipReason | Reason | None, Sequence[Change]]:
    """What the plan says of this one product: why it is held back, and what the next run would do."""
    links = {key: to_link(listing)} if listing else {}
    asked = undecided(user.id, user.market_id)
    plan = make_plan(desired, links, Albums(), criteria.settings, now=utcnow(), undecided=asked)
    pending = [change for change in plan.changes if change.key == key and change.action not in ALBUM_STEPS]
    return plan.skipped.get(key), pending


def _entries(user_id: int, store_id: str, product_id: str) -> Sequence[SyncRunEntry]:
    query = (
        sa.select(SyncRunEntry)
        .join(SyncRun, SyncRun.id == SyncRunEntry.run_id)
        .where(SyncRun.user_id == user_id, SyncRunEntry.product_id == product_id, SyncRunEntry.store_id == store_id)
        .order_by(SyncRunEntry.id.desc())
    )
    return db.session.scalars(query.limit(ENTRIES)).all()
