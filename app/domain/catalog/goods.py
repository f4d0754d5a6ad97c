"""Evotor's entities as we use them: docs/contracts/evotor.md §4, §5 and §6."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Store:
    id: str
    name: str
    address: str = ""
    owner_id: str | None = None
    """Evotor user id of the owner, where Evotor tells it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the variants of a model differ in, such as a size."""

    id: str
    name: str
    choices: tuple[tuple[str, str], ...] = ()
    """Each with its id and its name."""


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str
    parent_id: str | None = None
    is_variant_model: bool = False
    """A "group with attributes": one model whose products are its variants."""
    attributes: tuple[Attribute, ...] = ()
    """Those that can be read."""


@dataclass(frozen=True, slots=True)
class Product:
    """`price` in roubles; None for price or quantity means that Evotor did not say, which is not 0."""

    id: str
    name: str
    group_id: str | None = None
    type: str = "NORMAL"
    measure: str = ""
    allow_to_sell: bool = True
    price: Decimal | None = None
    quantity: Decimal | None = None
    description: str = ""
    article: str = ""
    code: str = ""
    barcodes: tuple[str, ...] = ()
    is_excisable: bool = False
    is_age_limited: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    """Of a variant: id of the attribute, id of the choice."""
    has_odd_choices: bool = False
    """Evotor sent some in a form that cannot be read: those of an older copy stand."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A product that Evotor has and sends in a form we cannot trust."""

    id: str | None
    """None where even this cannot be read, so that any product may be meant."""
    name: str
    """Empty where it cannot be read."""
    field: str
    """Whose value cannot be read; empty where nothing of it can."""
    sent: str
    """The value as it came, shortened."""


@dataclass(frozen=True, slots=True)
class GroupTree:
    """The groups of one store; knows the way from any group up to the root."""

    groups: Mapping[str, Group]

    @classmethod
    def of(cls, groups: Iterable[Group]) -> "GroupTree":
        return cls({group.id: group for group in groups})

    def lineage(self, group_id: str | None) -> tuple[str, ...]:
        """Ids from the group up to its root; a parent that does not exist ends the way, and so does a cycle."""
        path: list[str] = []
        while group_id is not None and group_id in self.groups and group_id not in path:
            path.append(group_id)
            group_id = self.groups[group_id].parent_id
        return tuple(path)

    def folder(self, group_id: str | None) -> Group | None:
        """The nearest group that is not a variant model, starting at the group itself."""
        for ancestor in self.lineage(group_id):
            if not self.groups[ancestor].is_variant_model:
                return self.groups[ancestor]
        return None
