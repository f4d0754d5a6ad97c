"""What only a phone has: groups folded away, and fingers."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Open, sign_in
from tests.e2e.shops import FAIR
from tests.support.product import Product
from tests.support.visit import PHONE

FINGER = 24
"""Pixels; what is smaller is missed."""


def test_groups_unfold_and_stay_so_while_rules_are_set(fair: Product, open_window: Open) -> None:
    store = sign_in(open_window(**PHONE)).to_catalog().to_store(FAIR)
    expect(store.groups).to_be_hidden()
    store.open_groups().set_rule("Исключить", "Мёд")
    expect(store.groups).to_be_visible()


@pytest.mark.parametrize("path", ["/sync", "/catalog", "/sync/plan", "/connections", "/sync/settings"])
def test_buttons_are_as_large_as_a_finger(fair: Product, open_window: Open, path: str) -> None:
    sync = sign_in(open_window(**PHONE))
    sync.page.goto(path)
    too_small = [
        _name(one) for one in sync.main.get_by_role("button").all() if one.is_visible() and _size(one) < FINGER
    ]
    assert not too_small


def _size(control: Locator) -> float:
    box = control.bounding_box()
    assert box is not None
    return min(box["width"], box["height"])


def _name(control: Locator) -> str:
    return control.aria_snapshot()
