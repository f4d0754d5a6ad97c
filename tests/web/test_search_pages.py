"""Every page with a search finds «ёлка» by «елка» and «елка» by «ёлка»: all look words up in one way."""

import pytest

from app.db import db
from app.domain.market.categories import Category
from app.domain.rules import EntityType, FilterMode
from app.models import EntryOutcome, RunStatus, RunTrigger, SyncRun, SyncRunEntry, User
from app.services.market import categories
from tests.factories import add_group, add_product, add_store, connect_both, set_rule
from tests.support.page import Browser
from tests.support.sandbox import CLUB

SPELLINGS = [("ёлка", "Елка зелёная"), ("елка", "Ёлка зеленая")]


def shop_with(owner: User, name: str) -> None:
    """A product, a group, a category of VK and a change of a run, all of that name."""
    connect_both(owner)
    add_store(owner)
    add_group(owner, "G1", name)
    add_product(owner, "P1", name=name, group_id="G1")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    categories.store_categories(owner, CLUB, [Category(7, ("Праздники", name))])
    run = SyncRun(id=1, user_id=owner.id, trigger=RunTrigger.SCHEDULE, status=RunStatus.SUCCEEDED, total=1, done=1)
    db.session.add(run)
    db.session.flush()
    db.session.add(SyncRunEntry(run_id=run.id, action="add", outcome=EntryOutcome.DONE, name=name))
    db.session.commit()


PAGES = {
    "the goods of a store": "/catalog/stores/S1",
    "the plan": "/sync/plan?show=add",
    "the changes of a run": "/sync/runs/1",
    "the groups that get a category": "/sync/settings/categories",
    "the categories to choose from": "/sync/settings/category",
}


@pytest.mark.parametrize(("q", "name"), SPELLINGS)
@pytest.mark.parametrize("page", PAGES)
def test_the_letter_yo_is_found_by_ye_and_the_other_way_round(
    browser: Browser, owner: User, page: str, q: str, name: str
) -> None:
    shop_with(owner, name)
    path = PAGES[page]
    searched = f"{path}{'&' if '?' in path else '?'}q="
    found, others = (browser.get(searched + words).text.count(name) for words in (q, "сосна"))
    assert found > others, "beside the groups, which always stand there"
