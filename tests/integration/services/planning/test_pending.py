"""What waits for the next run, and when a long catalog's plan is made for it."""

from collections.abc import Callable

import pytest

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import Photo, User
from app.services.owner import orders, settings
from app.services.planning import pending as planning_pending
from app.services.planning.pending import PendingPlan, PendingSummary, pending_summary
from app.services.runs import records
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

LONG = planning_pending.SHORT_CATALOG + 1


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """Of whom a plan was made."""
    made: list[User] = []
    real = planning_pending.pending_plan

    def noted(user: User) -> PendingPlan:
        made.append(user)
        return real(user)

    monkeypatch.setattr(planning_pending, "pending_plan", noted)
    monkeypatch.setattr(planning_pending, "_summaries", {})
    return made


def look(shop: Shop, known: int = LONG) -> PendingSummary:
    db.session.commit()
    return pending_summary(shop.owner, known, records.latest(shop.owner_id))


def test_after_a_complete_run_a_long_catalog_is_not_planned(shop_everywhere: Shop, plans: list[User]) -> None:
    shop_everywhere.run()
    assert look(shop_everywhere) == PendingSummary() and not plans
    look(shop_everywhere, planning_pending.SHORT_CATALOG)
    assert len(plans) == 1, "a short one is looked at anyway"


def hide_all(shop: Shop) -> None:
    orders.hide_all(shop.owner)
    db.session.commit()
    shop.run()


def add_photo(shop: Shop) -> None:
    """Whose file is lost, so that it changes nothing; but that is for the plan to say."""
    size = {"width": 500, "height": 500}
    db.session.add(
        Photo(user_id=shop.owner_id, store_id=TINY, entity_type="product", entity_id="P1", digest="f" * 64, **size)
    )


CHANGES: dict[str, tuple[int, int, Callable[[Shop], object]]] = {
    "a setting": (3, 1, lambda shop: settings.change(shop.owner, price_percent=10)),
    "a rule": (1, 1, lambda shop: shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")),
    "a price that was not read yet": (0, 0, lambda shop: shop.patch("P1", price=120)),
    "hiding all": (3, 1, hide_all),
    "a photo": (0, 1, add_photo),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_is_counted_and_looked_at_once(shop: Shop, plans: list[User], what: str) -> None:
    shop.run()
    pending, planned, change = CHANGES[what]
    change(shop)

    assert [look(shop).product_count for _ in range(3)] == [pending] * 3
    assert len(plans) == planned

    shop.run()
    assert look(shop).product_count == 0 or what == "hiding all"


def test_what_a_full_shop_left_undone_is_counted_however_long_the_catalog(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:1405", "market.add")
    shop.run()
    short, long = (pending_summary(shop.owner, known, records.latest(shop.owner_id)) for known in (1, LONG))
    assert long.product_count == short.product_count == 3


def test_a_summary_survives_its_removal_by_another_thread(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowded(dict[object, PendingSummary]):
        """Others fill it at once with what they look at."""

        def __setitem__(self, key: object, value: PendingSummary) -> None: ...

    monkeypatch.setattr(planning_pending, "_summaries", Crowded())
    assert pending_summary(shop.owner, LONG, None).product_count == 3
