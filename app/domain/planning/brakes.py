"""Checks that stop a plan which looks like an accident until the owner approves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.domain.digest import digest_of
from app.domain.planning.changes import Action, Change
from app.domain.planning.plan import Plan

ALWAYS_ALLOWED = 20
FEWEST_FOR_HALF = 5
"""From so many live listings on, losing more than half of them is no small matter however few they are."""
LARGE_PRICE_STEP = Decimal("0.5")
FEWEST_PRICES = 3
"""One or two new prices are typed by hand; an import error never comes that small."""
TENFOLD = 10
TENFOLD_ALWAYS_ALLOWED = 5
"""Slips of the finger in the decimal point, one by one."""


class BrakeKind(StrEnum):
    REMOVALS = "removals"
    """Too many hides and deletions at once."""
    ADDITIONS = "additions"
    """Too many adds after the rules were changed, or many more than when the owner confirmed."""
    PRICES = "prices"
    """Too many prices change by more than half, or tenfold: an import error at the register."""


class Hold(StrEnum):
    """On additions."""

    AFTER_RULES = "after_rules"
    BEYOND_CONFIRMED = "beyond_confirmed"
    """The rules are as confirmed; it is the number of adds that is not."""


@dataclass(frozen=True, slots=True)
class Brake:
    kind: BrakeKind
    changes: tuple[Change, ...]
    """What it holds back."""
    live: int
    """Live listings before the plan."""
    is_beyond_confirmed: bool = False
    """The rules are as confirmed; it is the number of adds that is not."""

    @property
    def is_tenfold(self) -> bool:
        """Every price that is held changes so."""
        return self.kind is BrakeKind.PRICES and all(_is_tenfold(change) for change in self.changes)


def brakes_on(plan: Plan, *, rules_changed: bool, confirmed_adds: int | None = None) -> tuple[Brake, ...]:
    """`rules_changed`: since the last confirmation, approval or complete run.

    `confirmed_adds`: what of it is to come that was to be added at the confirmation, until a run came through.
    """
    found = (_removals(plan), _additions(plan, rules_changed, confirmed_adds), _prices(plan))
    return tuple(brake for brake in found if brake is not None)


def _removals(plan: Plan) -> Brake | None:
    removals = tuple(change for change in plan.changes if _takes_away(change))
    return Brake(BrakeKind.REMOVALS, removals, plan.live) if _are_too_many_removals(len(removals), plan.live) else None


def _additions(plan: Plan, rules_changed: bool, confirmed_adds: int | None) -> Brake | None:
    additions = tuple(change for change in plan.changes if change.action is Action.ADD)
    hold = hold_on_additions(len(additions), plan.live, rules_changed=rules_changed, confirmed_adds=confirmed_adds)
    if hold is None:
        return None
    return Brake(BrakeKind.ADDITIONS, additions, plan.live, is_beyond_confirmed=hold is Hold.BEYOND_CONFIRMED)


def hold_on_additions(count: int, live: int, *, rules_changed: bool, confirmed_adds: int | None) -> Hold | None:
    """Why so many adds wait for the owner; None = they need not."""
    if rules_changed and count > max(ALWAYS_ALLOWED, live / 2):
        return Hold.AFTER_RULES
    if confirmed_adds is not None and count > max(ALWAYS_ALLOWED, confirmed_adds * 1.5):
        return Hold.BEYOND_CONFIRMED
    return None


def _takes_away(change: Change) -> bool:
    return change.action in (Action.HIDE, Action.DELETE) and not change.is_approved


def _are_too_many_removals(count: int, live: int) -> bool:
    return count > max(ALWAYS_ALLOWED, live / 10) or (live >= FEWEST_FOR_HALF and count > live / 2)


def _prices(plan: Plan) -> Brake | None:
    """Half of the window by more than half, or a few of it tenfold."""
    large = tuple(change for change in plan.changes if change.key in plan.live_keys and _is_large_step(change))
    if len(large) >= FEWEST_PRICES and len(large) > plan.live / 2:
        return Brake(BrakeKind.PRICES, large, plan.live)
    tenfold = tuple(filter(_is_tenfold, large))
    if len(tenfold) > max(TENFOLD_ALWAYS_ALLOWED, plan.live / 20):
        return Brake(BrakeKind.PRICES, tenfold, plan.live)
    return None


def _is_large_step(change: Change) -> bool:
    step = _step(change)
    return step is not None and abs(step[1] - step[0]) > step[0] * LARGE_PRICE_STEP


def _is_tenfold(change: Change) -> bool:
    step = _step(change)
    return step is not None and step[0] != step[1] and max(step) >= TENFOLD * min(step)


def _step(change: Change) -> tuple[Decimal, Decimal] | None:
    """From which price to which; None where that is not known."""
    before, after = change.before.get("price"), change.fields.get("price")
    return None if before is None or after is None else (Decimal(str(before)), Decimal(str(after)))


def braked(brakes: Iterable[Brake]) -> frozenset[str]:
    """Action and listing of every change that is held back, as an approval names them."""
    return frozenset(named(change) for brake in brakes for change in brake.changes)


def named(change: Change) -> str:
    key = change.listing_key  # only changes of listings are ever braked
    return f"{change.action}:{key.store_id}:{key.product_id}"


def fingerprint(names: Iterable[str]) -> str:
    return digest_of(*sorted(names))
