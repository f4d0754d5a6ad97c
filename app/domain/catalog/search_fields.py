"""How a product is found and in which order it is listed: stored beside it, so that a page need not read them all."""

from app.domain.catalog.goods import GroupTree, Product
from app.domain.catalog.variants import choices_of
from app.domain.texts.order import natural_key
from app.domain.texts.search import folded

SORT_KEY_LENGTH = 100


def search_text(product: Product, tree: GroupTree) -> str:
    """What a product is found by, folded: its name, article, code and barcodes, and the choices of a variant."""
    parts = [product.name, product.article, product.code, *product.barcodes]
    if product.choices:
        parts.extend(choice.name for choice in choices_of(product, tree))
    return folded("\n".join(parts))


def sort_key(name: str) -> str:
    """Compared sign by sign, it orders names as a person looks for them."""
    return natural_key(name)[:SORT_KEY_LENGTH]
