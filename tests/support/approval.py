"""A shop whose plan waits, and its approval."""

from app.db import db
from app.models import RunStatus
from app.services.planning import approvals, plans
from tests.support.shop import Shop


def filled(shop: Shop, count: int = 27) -> Shop:
    """The shop with `count` + 3 live items."""
    shop.fill(count)
    assert shop.run().status == RunStatus.SUCCEEDED
    shop.forget_calls()
    return shop


def approve(shop: Shop) -> None:
    owner = shop.owner
    plan = plans.plan_for(owner)
    approvals.approve(owner, plan, approvals.check_brakes(owner, plan).fingerprint)
    db.session.commit()
