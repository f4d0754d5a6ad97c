"""What the rules do to the catalog, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.listing.emptiness import Emptiness, emptiness
from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType
from app.models import User
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
    rules, counts = stored.ensure_current(user).rules.count(), counts_of_all(user.id)
    whole = tally(counts)
    return RuleSummary(
        stores=rules[EntityType.STORE],
        groups=rules[EntityType.GROUP],
        products=rules[EntityType.PRODUCT],
        selected=whole.selected,
        known=whole.total,
        held=dict(Counter(problems_among(counts)).most_common()),
    )
