"""A plan that several want at once is made by one of them, and by another where that one fails or is lost."""

import threading
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from app.db import db, reading
from app.domain.planning.plan import Plan
from app.models import KeptPlan, User
from app.services.owner import settings
from app.services.planning import kept, plans
from app.services.planning.pending import PendingPlan, pending_plan
from tests.factories import make_user
from tests.support.pending import look, pending_afresh
from tests.support.shop import Shop


def afresh(shop: Shop) -> PendingPlan:
    return pending_afresh(shop.owner)


def test_nobody_makes_it_while_somebody_else_does(
    app_on_each_database: Flask, made: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes while it is being made waits, and gets the same."""
    owner_id = make_user().id
    comes, waits = threading.Event(), threading.Event()
    noted = plans.plan_for

    def slow(user: User, *more: object) -> Plan:
        comes.set()
        assert waits.wait(20)
        return noted(user, *more)  # type: ignore[arg-type]  # as it was asked for

    monkeypatch.setattr(plans, "plan_for", slow)
    monkeypatch.setattr(kept, "clock", SimpleNamespace(sleep=lambda _seconds: waits.set()))
    found: list[PendingPlan] = []

    def come() -> None:
        with app_on_each_database.app_context(), reading():
            found.append(pending_plan(db.session.get_one(User, owner_id)))

    first, second = (threading.Thread(target=come) for _ in range(2))
    first.start()
    assert comes.wait(20)
    second.start()
    first.join()
    second.join()

    assert len(found) == 2 and found[0] == found[1] and len(made) == 1


def test_a_plan_made_while_something_changes_is_made_again_for_the_next(
    shop_everywhere: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real = shop_everywhere, plans.plan_for

    def disturbed(user: User, *more: object) -> Plan:
        plan = real(user, *more)  # type: ignore[arg-type]  # as it was asked for
        monkeypatch.setattr(plans, "plan_for", real)
        apart(lambda: settings.change(db.session.get_one(User, shop.owner_id), price_percent=10))
        return plan

    shop.run()
    monkeypatch.setattr(plans, "plan_for", disturbed)
    assert look(shop).product_count == 0
    assert look(shop).product_count == 3


def apart(change: Callable[[], object]) -> None:
    """In a transaction of another process."""

    def work() -> None:
        with app.app_context():
            change()
            db.session.commit()

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the application itself, for another thread
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def claimed(shop: Shop, seconds: float) -> None:
    """By somebody who does not come back."""
    until = shop.clock.utcnow() + timedelta(seconds=seconds)
    db.session.execute(sa.update(KeptPlan).values(making_until=until, made_of=None))
    db.session.commit()


def test_the_claim_of_a_dead_maker_ends(shop: Shop, made: list[User]) -> None:
    look(shop)
    made.clear()
    claimed(shop, 1)
    assert look(shop) == afresh(shop)
    assert len(made) == 2 and sum(shop.clock.slept) >= 1


def test_a_claim_by_a_clock_that_went_wrong_counts_for_nothing(shop: Shop, made: list[User]) -> None:
    look(shop)
    claimed(shop, 3600)
    shop.clock.slept.clear()
    look(shop)
    assert len(made) == 2 and not shop.clock.slept


def test_a_maker_who_fails_holds_up_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_asked: object) -> Plan:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(plans, "plan_for", fails)
        with pytest.raises(ZeroDivisionError):
            look(shop)
    shop.clock.slept.clear()
    assert look(shop) == afresh(shop) and not shop.clock.slept


def test_a_maker_who_took_too_long_keeps_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = plans.plan_for

    def slow(user: User, *more: object) -> Plan:
        monkeypatch.setattr(plans, "plan_for", real)
        apart(lambda: db.session.execute(sa.update(KeptPlan).values(making_until=None)))
        return real(user, *more)  # type: ignore[arg-type]  # as it was asked for

    monkeypatch.setattr(plans, "plan_for", slow)
    assert look(shop) == afresh(shop)
