"""The plan made once for each state of what it is made of: when it is made anew, by whom, and that it is the same."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, reading
from app.domain.planning.plan import Plan
from app.domain.planning.summary import PlanSummary
from app.domain.rules import EntityType, FilterMode
from app.models import KeptPart, KeptPlan, Listing, Photo, User
from app.services.catalog import stores
from app.services.owner import orders, settings
from app.services.planning import kept, plans
from app.services.planning.pending import PendingPlan, pending_plan
from tests.support.pending import pending_afresh
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """Of whom a plan was made."""
    users: list[User] = []
    real = plans.plan_for

    def noted(user: User, *more: object) -> Plan:
        users.append(user)
        return real(user, *more)  # type: ignore[arg-type]  # as it was asked for

    monkeypatch.setattr(plans, "plan_for", noted)
    return users


def look(shop: Shop) -> PendingPlan:
    """As a page does."""
    db.session.commit()
    with reading():
        found = pending_plan(shop.owner)
        db.session.rollback()
    return found
