"""The products that the rules let through, and what the market should hold of them."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.catalog.goods import GroupTree, Product, Store
from app.domain.catalog.pictures import Picture, Pictures
from app.domain.catalog.variants import choices_of, signs_of_alike
from app.domain.listing.fitness import SkipReason, unfit_reason
from app.domain.listing.key import ListingKey
from app.domain.listing.name import item_name
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.stock import is_sold_out
from app.domain.listing.wanted import Wanted, renamed, to_wanted
from app.domain.planning.plan import Desired
from app.domain.rules import Decision, EntityType, Mode, RuleSet, decide


@dataclass(frozen=True, slots=True)
class StoreGoods:
    """Everything of one store."""

    store: Store
    tree: GroupTree
    products: Sequence[Product]
    is_closed: bool = False
    """The store is closed for good: nothing of it is left but its name."""
    is_whole: bool = False
    """The copy is what Evotor answered last, not an older one that was kept."""
    pictures: Pictures = field(default_factory=Pictures)
    unread: frozenset[str] = frozenset()
    """Ids of products that Evotor has and whose last form could not be read; most stand here as an older copy."""

    def picture_of(self, product: Product) -> Picture | None:
        return self.pictures.of(product, self.tree)


def decisions(goods: StoreGoods, rules: RuleSet) -> Iterator[tuple[Product, Decision]]:
    """Every product with its decision; a group is decided once for all its products."""
    by_group: dict[str | None, tuple[tuple[str, ...], Decision]] = {}
    products_have_rules = rules.mode(EntityType.PRODUCT) is not Mode.ALL
    for product in goods.products:
        if product.group_id not in by_group:
            lineage = goods.tree.lineage(product.group_id)
            by_group[product.group_id] = lineage, decide(rules, goods.store.id, lineage)
        lineage, decision = by_group[product.group_id]
        if decision.included and products_have_rules:
            decision = decide(rules, goods.store.id, lineage, product.id)
        yield product, decision


def skip_reason(product: Product, settings: OwnerSettings, *, has_photo: bool = False) -> SkipReason | None:
    """Why a selected product is not shown to buyers; None = it is, or will be."""
    reason = unfit_reason(product, settings, has_photo=has_photo)
    if reason is None and is_sold_out(product, settings):
        return SkipReason.SOLD_OUT
    return reason


def select(
    stores: Iterable[StoreGoods],
    rules: RuleSet,
    settings: OwnerSettings,
    *,
    extended_shop: bool,
    pictured: Container[ListingKey] = frozenset(),
) -> Desired:
    """`pictured`: products whose item in VK bears a photo that a person chose there."""
    wanted: dict[ListingKey, Wanted] = {}
    unfit: dict[ListingKey, SkipReason] = {}
    products: dict[ListingKey, Product] = {}
    sold_out: set[ListingKey] = set()
    known: set[ListingKey] = set()
    unread: set[ListingKey] = set()
    closed: set[str] = set()
    whole: set[str] = set()
    barcodes: Counter[str] = Counter()
    for goods in stores:
        if goods.is_closed:
            closed.add(goods.store.id)
        if goods.is_whole:
            whole.add(goods.store.id)
        known.update(ListingKey(goods.store.id, product_id) for product_id in goods.unread)
        unread.update(_unread(goods, rules))
        barcodes_here: set[str] = set()
        here: dict[ListingKey, Wanted] = {}
        for product, decision in decisions(goods, rules):
            key = ListingKey(goods.store.id, product.id)
            known.add(key)
            if not decision.included:
                continue
            barcodes_here.update(product.barcodes)
            picture = goods.picture_of(product)
            if reason := unfit_reason(product, settings, has_photo=picture is not None or key in pictured):
                unfit[key] = reason
                continue
            here[key] = to_wanted(
                key,
                product,
                goods.tree,
                settings,
                extended_shop=extended_shop,
                store=goods.store.name,
                picture=picture,
            )
            products[key] = product
            if is_sold_out(product, settings):
                sold_out.add(key)
        wanted.update(_told_apart(here, products, goods.tree))
        barcodes.update(barcodes_here)
    return Desired(
        wanted=wanted,
        unfit=unfit,
        sold_out=frozenset(sold_out),
        known=known,
        unread=frozenset(unread),
        closed_stores=frozenset(closed),
        whole_stores=frozenset(whole),
        products=products,
        shared=sum(stores > 1 for stores in barcodes.values()),
        alike=frozenset(_alike(wanted, products)),
    )


def _unread(goods: StoreGoods, rules: RuleSet) -> Iterator[ListingKey]:
    """Of which there is not even an older copy, and that nothing known of them keeps out of the market."""
    if goods.is_closed or not goods.unread:
        return
    for product_id in goods.unread - {product.id for product in goods.products}:
        if decide(rules, goods.store.id, None, product_id).included:
            yield ListingKey(goods.store.id, product_id)


def _told_apart(
    wanted: Mapping[ListingKey, Wanted], products: Mapping[ListingKey, Product], tree: GroupTree
) -> dict[ListingKey, Wanted]:
    """Of one store: products that would read alike get a sign of their own into their names.

    As buyers see them. The price does not count here, so that a rouble more or less renames nothing.
    """
    texts: dict[tuple[object, ...], list[ListingKey]] = {}
    for key, item in wanted.items():
        texts.setdefault((item.fields["name"], item.fields["description"]), []).append(key)
    told = dict(wanted)
    for keys in texts.values():
        if len(keys) > 1:
            for key, signs in signs_of_alike({key: products[key] for key in keys}).items():
                name = item_name(products[key], choices_of(products[key], tree), signs)
                told[key] = renamed(wanted[key], name)
    return told


def _alike(wanted: Mapping[ListingKey, Wanted], products: Mapping[ListingKey, Product]) -> Iterator[ListingKey]:
    """What looks alike all the same, but for one product that several stores have: that is said of it anyway."""
    looks: dict[tuple[object, ...], list[ListingKey]] = {}
    for key, item in wanted.items():
        looks.setdefault(_look_of(item), []).append(key)
    for keys in looks.values():
        if len(keys) > 1 and not _is_one_product(keys, products):
            yield from keys


def _look_of(item: Wanted) -> tuple[object, ...]:
    return tuple(item.fields[field] for field in ("name", "price", "description"))


def _is_one_product(keys: Sequence[ListingKey], products: Mapping[ListingKey, Product]) -> bool:
    if len({key.store_id for key in keys}) < len(keys):
        return False
    return bool(frozenset.intersection(*(frozenset(products[key].barcodes) for key in keys)))
