"""What is asked for: every page of a large shop, in the states of a shop's life."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from bench.speed.goods import NOWHERE, RARE
from bench.speed.shop import BIG, Shop
from bench.speed.visitors import Deed, Visitor

STORE = f"/catalog/stores/{BIG}"
PLAN_PAGE, STORE_PAGE = 50, 50
BULK, LARGEST_BULK = 50, 5_000
RULES = 1_000


@dataclass(frozen=True)
class Page:
    name: str
    deed: Deed
    path: str | None = None
    """Where it is no more than looking at a page."""
    visitors: int | None = None
    """Where fewer than everybody may ask for it at once."""
    once_a_turn: bool = False
    """It is given to nobody more often than so many times a minute."""


def look(name: str, path: str, visitors: int | None = None, *, once_a_turn: bool = False) -> Page:
    def deed(visitor: Visitor, _number: int) -> None:
        visitor.get(path)

    return Page(name, deed, path, visitors, once_a_turn)


def before_first_run(shop: Shop) -> list[Page]:
    goods = shop.goods
    middle = max(1, min(STORE_PAGE, len(goods.products) // 100))
    return [
        look("store", STORE),
        look("store-page-middle", f"{STORE}?page={middle}"),
        look("store-by-price", f"{STORE}?sort=-price"),
        look("search-frequent", f"{STORE}?q={goods.frequent_word}"),
        look("search-rare", f"{STORE}?q={RARE}"),
        look("search-nothing", f"{STORE}?q={NOWHERE}"),
        look("group", f"{STORE}?group={goods.leaf}"),
        look("group-page", f"{STORE}/groups/{goods.leaf}"),
        look("state-problem", f"{STORE}?state=problem"),
        look("problem-no-price", f"{STORE}?state=problem&problem=no_price"),
        look("state-in", f"{STORE}?state=in"),
        look("state-out", f"{STORE}?state=out"),
        look("catalog", "/catalog"),
        look("rules", "/catalog/rules"),
        look("product", f"{STORE}/products/{goods.some(2)[1]}"),
        look("why", f"{STORE}/products/{goods.some(2)[1]}/why"),
        look("sync-before-run", "/sync"),
        look("plan-before-run", "/sync/plan"),
        look("csv", "/catalog/export.csv", visitors=1, once_a_turn=True),
        *_presses(shop),
    ]


def after_first_run(shop: Shop) -> list[Page]:
    return [
        look("sync-after-run", "/sync"),
        look("plan", "/sync/plan"),
        look("plan-page-50", f"/sync/plan?page={PLAN_PAGE}"),
        look("plan-search", f"/sync/plan?q={shop.goods.frequent_word}"),
        look("problems", "/sync/problems"),
        look("store-after-run", STORE),
        look("catalog-after-run", "/catalog"),
        _press("press-product-after-run", "product", shop.goods.some(200), ("exclude", "none")),
        Page("sync-after-press", _sync_after_press(shop)),
    ]


def with_many_rules(shop: Shop) -> list[Page]:
    return [
        look("rules-1000", "/catalog/rules"),
        look("store-1000-rules", STORE),
        look("sync-1000-rules", "/sync"),
        _press("press-1000-rules", "product", shop.goods.some(200), ("exclude", "none")),
    ]


def _presses(shop: Shop) -> list[Page]:
    groups = [one["id"] for one in shop.goods.groups if one["id"] != shop.goods.left_out]
    return [
        _press("press-product", "product", shop.goods.some(200), ("exclude", "none")),
        _press("press-product-include", "product", shop.goods.some(200), ("include", "none")),
        _press("press-group", "group", groups, ("exclude", "none")),
        _press("press-group-include", "group", groups, ("include", "none")),
        Page("press-bulk-50", _bulk(shop, BULK)),
        Page("press-bulk-5000", _bulk(shop, LARGEST_BULK), visitors=1),
    ]


def _press(name: str, level: str, ids: list[str], modes: tuple[str, str]) -> Page:
    """Each visitor goes through entities of their own, and takes back on the second press what the first one did."""

    def deed(visitor: Visitor, number: int) -> None:
        turn, is_back = divmod(number, 2)
        entity = ids[(turn * 8 + visitor.number) % len(ids)]
        visitor.press("/catalog/filters", _fields(level, modes[is_back], entity_id=entity), STORE)

    return Page(name, deed)


def _fields(level: str, mode: str, **more: Any) -> dict[str, Any]:
    return {"entity_type": level, "filter_mode": mode, **more}


def _bulk(shop: Shop, size: int) -> Deed:
    ids = [one["id"] for one in shop.goods.products]

    def deed(visitor: Visitor, number: int) -> None:
        turn, is_back = divmod(number, 2)
        begin = (turn * 8 + visitor.number) * size % len(ids)
        marked = list(islice(cycle(ids), begin, begin + size))
        visitor.press(
            "/catalog/filters/bulk", _fields("product", ("exclude", "none")[is_back], entity_ids=marked), STORE
        )

    return deed


def _sync_after_press(shop: Shop) -> Deed:
    """The first look at /sync after the rules have changed; only the look counts."""
    press = _press("", "product", shop.goods.some(200), ("exclude", "none")).deed

    def deed(visitor: Visitor, number: int) -> float:
        press(visitor, number)
        return visitor.seconds(lambda: visitor.get("/sync"))

    return deed


PageList = Callable[[Shop], list[Page]]
