"""Several owners, and a vendor that stops answering."""

from collections.abc import Sequence

from app.db import db
from app.models import Vendor
from app.services.vendors import circuits
from app.tasks.sync import run_due
from tests.factories import make_user
from tests.support.due import due_user_ids
from tests.support.sandbox import CLUB
from tests.support.shop import Shop

USER_ID = 50001234
OWNERS = 4


def several(shop: Shop) -> Shop:
    """Owners, each with a community."""
    for number in range(1, OWNERS):
        shop.club = CLUB + 1000 + number
        shop.sandbox.control("vk/clubs", id=shop.club, levels={str(USER_ID): 3})
        shop.connect(make_user(f"owner{number}@example.ru"))
    shop.club = CLUB
    list(run_due())
    return shop


def falls_silent(shop: Shop, vendor: str, kind: str = "") -> None:
    """And all runs are due."""
    shop.sandbox.fault(vendor, kind or {"evotor": "drop", "vk": "drop_before"}[vendor])
    all_are_due(shop)


def all_are_due(shop: Shop) -> None:
    shop.clock.move(minutes=16)
    db.session.remove()
    assert len(due_user_ids()) == OWNERS
    shop.forget_calls()


def a_pass() -> list[str]:
    return [outcome.status for outcome in run_due()]


def away() -> Sequence[Vendor]:
    db.session.remove()
    return [*circuits.silent_since()]
