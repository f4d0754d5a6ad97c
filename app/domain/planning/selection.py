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
from app.domain.listing.wanted import Place, Wanted, renamed, to_wanted
from app.domain.planning.plan import Desired
from app.domain.rules import Decision, EntityType, RuleSet, decide, decide_unnamed


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
    """Every product with its decision; a group is decided once for all its products that no rule names."""
    store_id, tree, named = goods.store.id, goods.tree, rules.named(EntityType.PRODUCT)
    by_group: dict[str | None, Decision] = {}
    for product in goods.products:
        group_id = product.group_id
        if product.id in named:
            yield product, decide(rules, store_id, tree.lineage(group_id), product.id)
            continue
        if group_id not in by_group:
            by_group[group_id] = decide_unnamed(rules, store_id, tree.lineage(group_id))
        yield product, by_group[group_id]


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
    selection = _Selection(rules, settings, extended_shop, pictured)
    for goods in stores:
        selection.add(goods)
    return selection.desired()


@dataclass(slots=True)
class _Selection:
    """Made store by store."""

    rules: RuleSet
    settings: OwnerSettings
    extended_shop: bool
    pictured: Container[ListingKey]
    wanted: dict[ListingKey, Wanted] = field(default_factory=dict)
    unfit: dict[ListingKey, SkipReason] = field(default_factory=dict)
    products: dict[ListingKey, Product] = field(default_factory=dict)
    """Those of `wanted`."""
    known: set[ListingKey] = field(default_factory=set)
    unread: set[ListingKey] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    barcodes: Counter[str] = field(default_factory=Counter)
    """In how many stores each stands."""

    def add(self, goods: StoreGoods) -> None:
        store_id = goods.store.id
        if goods.is_closed:
            self.closed.add(store_id)
        if goods.is_whole:
            self.whole.add(store_id)
        self.known.update(ListingKey(store_id, product_id) for product_id in goods.unread)
        self.unread.update(_unread(goods, self.rules))
        selected: dict[ListingKey, Product] = {}
        for product, decision in decisions(goods, self.rules):
            key = ListingKey(store_id, product.id)
            self.known.add(key)
            if decision.included:
                selected[key] = product
        self.barcodes.update({barcode for product in selected.values() for barcode in product.barcodes})
        wanted = dict(self._fit(goods, selected))
        self.wanted.update(_told_apart(wanted, selected, goods.tree))
        self.products.update((key, selected[key]) for key in wanted)

    def _fit(self, goods: StoreGoods, selected: Mapping[ListingKey, Product]) -> Iterator[tuple[ListingKey, Wanted]]:
        """The items of those that VK may show; of the others the reason why not is noted."""
        tree, settings, extended, store = goods.tree, self.settings, self.extended_shop, goods.store.name
        places: dict[str | None, Place] = {}
        for key, product in selected.items():
            picture = goods.picture_of(product)
            if reason := unfit_reason(product, settings, has_photo=picture is not None or key in self.pictured):
                self.unfit[key] = reason
                continue
            if (place := places.get(product.group_id)) is None:
                place = places[product.group_id] = Place.of(product.group_id, tree, settings)
            yield (
                key,
                to_wanted(
                    key, product, tree, settings, extended_shop=extended, store=store, picture=picture, place=place
                ),
            )

    def desired(self) -> Desired:
        return Desired(
            wanted=self.wanted,
            unfit=self.unfit,
            sold_out=frozenset(key for key, item in self.wanted.items() if item.is_hidden),
            known=self.known,
            unread=frozenset(self.unread),
            closed_stores=frozenset(self.closed),
            whole_stores=frozenset(self.whole),
            products=self.products,
            shared=sum(stores > 1 for stores in self.barcodes.values()),
            alike=frozenset(_alike(self.wanted, self.products)),
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
    texts = _groups_of(wanted, ("name", "description"))
    told = dict(wanted)
    for keys in texts:
        for key, signs in signs_of_alike({key: products[key] for key in keys}).items():
            name = item_name(products[key], choices_of(products[key], tree), signs)
            told[key] = renamed(wanted[key], name)
    return told


def _alike(wanted: Mapping[ListingKey, Wanted], products: Mapping[ListingKey, Product]) -> Iterator[ListingKey]:
    """What looks alike all the same, but for one product that several stores have: that is said of it anyway."""
    for keys in _groups_of(wanted, ("name", "price", "description")):
        if not _is_one_product(keys, products):
            yield from keys


def _groups_of(wanted: Mapping[ListingKey, Wanted], fields: Sequence[str]) -> Iterable[list[ListingKey]]:
    """Those of whose items several agree in all these fields, a name among them."""
    names = Counter(item.fields["name"] for item in wanted.values())
    found: dict[tuple[object, ...], list[ListingKey]] = {}
    for key, item in wanted.items():
        if names[item.fields["name"]] > 1:  # which is rare, and so the long texts are seldom looked at
            found.setdefault(tuple(item.fields[field] for field in fields), []).append(key)
    return [keys for keys in found.values() if len(keys) > 1]


def _is_one_product(keys: Sequence[ListingKey], products: Mapping[ListingKey, Product]) -> bool:
    if len({key.store_id for key in keys}) < len(keys):
        return False
    return bool(frozenset.intersection(*(frozenset(products[key].barcodes) for key in keys)))
