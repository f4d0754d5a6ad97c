"""The rows of a kept plan, read a page at a time and searched: the same as of the plan itself."""

from collections import Counter

import pytest

from app.domain.listing.fitness import SkipReason
from app.domain.planning.changes import Change
from app.domain.rules import EntityType, FilterMode
from app.domain.texts import search
from app.services.catalog import refresh
from app.services.catalog.load import load_names
from app.services.pages.sync.plan import PlanQuery, Skipped, plan_overview
from app.services.planning import kept_parts, plans
from app.services.planning.kept_parts import SECTION_OF, SECTIONS, SKIPPED, UNCHANGED
from tests.support.shop import Shop

SIZE = 5


@pytest.fixture
def long_shop(shop_everywhere: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """With something in most sections, in parts that end within a page."""
    monkeypatch.setattr(kept_parts, "ROWS", 7)
    shop = shop_everywhere
    shop.fill(12)
    shop.run()
    shop.fill(40)
    shop.patch_all(["N000", "N001", "N002"], name="Мёд «Липовый»", price=120)
    shop.patch_all(["N020", "N021"], price=None)
    shop.patch_all(["N022", "N023", "N024"], type="ALCOHOL_MARKED")
    shop.patch("N030", name="Чай 🍵 зелёный")
    refresh.refresh(shop.owner)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "N003", "N004")
    return shop


def shown(row: Change | Skipped) -> tuple[object, ...]:
    if isinstance(row, Skipped):
        return (row.key, row.reason)
    return (row.key, row.action, row.name, row.reason, row.album, row.photo)


def read(shop: Shop, query: PlanQuery) -> dict[str, list[tuple[object, ...]]]:
    """All pages of all sections."""
    found = plan_overview(shop.owner, query)
    rows: dict[str, list[tuple[object, ...]]] = {}
    for section, count in found.counts.items():
        pages = [found.page(section, number, SIZE) for number in range(1, max(1, -(-count // SIZE)) + 1)]
        assert {page.total for page in pages} == {count}
        rows[section] = [shown(row) for page in pages for row in page.items]
    return rows


def read_afresh(shop: Shop, query: PlanQuery) -> dict[str, list[tuple[object, ...]]]:
    """By going through the plan."""
    plan, names, reads = plans.plan_for(shop.owner), load_names(shop.owner_id), search.matcher(query.q)
    rows: dict[str, list[tuple[object, ...]]] = {section: [] for section in (*SECTIONS, *UNCHANGED)}
    for change in plan.changes:
        if reads(change.name):
            rows[SECTION_OF[change.action]].append(shown(change))
    for key, reason in sorted(plan.skipped.items(), key=lambda entry: entry[1]):
        if reads(names.get(key, "")) and query.reason in (None, reason):
            rows[SKIPPED].append(shown(Skipped(key, reason)))
    return rows


QUERIES = (
    PlanQuery(),
    PlanQuery("мед липовый"),
    PlanQuery("«Товар» n02"),
    PlanQuery("🍵"),
    PlanQuery("нет такого"),
    PlanQuery("", SkipReason.NO_PRICE),
    PlanQuery("n02", SkipReason.RESTRICTED),
    PlanQuery("", SkipReason.NO_PHOTO),
)


def test_every_page_and_every_search_are_of_the_plan_itself(long_shop: Shop) -> None:
    for query in QUERIES:
        assert read(long_shop, query) == read_afresh(long_shop, query), query
    assert len([rows for rows in read(long_shop, PlanQuery()).values() if rows]) >= 4


def test_the_reasons_are_counted_among_what_reads_so(long_shop: Shop) -> None:
    plan = plans.plan_for(long_shop.owner)
    assert dict(plan_overview(long_shop.owner).reasons) == Counter(plan.skipped.values())
    found = plan_overview(long_shop.owner, PlanQuery("n022"))
    assert sum(found.reasons.values()) == 1
