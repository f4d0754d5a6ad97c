"""The owner's pictures of products and groups, known by the digests of their content."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.catalog.goods import GroupTree, Product


@dataclass(frozen=True, slots=True)
class Picture:
    digest: str
    group_id: str | None = None
    """The group whose picture serves the product; None = the product's own."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Those of one store, {id: digest}."""

    products: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Picture] = field(default_factory=dict)
    """By product: its item in VK bears the picture, whose file we lost; nothing else may take its place."""

    def of(self, product: Product, tree: GroupTree) -> Picture | None:
        """The product's own, else that of its nearest group that has one."""
        if digest := self.products.get(product.id):
            return Picture(digest)
        kept = self.kept.get(product.id)
        if kept is not None and (kept.group_id is None or kept.group_id in tree.lineage(product.group_id)):
            return kept
        return self.inherited(product.group_id, tree)

    def inherited(self, group_id: str | None, tree: GroupTree) -> Picture | None:
        """What a product of the group without a picture of its own gets."""
        if not self.groups:
            return None
        nearest = next((ancestor for ancestor in tree.lineage(group_id) if ancestor in self.groups), None)
        return Picture(self.groups[nearest], nearest) if nearest is not None else None
