"""What the rules say of one user's goods, with the deciding rule by name, and what keeps a selected product hidden."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.catalog.goods import Product
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.planning.selection import StoreGoods, decisions, skip_reason
from app.domain.rules import Decision, EntityType, RuleSet
from app.models import User
from app.services.market.records import pictured_in_vk
from app.services.owner.rules import rules_of
from app.services.owner.settings import owner_settings


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision that can be read: the rule is named, not numbered."""

    included: bool
    level: EntityType | None = None
    decided_by: str | None = None
    """Name of the deciding store, group or product; None with a level = a whitelist that names nothing on the way."""


def verdict_of(decision: Decision, goods: StoreGoods, product: Product | None = None) -> Verdict:
    """The decision with its rule's entity by name; one without a name goes by its id."""
    if decision.level is None or decision.decided_by is None:
        return Verdict(decision.included, decision.level)
    name = _name(decision.level, decision.decided_by, goods, product)
    return Verdict(decision.included, decision.level, name.strip() or decision.decided_by)


def _name(level: EntityType, entity_id: str, goods: StoreGoods, product: Product | None) -> str:
    if level is EntityType.STORE:
        return goods.store.name
    if level is EntityType.GROUP:
        return goods.tree.groups[entity_id].name
    return product.name if product else ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """By what one user's goods are decided on, loaded once for a page: the rules, the settings, the photos in VK."""

    rules: RuleSet
    settings: OwnerSettings
    pictured: frozenset[ListingKey]
    """Items that bear a photo chosen in VK."""

    @classmethod
    def of(cls, user: User) -> "Criteria":
        settings = owner_settings(user)
        return cls(rules_of(user), settings, pictured_in_vk(user, settings))

    def decisions(self, goods: StoreGoods) -> Iterator[tuple[Product, Decision]]:
        return decisions(goods, self.rules)

    def skip_reason(self, goods: StoreGoods, product: Product, decision: Decision) -> SkipReason | None:
        """Only what is selected can have one."""
        if not decision.included:
            return None
        key = ListingKey(goods.store.id, product.id)
        has_photo = key in self.pictured or goods.picture_of(product) is not None
        return skip_reason(product, self.settings, has_photo=has_photo)


# A plain stand-in


def ensure(user: User) -> None:
    from collections import Counter
    from typing import Any

    import sqlalchemy as sa

    from app.db import db
    from app.domain.catalog.variants import choices_of
    from app.domain.texts.order import natural_key
    from app.domain.texts.search import folded
    from app.models import CatalogCount, CatalogProduct
    from app.services.catalog.load import load_goods

    table: Any = CatalogProduct.__table__
    criteria = Criteria.of(user)
    counts: Counter[tuple[str, str, bool, str]] = Counter()
    for goods in load_goods(user.id):
        for product, decision in criteria.decisions(goods):
            key = ListingKey(goods.store.id, product.id)
            has_photo = key in criteria.pictured or goods.picture_of(product) is not None
            problem = skip_reason(product, criteria.settings, has_photo=has_photo)
            choices = [choice.name for choice in choices_of(product, goods.tree)]
            words = "\n".join(map(folded, (product.name, product.article, product.code, *product.barcodes, *choices)))
            db.session.execute(
                sa.update(table)
                .where(table.c.user_id == user.id, table.c.store_id == key.store_id, table.c.product_id == product.id)
                .values(
                    included=decision.included,
                    level=decision.level,
                    decided_by=decision.decided_by,
                    problem=problem,
                    search_text=words,
                    sort_key=natural_key(product.name)[:100],
                )
            )
            counts[goods.store.id, product.group_id or "", decision.included, problem or ""] += 1
    db.session.execute(sa.delete(CatalogCount).where(CatalogCount.user_id == user.id))
    names = ("store_id", "group_id", "included", "problem")
    for values, number in counts.items():
        row = dict(zip(names, values, strict=True))
        db.session.execute(sa.insert(CatalogCount).values(user_id=user.id, products=number, **row))
