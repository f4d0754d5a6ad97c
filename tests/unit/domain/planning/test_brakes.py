"""Which plans look like an accident."""

from dataclasses import replace

import pytest

from app.domain.listing.key import ListingKey
from app.domain.planning.brakes import BrakeKind, braked, brakes_on, fingerprint
from app.domain.planning.changes import Action, Change
from app.domain.planning.plan import Plan

KEYS = [ListingKey("S1", f"P{number:05}") for number in range(15_000)]


def changes(action: Action, count: int, first: int = 0) -> tuple[Change, ...]:
    return tuple(Change(action, key.product_id, key, item_id=1) for key in KEYS[first : first + count])


def new_prices(count: int, before: str, after: str) -> tuple[Change, ...]:
    return tuple(
        Change(Action.EDIT, key.product_id, key, 1, fields={"price": after}, before={"price": before})
        for key in KEYS[:count]
    )


def kinds(
    *parts: tuple[Change, ...], live: int, rules_changed: bool = False, confirmed_adds: int | None = None
) -> list[BrakeKind]:
    plan = Plan(tuple(change for part in parts for change in part), {}, frozenset(KEYS[:live]))
    found = brakes_on(plan, rules_changed=rules_changed, confirmed_adds=confirmed_adds)
    return [brake.kind for brake in found]


def test_an_empty_plan_is_never_braked() -> None:
    assert kinds(live=0, rules_changed=True) == []


@pytest.mark.parametrize(
    ("live", "removed", "is_braked"),
    [
        (0, 0, False),
        (4, 4, False),  # fewer than five
        (5, 2, False),
        (5, 3, True),  # more than half
        (10, 5, False),
        (10, 6, True),
        (40, 20, False),
        (41, 20, False),
        (45, 21, True),  # more than twenty
        (100, 20, False),
        (100, 21, True),
        (300, 30, False),
        (300, 31, True),  # more than a tenth
        (15_000, 1_500, False),
        (15_000, 1_501, True),
    ],
)
@pytest.mark.parametrize("action", [Action.HIDE, Action.DELETE])
def test_too_many_removals_are_braked(live: int, removed: int, is_braked: bool, action: Action) -> None:
    assert kinds(changes(action, removed), live=live) == ([BrakeKind.REMOVALS] if is_braked else [])


def test_hides_and_deletions_count_together() -> None:
    assert kinds(changes(Action.HIDE, 11), changes(Action.DELETE, 10, first=11), live=100) == [BrakeKind.REMOVALS]


def test_deleting_what_was_hidden_with_approval_needs_no_second_one() -> None:
    approved = tuple(replace(change, is_approved=True) for change in changes(Action.DELETE, 500))

    assert kinds(approved, live=600) == []


@pytest.mark.parametrize(
    ("live", "added", "is_braked"),
    [(0, 20, False), (0, 21, True), (40, 20, False), (100, 50, False), (100, 51, True)],
)
def test_many_adds_are_braked_after_a_change_of_the_rules_only(live: int, added: int, is_braked: bool) -> None:
    adds = changes(Action.ADD, added, first=live)

    assert kinds(adds, live=live, rules_changed=True) == ([BrakeKind.ADDITIONS] if is_braked else [])
    assert kinds(adds, live=live, rules_changed=False) == []


@pytest.mark.parametrize(
    ("live", "count", "before", "after", "is_braked"),
    [
        (3, 3, "100.00", "1000.00", True),
        (2, 2, "100.00", "1000.00", False),  # so few are typed by hand
        (10, 5, "100.00", "1000.00", False),  # no more than half
        (10, 6, "100.00", "1000.00", True),
        (10, 10, "100.00", "150.00", False),  # no more than by half
        (10, 10, "100.00", "150.01", True),
        (10, 10, "100.00", "50.00", False),
        (10, 10, "100.00", "49.99", True),
    ],
)
def test_prices_that_jump_all_at_once_are_braked(
    live: int, count: int, before: str, after: str, is_braked: bool
) -> None:
    assert kinds(new_prices(count, before, after), live=live) == ([BrakeKind.PRICES] if is_braked else [])


@pytest.mark.parametrize(
    ("confirmed", "added", "is_braked"),
    [
        (0, 20, False),
        (0, 21, True),  # more than twenty
        (14, 21, False),  # no more than half as many again
        (100, 150, False),
        (100, 151, True),
        (1000, 1000, False),
        (None, 1000, False),  # a run was let through since
    ],
)
@pytest.mark.parametrize("live", [0, 1000])
def test_a_confirmation_stands_for_what_was_to_be_added_then(
    confirmed: int | None, added: int, is_braked: bool, live: int
) -> None:
    adds = changes(Action.ADD, added, first=live)

    assert kinds(adds, live=live, confirmed_adds=confirmed) == ([BrakeKind.ADDITIONS] if is_braked else [])


@pytest.mark.parametrize(
    ("live", "count", "before", "after", "is_braked"),
    [
        (100, 5, "1.00", "100.00", False),
        (100, 6, "1.00", "100.00", True),  # more than five
        (100, 49, "1.00", "100.00", True),
        (100, 6, "10.00", "100.00", True),  # tenfold to the kopeck
        (100, 6, "10.00", "99.99", False),
        (100, 6, "100.00", "10.00", True),
        (100, 6, "100.00", "10.01", False),
        (100, 6, "0.00", "10.00", True),
        (1000, 50, "1.00", "10.00", False),
        (1000, 51, "1.00", "10.00", True),  # more than five in a hundred
        (6, 6, "1.00", "10.00", True),
    ],
)
def test_a_few_prices_that_change_tenfold_are_braked(
    live: int, count: int, before: str, after: str, is_braked: bool
) -> None:
    assert kinds(new_prices(count, before, after), live=live) == ([BrakeKind.PRICES] if is_braked else [])


def test_only_the_tenfold_prices_are_held_where_they_trip_the_brake() -> None:
    usual = new_prices(20, "100.00", "300.00")[10:]
    plan = Plan((*new_prices(8, "1.00", "100.00"), *usual), {}, frozenset(KEYS[:100]))
    (brake,) = brakes_on(plan, rules_changed=False)

    assert len(brake.changes) == 8


def test_prices_of_what_nobody_sees_do_not_count() -> None:
    assert kinds(new_prices(10, "100.00", "1000.00"), live=0) == []


def test_a_price_whose_old_value_is_unknown_does_not_count() -> None:
    unknown = tuple(replace(change, before={}) for change in new_prices(10, "1.00", "9.00"))

    assert kinds(unknown, live=10) == []


def test_an_approval_names_the_braked_changes_in_any_order() -> None:
    forth, back = changes(Action.HIDE, 30), changes(Action.HIDE, 30)[::-1]
    names = [braked(brakes_on(Plan(order, {}, frozenset(KEYS[:30])), rules_changed=False)) for order in (forth, back)]

    assert names[0] == names[1]
    assert len(names[0]) == 30
    assert fingerprint(names[0]) == fingerprint(names[1]) != fingerprint(())


def test_only_what_trips_a_brake_is_held_by_it() -> None:
    plan = Plan((*changes(Action.HIDE, 2), *changes(Action.ADD, 30, first=50)), {}, frozenset(KEYS[:20]))
    (brake,) = brakes_on(plan, rules_changed=True)

    assert (brake.kind, brake.live, len(brake.changes)) == (BrakeKind.ADDITIONS, 20, 30)
