"""The pictures of the README: a shop at work, and the same shop with a plan that waits. `bin/screenshots` runs it."""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.pages import SignIn
from tests.e2e.shops import PASTILA, open_both_stores, run_now, take_first_store_out
from tests.factories import PASSWORD
from tests.support.product import Product
from tests.support.sandbox import SECOND_STORE, STORE, Sandbox
from tests.support.visit import DESKTOP, PHONE, chromium

COLOURS = 128
"""Enough for pages of few colours, and a third of the bytes."""
DARK = {"color_scheme": "dark"}

Pictures = dict[str, tuple[str, dict[str, Any]]]
"""By name: the page's address and the options of its window."""

AT_WORK: Pictures = {
    "sync-phone": ("/sync", PHONE),
    "sync-phone-dark": ("/sync", PHONE | DARK),
    "sync-desktop": ("/sync", DESKTOP),
    "store-phone": (f"/catalog/stores/{STORE}", PHONE),
    "store-desktop": (f"/catalog/stores/{STORE}", DESKTOP),
}
WAITING: Pictures = {
    "plan-phone": ("/sync/plan", PHONE),
    "plan-desktop": ("/sync/plan", DESKTOP),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _product() as product, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        open_both_stores(product)
        for price in (450, 435):
            product.sandbox.patch_product(PASTILA, SECOND_STORE, price=price)
            run_now(product)
        _take(browser, product, AT_WORK, folder)
        take_first_store_out(product)
        _take(browser, product, WAITING, folder)
        browser.close()


@contextmanager
def _product() -> Iterator[Product]:
    sandbox = Sandbox()
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "evosync.db", sandbox, Path(folder) / "product.log")
        try:
            product.flask("db", "upgrade")
            yield product
        finally:
            product.stop()
            sandbox.stop()


def _take(browser: Browser, product: Product, pictures: Pictures, folder: Path) -> None:
    for name, (path, look) in pictures.items():
        context = browser.new_context(base_url=product.url, locale="ru-RU", reduced_motion="reduce", **look)
        page = context.new_page()
        SignIn.open(page).enter("owner@example.ru", PASSWORD)
        page.goto(path, wait_until="networkidle")
        _save(page, folder / f"{name}.png")
        context.close()


def _save(page: Page, target: Path) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    sys.stdout.write(f"{target} {target.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
