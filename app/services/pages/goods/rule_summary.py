"""What the rules do to the catalog, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain.listing.emptiness import Emptiness, emptiness
from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType
from app.models import CatalogProduct, CatalogStore, User
from app.services.catalog.verdicts import stored
from app.services.pages.goods.counts import counts_of_all, problems_among, tally


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
    rules, counts = stored.current(user).rules.count(), counts_of_all(user.id)
    whole = tally(counts)
    return RuleSummary(
        stores=rules[EntityType.STORE],
        groups=rules[EntityType.GROUP],
        products=rules[EntityType.PRODUCT],
        selected=whole.selected,
        known=whole.total,
        shared=_shared(user.id) if _has_several_stores(user.id) else 0,
        held=dict(Counter(problems_among(counts)).most_common()),
    )


def _has_several_stores(user_id: int) -> bool:
    """Only then may barcodes be shared."""
    stores = sa.select(sa.func.count()).select_from(CatalogStore).where(CatalogStore.user_id == user_id)
    return (db.session.scalar(stores) or 0) > 1


def _shared(user_id: int) -> int:
    product = CatalogProduct.__table__.c
    query = sa.select(product.store_id, product.barcodes).where(product.user_id == user_id, product.included.is_(True))
    stores: dict[str, set[str]] = {}
    for store_id, barcodes in db.session.execute(query):
        for barcode in barcodes:
            stores.setdefault(barcode, set()).add(store_id)
    return sum(len(found) > 1 for found in stores.values())
