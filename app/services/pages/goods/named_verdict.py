"""What the rules say of a store, a group or a product, as it can be read: the deciding rule by name."""

from dataclasses import dataclass

from app.domain.catalog.goods import GroupTree, Store
from app.domain.rules import Decision, EntityType


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision that can be read: the rule is named, not numbered."""

    included: bool
    level: EntityType | None = None
    decided_by: str | None = None
    """Name of the deciding store, group or product; None with a level = a whitelist that names nothing on the way."""


@dataclass(frozen=True, slots=True)
class Names:
    """Of what may decide in one store."""

    store: Store
    tree: GroupTree

    def verdict(self, decision: Decision, product: str = "") -> Verdict:
        """The decision with its rule's entity by name; one without a name goes by its id."""
        if decision.level is None or decision.decided_by is None:
            return Verdict(decision.included, decision.level)
        name = self._name(decision.level, decision.decided_by, product)
        return Verdict(decision.included, decision.level, name.strip() or decision.decided_by)

    def _name(self, level: EntityType, entity_id: str, product: str) -> str:
        if level is EntityType.STORE:
            return self.store.name
        if level is EntityType.GROUP:
            group = self.tree.groups.get(entity_id)
            return group.name if group else ""
        return product


def decision_of(included: bool | None, level: str | None, decided_by: str | None) -> Decision:
    """As it is stored with a product."""
    return Decision(bool(included), EntityType(level) if level else None, decided_by)
