"""What the rules do to the catalog, in numbers: one pass over all goods."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain.listing.emptiness import Emptiness, emptiness
from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType
from app.models import CatalogStore, User
from app.services.catalog.criteria import Criteria
from app.services.catalog.load import load_goods


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """How many rules there are, and what they do to the catalog."""

    stores: int
    groups: int
    products: int
    selected: int
    known: int
    shared: int
    """Barcodes that stand in more than one of the selected stores."""
    held: Mapping[SkipReason, int]
    """Selected products that buyers do not see, by the reason."""

    @property
    def rules(self) -> int:
        return self.stores + self.groups + self.products

    @property
    def shown(self) -> int:
        """Products that can be shown."""
        return self.selected - sum(self.held.values())

    @property
    def emptiness(self) -> Emptiness | None:
        return emptiness(self.known, self.selected, self.held)


def rule_summary(user: User) -> RuleSummary:
    criteria = Criteria.of(user)
    selected = known = 0
    held: Counter[SkipReason] = Counter()
    stores_of_barcode: Counter[str] = Counter()
    for goods in load_goods(user.id, texts=_has_several_stores(user.id)):
        known += len(goods.products)
        chosen = [(product, decision) for product, decision in criteria.decisions(goods) if decision.included]
        selected += len(chosen)
        held.update(reason for entry in chosen if (reason := criteria.skip_reason(goods, *entry)) is not None)
        stores_of_barcode.update({barcode for product, _ in chosen for barcode in product.barcodes})
    counts = criteria.rules.count()
    return RuleSummary(
        stores=counts[EntityType.STORE],
        groups=counts[EntityType.GROUP],
        products=counts[EntityType.PRODUCT],
        selected=selected,
        known=known,
        shared=sum(stores > 1 for stores in stores_of_barcode.values()),
        held=dict(held.most_common()),
    )


def _has_several_stores(user_id: int) -> bool:
    """Only then may barcodes be shared; texts cost as much time as all the rest."""
    stores = sa.select(sa.func.count()).select_from(CatalogStore).where(CatalogStore.user_id == user_id)
    return (db.session.scalar(stores) or 0) > 1
