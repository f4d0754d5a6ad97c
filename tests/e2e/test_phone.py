"""What only a phone has: groups folded away."""

from playwright.sync_api import expect

from tests.e2e.conftest import Open, sign_in
from tests.e2e.shops import FAIR
from tests.support.product import Product
from tests.support.visit import PHONE


def test_groups_unfold_and_stay_so_while_rules_are_set(fair: Product, open_window: Open) -> None:
    store = sign_in(open_window(**PHONE)).to_catalog().to_store(FAIR)
    expect(store.groups).to_be_hidden()
    store.open_groups().set_rule("Исключить", "Мёд")
    expect(store.groups).to_be_visible()
