"""What Evotor tells of its own accord: the application installed and removed, subscriptions, hints of changed goods."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import AccountEvent, CatalogProduct, CatalogStore, EvotorConnection, SyncState, User
from app.services.catalog import refresh
from app.services.connections import evotor as connections_evotor
from app.services.connections import vk
from app.services.runs import schedule
from app.tasks.sync import run_due, run_one
from tests.factories import connect_both, make_active, make_user
from tests.support.clock import NOON, stop_at
from tests.support.sandbox import ACCOUNT, CLUB, EVOTOR_TOKEN, SECOND_STORE, STORE, VK_TOKEN, Sandbox
from tests.support.webhooks import EMAIL, GOODS, Webhooks, bearer

SOON = timedelta(minutes=1)
WITHOUT_STOCK = "0b9d8c1e-0000-4000-8000-00000000d3a1"


@pytest.fixture
def evotor(app_on_each_database: Flask) -> Webhooks:
    return Webhooks(app_on_each_database.test_client())


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    return make_active(connect_both(make_user(EMAIL)))


@pytest.fixture
def linked(owner: User, evotor: Webhooks) -> User:
    evotor.verify()
    return owner


def connection() -> EvotorConnection:
    return db.session.scalars(sa.select(EvotorConnection)).one()


def next_run_at() -> object:
    return db.session.scalar(sa.select(SyncState.next_run_at))


# The application


def test_an_uninstallation_marks_the_connection_and_removes_nothing(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)

    row = connection()
    assert (row.error_code, row.token) == ("evotor_uninstalled", EVOTOR_TOKEN)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CatalogStore)) == 2
    assert "evotor_disconnected" in db.session.scalars(sa.select(AccountEvent.kind)).all()


def test_whoever_pasted_a_key_hears_of_it_too(evotor: Webhooks, owner: User) -> None:
    evotor.uninstalled(1_000)

    assert connection().withdrawn == "evotor_uninstalled"


def test_after_it_a_run_says_why_evotor_refuses(evotor: Webhooks, linked: User, sandbox: Sandbox) -> None:
    sandbox.control("evotor/settings", tokens={EVOTOR_TOKEN: None})
    evotor.uninstalled(1_000)
    outcome = run_one(linked)

    assert (outcome.status, outcome.error) == ("stopped", "evotor_uninstalled")
    assert connection().error_code == "evotor_uninstalled"


def test_a_run_goes_on_while_the_key_works_and_proves_no_installation(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    outcome = run_one(linked)

    row = connection()
    assert outcome.succeeded and (row.state, row.error_code) == ("ok", None)
    assert (row.withdrawn, row.told) == ("evotor_uninstalled", "evotor_uninstalled_told")


def test_a_check_takes_the_mark_no_more_away_than_a_run(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    connections_evotor.check_evotor(linked)

    assert connection().told == "evotor_uninstalled_told"


def test_a_key_that_works_is_told_to_end_also_where_evotor_answers_something_else(
    evotor: Webhooks, linked: User, sandbox: Sandbox
) -> None:
    evotor.uninstalled(1_000)
    sandbox.fault("evotor", "402", target="stores")
    connections_evotor.check_evotor(linked)

    assert (connection().state, connection().told) == ("unavailable", "evotor_uninstalled_told")


def test_the_same_key_pasted_anew_heals(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    connections_evotor.connect_evotor(linked, EVOTOR_TOKEN)

    assert (connection().withdrawn, connection().state) == (None, "ok")
    evotor.uninstalled(1_000)
    assert connection().withdrawn is None


def test_the_same_key_delivered_again_may_be_late_and_heals_nothing(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    evotor.token(EVOTOR_TOKEN)

    assert connection().withdrawn == "evotor_uninstalled"


def test_of_a_working_key_one_reason_may_go_and_the_other_stays(evotor: Webhooks, linked: User) -> None:
    evotor.subscription("SubscriptionTerminated", 5, 900)
    evotor.uninstalled(1_000)
    run_one(linked)
    evotor.installed(2_000)

    assert (connection().state, connection().told) == ("ok", "evotor_terminated_told")


def test_an_installation_after_it_heals(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    evotor.installed(2_000)

    assert (connection().withdrawn, connection().is_unchecked) == (None, True)
    (outcome,) = run_due()
    assert outcome.succeeded


def test_another_token_after_it_heals(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    evotor.token("another-token")

    assert (connection().withdrawn, connection().is_unchecked) == (None, True)


def test_an_older_event_changes_nothing(evotor: Webhooks, linked: User) -> None:
    evotor.installed(2_000)
    evotor.uninstalled(1_000)

    assert connection().withdrawn is None


def test_an_event_that_comes_again_later_changes_nothing(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    run_one(linked)
    evotor.uninstalled(1_000)

    assert (connection().state, connection().error_code) == ("ok", None)


def test_an_ended_subscription_is_a_reason_until_it_is_paid_again(evotor: Webhooks, linked: User) -> None:
    evotor.subscription("SubscriptionTerminated", 5, "2026-01-05T00:00:00.000Z")
    assert connection().error_code == "evotor_terminated"

    evotor.subscription("SubscriptionRenewed", 4, "2026-01-06T00:00:00.000Z")
    assert connection().error_code == "evotor_terminated"

    evotor.subscription("SubscriptionActivated", 6, "2026-01-06T00:00:00.000+0000")
    assert connection().withdrawn is None


def test_a_payment_does_not_undo_an_uninstallation(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000)
    evotor.subscription("SubscriptionActivated", 1, "2026-01-05T00:00:00.000Z")

    assert connection().withdrawn == "evotor_uninstalled"


def test_a_user_and_a_type_that_nobody_knows_are_heard_in_silence(evotor: Webhooks, linked: User) -> None:
    evotor.uninstalled(1_000, "01-000000000099999")
    evotor.subscription("SomethingNew", 9, "2026-01-05T00:00:00.000Z")

    assert (connection().installation_order, connection().subscriptions) == (None, {})


# Hints


def hint(evotor: Webhooks, **options: Any) -> None:
    evotor.send(GOODS, [{"uuid": "P1", "name": "Не товар", "price": 1}], **options)


def rest(owner: User) -> None:
    """The first run is over; the next one is a quarter of an hour away."""
    run_one(owner)
    db.session.commit()


def test_a_hint_brings_the_next_run_near_and_the_store_whole(
    evotor: Webhooks, app_on_each_database: Flask, sandbox: Sandbox
) -> None:
    """Where nobody told of a change, what changed is enough: of a store without stock."""
    owner = make_user(EMAIL)
    connections_evotor.connect_evotor(owner, WITHOUT_STOCK)
    vk.connect_vk(owner, VK_TOKEN, CLUB)
    rest(make_active(owner))
    hint(evotor)
    sandbox.control("calls/reset")
    (outcome,) = run_due()

    assert outcome.succeeded
    asked = [call for call in sandbox.log("evotor")["entries"] if call["target"] == "products"]
    assert {call["store"]: "since" in call["query"] for call in asked} == {STORE: False, SECOND_STORE: True}
    assert db.session.scalars(sa.select(CatalogStore.hinted_at)).all() == [None, None]


def test_a_hint_is_no_data(evotor: Webhooks, linked: User) -> None:
    hint(evotor)

    names = db.session.scalars(sa.select(CatalogProduct.name)).all()
    assert names and "Не товар" not in names


def test_many_hints_make_one_run_and_the_next_comes_a_minute_later(
    evotor: Webhooks, linked: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, NOON)
    rest(linked)
    for _ in range(5):
        hint(evotor)
    assert next_run_at() == NOON
    assert len(list(run_due())) == 1
    for _ in range(5):
        hint(evotor)

    assert next_run_at() == NOON + SOON
    assert list(run_due()) == []


def test_a_hint_puts_no_run_off_and_ends_no_pause(
    evotor: Webhooks, linked: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, NOON)
    rest(linked)
    hint(evotor)
    list(run_due())
    sooner = NOON + timedelta(seconds=20)
    schedule.set_next_run(connection().user_id, sooner)
    hint(evotor)
    assert next_run_at() == sooner

    later = NOON + timedelta(hours=1)
    db.session.execute(sa.update(SyncState).values(next_run_at=later, strike_code="vk_9", hinted_run_at=None))
    hint(evotor)
    assert next_run_at() == later


def test_a_hint_while_the_store_is_read_is_not_forgotten(evotor: Webhooks, linked: User) -> None:
    told = iter([True])

    def tell() -> None:
        if next(told, False):
            hint(evotor)

    refresh.refresh(linked, on_page=tell)

    hinted = sa.select(CatalogStore.hinted_at).where(CatalogStore.store_id == STORE)
    assert db.session.scalar(hinted) is not None


def test_hints_mean_whoever_has_the_store_or_is_named(evotor: Webhooks, linked: User) -> None:
    other = connect_both(make_user("other@example.ru"), 777000222)
    hint(evotor)
    assert hinted_users() == {linked.id, other.id}

    db.session.execute(sa.update(CatalogStore).values(hinted_at=None))
    db.session.execute(sa.update(EvotorConnection).where(EvotorConnection.user_id == other.id).values(token=None))
    hint(evotor, headers={"X-Evotor-User-Id": ACCOUNT})
    assert hinted_users() == {linked.id}


def test_a_token_of_a_user_opens_their_own_data_alone(evotor: Webhooks, linked: User) -> None:
    connect_both(make_user("other@example.ru"), 777000222)
    token = evotor.verify()["token"]
    hint(evotor, headers=bearer(token))

    assert hinted_users() == {linked.id}
    assert evotor.code("user/token", {"userId": ACCOUNT, "token": "x"}, 401, headers=bearer(token)) == 1001


def hinted_users() -> set[int]:
    return set(db.session.scalars(sa.select(CatalogStore.user_id).where(CatalogStore.hinted_at.is_not(None))))


def test_hints_are_heard_while_a_key_works_that_was_told_to_end(evotor: Webhooks, app_on_each_database: Flask) -> None:
    owner = connect_both(make_user(EMAIL))
    evotor.uninstalled(1_000)
    connections_evotor.check_evotor(owner)
    hint(evotor)

    assert connection().refresh_due_at is not None


def test_where_no_run_may_the_catalog_is_read_no_more_often_than_by_runs(
    evotor: Webhooks, app_on_each_database: Flask, sandbox: Sandbox
) -> None:
    connect_both(make_user(EMAIL))
    evotor.verify()
    hint(evotor)
    asked = sandbox.calls()
    list(run_due())
    assert sandbox.calls() == asked

    db.session.execute(sa.update(EvotorConnection).values(refresh_due_at=utcnow()))
    list(run_due())
    assert sandbox.calls() > asked
