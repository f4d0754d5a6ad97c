"""How many pieces VK is told, and when a product counts as sold out."""

from decimal import Decimal

from app.domain.catalog.goods import Product
from app.domain.listing.owner_settings import OwnerSettings, StockRule
from app.domain.vk_limits import STOCK_MAX, STOCK_UNLIMITED


def stock_amount(quantity: Decimal | None) -> int:
    """Whole pieces (docs/contracts/vk.md §6); a part of a piece still means "there is some"."""
    if quantity is None:
        return STOCK_UNLIMITED
    if quantity <= 0:
        return 0
    return min(max(1, int(quantity)), STOCK_MAX)


def is_sold_out(product: Product, settings: OwnerSettings) -> bool:
    """Absent quantity is not 0: nobody counts it. An owner who shows everything always has nothing sold out."""
    if product.quantity is None or settings.stock_rule is StockRule.SHOW:
        return False
    is_short = settings.stock_rule is StockRule.FROM and product.quantity < settings.show_from
    return product.quantity <= 0 or is_short
