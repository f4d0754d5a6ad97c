"""What is counted over all users, on both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import MailKind, RunStatus, User
from app.services.connections import evotor, vk
from app.services.mail import outbox
from app.services.ops import accounts, figures, operators
from app.services.owner import switch
from tests.factories import make_user, set_rule
from tests.support import story
from tests.support.sandbox import EVOTOR_TOKEN, SECOND_STORE, STORE
from tests.support.webhooks import Webhooks

LATER = timedelta(hours=1)


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    """Whose shop is kept up to date."""
    owner = make_user()
    story.ran(owner)
    db.session.refresh(owner.sync_state)
    return owner


def test_whoever_may_run_and_does_not_is_late(owner: User) -> None:
    assert owner.sync_state is not None
    planned = owner.sync_state.next_run_at
    assert planned is not None
    assert figures.due(planned - timedelta(minutes=1)) == (0, None)
    assert figures.due(planned + LATER) == (1, planned)


def test_whoever_pressed_waits_since_then(owner: User) -> None:
    run = story.queued(owner)
    assert figures.due(utcnow()) == (1, run.created_at)
    assert figures.at_work(utcnow()) == (1, 0, 0)


def test_whoever_is_served_does_not_wait(owner: User) -> None:
    run = story.at_work(owner)
    assert run.lease_until is not None
    assert figures.due(utcnow() + LATER) == (0, None)
    assert figures.at_work(utcnow()) == (0, 1, 0)
    assert figures.at_work(run.lease_until + timedelta(seconds=1)) == (0, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda owner: switch.toggle(owner, False),
        lambda owner: operators.halt(owner, "Проверяем", owner.id),
        vk.disconnect_vk,
        lambda owner: set_rule(owner, EntityType.STORE, None, SECOND_STORE),
        lambda owner: set_rule(owner, EntityType.STORE, FilterMode.EXCLUDE, SECOND_STORE, STORE),
    ],
    ids=["off", "halted", "disconnected", "no store chosen", "all stores excluded"],
)
def test_whoever_cannot_run_is_not_late(owner: User, change: Callable[[User], object]) -> None:
    change(owner)
    db.session.flush()
    assert switch.run_obstacle(owner) is not None
    assert figures.due(utcnow() + LATER) == (0, None)


def test_a_store_that_is_not_excluded_is_enough(owner: User) -> None:
    set_rule(owner, EntityType.STORE, FilterMode.EXCLUDE, SECOND_STORE)
    assert switch.run_obstacle(owner) is None
    assert figures.due(utcnow() + LATER).users == 1


def test_users_are_counted_by_what_they_have_done(owner: User) -> None:
    make_user("visitor@example.ru")
    waiting = make_user("waiting@example.ru")
    evotor.connect_evotor(waiting, EVOTOR_TOKEN)
    set_rule(waiting, EntityType.STORE, FilterMode.INCLUDE, STORE)
    assert figures.users() == (3, 1, 0, 1, 0)

    switch.toggle(owner, False)
    operators.halt(waiting, "Проверяем", owner.id)
    assert figures.users() == (3, 0, 1, 0, 1), "who is held up is nothing else"


def test_runs_are_counted_by_their_ends(owner: User) -> None:
    story.stopped(owner)
    found = figures.ended(utcnow() - LATER)
    assert (found[RunStatus.SUCCEEDED], found[RunStatus.STOPPED], found[RunStatus.FAILED]) == (1, 1, 0)
    assert figures.failures(utcnow() - LATER) == [("switched_off", 1, 1)]
    assert not any(figures.ended(utcnow() + LATER).values())


def test_whose_run_left_no_row_is_counted_and_their_newest_run_is_that_one(owner: User) -> None:
    assert figures.quiet_users(utcnow() - LATER) == 0
    quiet = story.run_again(owner)

    assert figures.ended(utcnow() - LATER)[RunStatus.SUCCEEDED] == 1, "the one that did something"
    assert figures.quiet_users(utcnow() - LATER) == 1 and figures.quiet_users(utcnow() + LATER) == 0
    assert [run.id for run in accounts.latest_runs(owner.id)] == [quiet.id, quiet.id - 1]
    newer = story.queued(owner)
    assert accounts.latest_runs(owner.id)[0].id == newer.id


def test_a_removed_application_is_no_refused_key(app_on_each_database: Flask, owner: User) -> None:
    server = Webhooks(app_on_each_database.test_client())
    server.uninstalled(1_000)
    found = figures.connections()["evotor"]
    assert (found["uninstalled"], found["token_rejected"], sum(found.values())) == (1, 0, 1)
    (account,) = accounts.accounts("", 1).items
    assert (account.evotor, account.vk) == ("uninstalled", "ok")

    server.installed(2_000)
    server.subscription("SubscriptionTerminated", 1, 3_000)
    found = figures.connections()["evotor"]
    assert (found["terminated"], found["uninstalled"]) == (1, 0)


def test_mails_to_nobody_are_no_failures(owner: User) -> None:
    outbox.queue_asked(None, MailKind.RESET_PASSWORD, "nobody@example.ru")
    assert figures.mails(utcnow() - LATER) == (0, None, 0)
