"""Evotor's events twice, late, at the same moment and of two kinds: each kind has its own order and its own reason."""

from datetime import UTC
from itertools import permutations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import EvotorConnection
from app.services.connections.evotor_webhooks import cabinet_events
from tests.factories import connect_both, make_user
from tests.support.clock import NOON, stop_at
from tests.support.sandbox import ACCOUNT
from tests.support.webhooks import EMAIL, INSTALLATION, Webhooks

UNINSTALLED, TERMINATED = "evotor_uninstalled", "evotor_terminated"
AHEAD = round(cabinet_events.AHEAD.total_seconds() * 1000)
FAR = 253_402_300_799_000
NOW = round(NOON.replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def evotor(app_on_each_database: Flask) -> Webhooks:
    connect_both(make_user(EMAIL))
    return Webhooks(app_on_each_database.test_client())


def forget() -> None:
    db.session.scalars(sa.select(EvotorConnection)).one().forget_events()
    db.session.scalars(sa.select(EvotorConnection)).one().error_code = None


def why() -> str | None:
    """The token ends, as far as Evotor said so, and what the owner hears of it."""
    row = db.session.scalars(sa.select(EvotorConnection)).one()
    assert row.error_code == row.withdrawn
    return row.withdrawn


def test_names_of_events_and_of_subscriptions_are_never_mixed_up(evotor: Webhooks) -> None:
    body = {"id": "s1 x", "timestamp": 1_000, "type": "ApplicationInstalled", "data": {"userId": ACCOUNT}}
    evotor.send(INSTALLATION, body)
    evotor.subscription("SubscriptionTerminated", 1, 2_000)
    evotor.subscription("SubscriptionTerminated", 1, 3_000, of="s1 1")

    assert why() == TERMINATED


def test_a_payment_makes_no_late_removal_older(evotor: Webhooks) -> None:
    evotor.subscription("SubscriptionRenewed", 1, 101)
    evotor.uninstalled(100)

    assert why() == UNINSTALLED


def test_a_payment_undoes_the_end_of_the_subscription_alone(evotor: Webhooks) -> None:
    evotor.uninstalled(200)
    evotor.subscription("SubscriptionTerminated", 1, 201)
    evotor.subscription("SubscriptionActivated", 2, 202)
    assert why() == UNINSTALLED

    evotor.installed(203)
    assert why() is None


def test_an_installation_undoes_the_removal_alone(evotor: Webhooks) -> None:
    evotor.subscription("SubscriptionTerminated", 1, 200)
    evotor.uninstalled(201)
    evotor.installed(202)
    assert why() == TERMINATED

    evotor.subscription("SubscriptionActivated", 2, 203)
    assert why() is None


def test_a_payment_told_as_an_installation_undoes_nothing(evotor: Webhooks) -> None:
    evotor.uninstalled(200)
    body = {"timestamp": 300, "type": "SubscriptionActivated", "data": {"userId": ACCOUNT}}
    evotor.send(INSTALLATION, body)
    evotor.subscription("ApplicationInstalled", 1, 300)

    assert why() == UNINSTALLED


def test_of_one_moment_the_removal_counts_however_often_and_in_what_order_they_come(evotor: Webhooks) -> None:
    for tell in (evotor.installed, evotor.uninstalled, evotor.installed):
        tell(1_000)
    assert why() == UNINSTALLED

    for tell in (evotor.uninstalled, evotor.installed, evotor.uninstalled):
        tell(2_000)
    assert why() == UNINSTALLED


def test_of_two_subscriptions_of_one_moment_the_paid_one_counts(evotor: Webhooks) -> None:
    ended, paid = ("SubscriptionTerminated", 1, 1_000, "s1"), ("SubscriptionActivated", 1, 1_000, "s2")
    for event in (ended, paid, ended, paid, ended):
        evotor.subscription(*event)

    assert why() is None


def test_a_subscription_s_numbers_order_it_whatever_its_moments_say(evotor: Webhooks) -> None:
    evotor.subscription("SubscriptionActivated", 2, 1_000)
    evotor.subscription("SubscriptionTerminated", 3, 900)
    evotor.subscription("SubscriptionActivated", 2, 1_100)
    assert why() == TERMINATED


def test_an_end_counts_once_no_subscription_pays_any_more(evotor: Webhooks) -> None:
    """Another plan was bought, and the former one ends later."""
    evotor.subscription("SubscriptionActivated", 3, 1_000, of="s1")
    evotor.subscription("SubscriptionActivated", 1, 2_000, of="s2")
    evotor.subscription("SubscriptionTerminated", 4, 3_000, of="s1")
    assert why() is None

    evotor.subscription("SubscriptionTerminated", 2, 4_000, of="s2")
    assert why() == TERMINATED


def test_of_several_subscriptions_the_order_of_arrival_changes_nothing(evotor: Webhooks) -> None:
    events = (
        ("SubscriptionActivated", 1, 1_000, "s1"),
        ("SubscriptionTerminated", 2, 2_000, "s1"),
        ("SubscriptionActivated", 1, 1_500, "s2"),
    )
    for told in permutations(events):
        forget()
        for event in told:
            evotor.subscription(*event)
        assert why() is None, told


def test_an_older_event_of_an_earlier_subscription_is_known_as_older(evotor: Webhooks) -> None:
    evotor.subscription("SubscriptionTerminated", 6, 1_000, of="s1")
    evotor.subscription("SubscriptionActivated", 1, 2_000, of="s2")
    evotor.subscription("SubscriptionTerminated", 2, 3_000, of="s2")
    evotor.subscription("SubscriptionRenewed", 5, 4_000, of="s1")

    assert why() == TERMINATED


def test_an_event_from_far_ahead_counts_as_of_now(evotor: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, NOON)
    evotor.uninstalled(FAR)
    evotor.subscription("SubscriptionTerminated", 1, FAR)
    assert why() == UNINSTALLED

    evotor.installed(NOW + 1)
    evotor.subscription("SubscriptionActivated", 1, NOW + 1, of="s2")
    assert why() is None


def test_a_clock_a_little_ahead_is_believed(evotor: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, NOON)
    evotor.installed(NOW + AHEAD + 1)
    evotor.uninstalled(NOW)
    assert why() == UNINSTALLED

    evotor.installed(NOW + AHEAD)
    evotor.uninstalled(NOW + AHEAD - 1)
    assert why() is None
