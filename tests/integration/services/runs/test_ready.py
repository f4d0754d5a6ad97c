"""Who cannot run costs no claim, and is due at once when they can."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import (
    CatalogStore,
    EvotorConnection,
    Lane,
    OwnerOrder,
    RunTrigger,
    StoreState,
    SyncConfig,
    SyncState,
    User,
    VkConnection,
)
from app.services.owner import orders, shop_window, switch
from app.services.runs import queue
from app.services.runs.lanes import due, tidying
from app.services.runs.lanes.ready import is_wanted
from app.tasks import sync
from app.tasks.sync import run_due
from tests.factories import add_store, set_rule
from tests.support.clock import TurnedClock
from tests.support.due import due_user_ids, make_wanted

Change = Callable[[User], object]


@pytest.fixture
def clock(app_on_each_database: Flask, clock: TurnedClock) -> TurnedClock:
    return clock


@pytest.fixture
def user_id(clock: TurnedClock) -> int:
    user_id = make_wanted().id
    tidying.put_in_order()
    return user_id


def put(
    model: type[VkConnection | EvotorConnection | CatalogStore | SyncConfig | SyncState], **values: object
) -> Change:
    return lambda user: db.session.execute(sa.update(model).where(model.user_id == user.id).values(values))


def rule(mode: FilterMode | None, store: str = "S1") -> Change:
    return lambda user: set_rule(user, EntityType.STORE, mode, store)


def with_another_store(user: User) -> None:
    add_store(user, "S2", "Ларёк")
    set_rule(user, EntityType.STORE, FilterMode.EXCLUDE, "S1")


def with_a_store_that_went(user: User) -> None:
    with_another_store(user)
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, "S2")
    db.session.execute(sa.delete(CatalogStore).where(CatalogStore.store_id == "S2"))


def with_order_but_no(model: type[VkConnection | EvotorConnection]) -> Change:
    def change(user: User) -> None:
        put(SyncState, owner_order=OwnerOrder.HIDE_ALL)(user)
        put(model, token=None)(user)

    return change


ENDS: dict[str, tuple[Change, Change]] = {
    "vk": (put(VkConnection, token=None, group_id=None), put(VkConnection, token="vk", group_id=1)),
    "community": (put(VkConnection, group_id=None), put(VkConnection, group_id=1)),
    "evotor": (put(EvotorConnection, token=None), put(EvotorConnection, token="another")),
    "no rule": (rule(None), rule(FilterMode.INCLUDE)),
    "excluded": (rule(FilterMode.EXCLUDE), rule(FilterMode.INCLUDE)),
    "unknown store": (put(CatalogStore, store_id="S0"), put(CatalogStore, store_id="S1")),
    "closed": (put(CatalogStore, state=StoreState.CLOSED), put(CatalogStore, state=StoreState.OK)),
    "off": (put(SyncConfig, is_enabled=False), put(SyncConfig, is_enabled=True)),
    "not confirmed": (put(SyncConfig, confirmed_at=None), put(SyncConfig, confirmed_at=sa.func.now())),
}


def change(user_id: int, deed: Change) -> None:
    deed(db.session.get_one(User, user_id))
    db.session.commit()
    db.session.remove()


def is_ready(user_id: int) -> bool:
    """As pages say it, and statements."""
    user = db.session.get_one(User, user_id)
    obstacle = orders.order_obstacle(user) if shop_window.order_of(user) else switch.run_obstacle(user)
    stated = bool(db.session.scalar(sa.select(is_wanted()).where(SyncState.user_id == user_id)))
    assert stated is (obstacle is None), obstacle
    return stated


@pytest.mark.parametrize(("ends", "begins"), ENDS.values(), ids=ENDS)
def test_who_cannot_run_is_claimed_by_nobody_and_due_at_once_when_they_can(
    user_id: int, clock: TurnedClock, ends: Change, begins: Change
) -> None:
    change(user_id, ends)
    assert not is_ready(user_id)
    clock.move(minutes=2)
    assert list(run_due()) == [] and due_user_ids() == []
    assert db.session.scalar(sa.select(SyncState.next_run_at)) is None, "no claim has to step over them"

    change(user_id, begins)
    assert is_ready(user_id)
    assert due_user_ids() == [user_id]


@pytest.mark.parametrize(
    ("deed", "is_so"),
    [
        (with_another_store, True),
        (with_a_store_that_went, False),
        (put(SyncState, owner_order=OwnerOrder.HIDE_ALL), True),
        (with_order_but_no(EvotorConnection), True),
        (with_order_but_no(VkConnection), False),
    ],
    ids=["all but one", "a store that went", "order", "order without Evotor", "order without VK"],
)
def test_statements_say_of_whoever_may_run_what_pages_say(user_id: int, deed: Change, is_so: bool) -> None:
    change(user_id, deed)
    assert is_ready(user_id) is is_so


def test_who_pressed_before_they_could_run_comes_first_when_they_can(user_id: int, clock: TurnedClock) -> None:
    change(user_id, ENDS["vk"][0])
    change(user_id, lambda user: queue.request(user.id, RunTrigger.CONFIRMED))
    assert not due.somebody_waits(), "nobody makes room for them"
    clock.move(minutes=2)
    tidying.put_in_order()

    change(user_id, ENDS["vk"][1])
    tidying.put_in_order()

    assert due.claim(Lane.INTERACTIVE) == [user_id]


def test_who_could_run_when_they_were_claimed_is_set_aside_and_comes_back_at_once(user_id: int) -> None:
    due.claim(Lane.ROUTINE)
    change(user_id, ENDS["excluded"][0])
    outcome = sync.serve(user_id, lambda: False)
    assert outcome is not None and outcome.status == "not_ready"

    change(user_id, ENDS["excluded"][1])
    assert due_user_ids() == [user_id]
