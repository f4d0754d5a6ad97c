"""What only a phone has: groups folded away, and no room beside the buttons."""

from playwright.sync_api import expect

from tests.e2e.conftest import Open, sign_in
from tests.e2e.shops import FAIR
from tests.support.product import Product
from tests.support.visit import PHONE

COVERED = """
(within) => {
  const notice = document.querySelector(".catalog-notices").getBoundingClientRect();
  return [...document.querySelectorAll(`${within} button, ${within} a`)]
    .filter((control) => !control.closest(".catalog-notices"))
    .filter((control) => {
      const { top, bottom } = control.getBoundingClientRect();
      return bottom > notice.top && top < notice.bottom;
    })
    .map((control) => control.textContent.trim());
}
"""
"""The controls that the message lies over."""


def test_groups_unfold_and_stay_so_while_rules_are_set(fair: Product, open_window: Open) -> None:
    store = sign_in(open_window(**PHONE)).to_catalog().to_store(FAIR)
    expect(store.groups).to_be_hidden()
    store.open_groups().set_rule("Исключить", "Мёд")
    expect(store.groups).to_be_visible()


def test_what_is_said_after_a_press_covers_no_button(fair: Product, open_window: Open) -> None:
    catalog = sign_in(open_window(**PHONE)).to_catalog()
    said = catalog.main.locator(".catalog-notices .notice")
    catalog.button("Показать магазин целиком").last.click()
    expect(said).to_be_in_viewport()

    assert catalog.page.evaluate(COVERED, "article:last-of-type") == []
    catalog.page.evaluate("scrollTo(0, 0)")
    expect(said).to_be_in_viewport()
    assert catalog.page.evaluate(COVERED, "main") == []
    catalog.main.get_by_text("Закрыть сообщение").click()
    expect(said).to_have_count(0)
