"""The price in the shop window: the register's, made dearer or cheaper and rounded as the owner chose."""

from decimal import ROUND_HALF_UP, Decimal

LEAST_PERCENT, MOST_PERCENT = Decimal(-90), Decimal(500)
ROUNDINGS = (0, 1, 5, 10)
"""Roubles; 0 = to the kopeck."""
KOPECK = Decimal("0.01")


def window_price(price: Decimal, percent: Decimal = Decimal(0), rounding: int = 0) -> Decimal:
    """In roubles with two decimals; half a step goes up, and no price falls below one step."""
    if not percent and not rounding:
        return max(price.quantize(KOPECK, rounding=ROUND_HALF_UP), KOPECK)
    step = Decimal(rounding) if rounding else KOPECK
    changed = price * (100 + percent) / 100
    steps = (changed / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return (max(steps, Decimal(1)) * step).quantize(KOPECK)


def money(roubles: Decimal) -> str:
    """As prices travel to VK and are remembered."""
    return str(roubles.quantize(KOPECK, rounding=ROUND_HALF_UP))
