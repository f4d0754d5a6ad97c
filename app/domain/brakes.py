"""Checks that stop a plan which looks like an accident until the owner approves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.domain.changes import Action, Change
from app.domain.listing import digest_of
from app.domain.plan import Plan

ALWAYS_ALLOWED = 20
FEWEST_FOR_HALF = 5
"""From so many live listings on, losing more than half of them is no small matter however few they are."""
LARGE_PRICE_STEP = Decimal("0.5")
FEWEST_PRICES = 3
"""One or two new prices are typed by hand; an import error never comes that small."""


class BrakeKind(StrEnum):
    REMOVALS = "removals"
    """Too many hides and deletions at once."""
    ADDITIONS = "additions"
    """Too many adds after the rules were changed."""
    PRICES = "prices"
    """Too many prices change by more than half: an import error at the register."""


@dataclass(frozen=True, slots=True)
class Brake:
    kind: BrakeKind
    changes: tuple[Change, ...]
    """What it holds back."""
    live: int
    """Live listings before the plan."""


def brakes_on(plan: Plan, *, rules_changed: bool) -> tuple[Brake, ...]:
    """`rules_changed`: since the last confirmation, approval or complete run."""
    removals = tuple(change for change in plan.changes if _takes_away(change))
    additions = tuple(change for change in plan.changes if change.action is Action.ADD)
    prices = tuple(change for change in plan.changes if change.key in plan.live_keys and _is_large_price_step(change))
    live = plan.live
    found = {
        BrakeKind.REMOVALS: (removals, _are_too_many_removals(len(removals), live)),
        BrakeKind.ADDITIONS: (additions, rules_changed and len(additions) > max(ALWAYS_ALLOWED, live / 2)),
        BrakeKind.PRICES: (prices, len(prices) >= FEWEST_PRICES and len(prices) > live / 2),
    }
    return tuple(Brake(kind, changes, live) for kind, (changes, is_tripped) in found.items() if is_tripped)


def _takes_away(change: Change) -> bool:
    return change.action in (Action.HIDE, Action.DELETE) and not change.is_approved


def _are_too_many_removals(count: int, live: int) -> bool:
    return count > max(ALWAYS_ALLOWED, live / 10) or (live >= FEWEST_FOR_HALF and count > live / 2)


def _is_large_price_step(change: Change) -> bool:
    before, after = change.before.get("price"), change.fields.get("price")
    if before is None or after is None:
        return False
    old, new = Decimal(str(before)), Decimal(str(after))
    return abs(new - old) > old * LARGE_PRICE_STEP


def braked(brakes: Iterable[Brake]) -> frozenset[str]:
    """Action and listing of every change that is held back, as an approval names them."""
    return frozenset(named(change) for brake in brakes for change in brake.changes)


def named(change: Change) -> str:
    assert change.key is not None, "only changes of listings are ever braked"
    return f"{change.action}:{change.key.store_id}:{change.key.product_id}"


def fingerprint(names: Iterable[str]) -> str:
    return digest_of(*sorted(names))
