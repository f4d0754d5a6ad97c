"""The switch and the confirmation."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import FilterMode, Status
from app.models import EvotorConnection, RunStatus, SyncRun, SyncState, User, VkConnection
from app.services.errors import NotReady
from app.services.owner import config as owner_config
from app.services.owner import rules, switch
from tests.factories import make_user, set_rule
from tests.support.owners import CONFIRMED_AT, EXCLUDE, GROUP, INCLUDE, STORE, confirmed

pytestmark = pytest.mark.usefixtures("app")


def run_statuses() -> list[str]:
    return list(db.session.scalars(sa.select(SyncRun.status).order_by(SyncRun.id)))


# The switch


def test_the_first_enabling_without_a_rule_is_refused(owner: User) -> None:
    with pytest.raises(NotReady, match="no_rules"):
        switch.toggle(owner, True)

    assert not owner_config.config_of(owner).is_enabled


def test_any_rule_is_enough_to_enable(owner: User) -> None:
    set_rule(owner, GROUP, EXCLUDE, "G")

    assert switch.toggle(owner, True)
    assert switch.status_of(owner) is Status.NOT_CONFIGURED


def test_enabling_needs_evotor() -> None:
    with pytest.raises(NotReady, match="evotor_missing"):
        switch.toggle(make_user(), True)


def test_the_switch_flips_without_a_value(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1")

    assert [switch.toggle(owner, None) for _ in range(3)] == [True, False, True]


def test_switching_off_always_works(owner: User) -> None:
    confirmed(owner)
    db.session.execute(sa.delete(EvotorConnection))
    db.session.expire_all()

    assert not switch.toggle(owner, False)
    assert switch.status_of(owner) is Status.PAUSED


def test_switching_off_drops_the_queued_run(owner: User) -> None:
    confirmed(owner)
    switch.toggle(owner, False)

    assert run_statuses() == [RunStatus.STOPPED]


def test_a_confirmed_owner_may_switch_on_again_without_rules(owner: User) -> None:
    confirmed(owner)
    switch.toggle(owner, False)
    set_rule(owner, STORE, None, "S1")

    assert switch.toggle(owner, True)


# Confirmation


def test_confirming_sets_the_time_and_queues_a_run(owner: User) -> None:
    confirmed(owner)

    assert owner_config.config_of(owner).confirmed_at == CONFIRMED_AT
    assert switch.status_of(owner) is Status.ACTIVE
    assert run_statuses() == [RunStatus.QUEUED]


def test_confirming_twice_queues_one_run(owner: User) -> None:
    confirmed(owner)
    switch.confirm(owner)

    assert run_statuses() == [RunStatus.QUEUED]


def test_confirming_needs_a_store_rule(owner: User) -> None:
    set_rule(owner, GROUP, INCLUDE, "G")
    switch.toggle(owner, True)

    with pytest.raises(NotReady, match="no_store_rule"):
        switch.confirm(owner)
    assert owner_config.config_of(owner).confirmed_at is None


def test_confirming_needs_a_store_that_passes(owner: User) -> None:
    set_rule(owner, STORE, EXCLUDE, "S1", "S2")
    switch.toggle(owner, True)

    with pytest.raises(NotReady, match="no_store_passes"):
        switch.confirm(owner)


def test_confirming_needs_the_switch(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1")

    with pytest.raises(NotReady, match="not_enabled"):
        switch.confirm(owner)


def test_confirming_does_not_need_vk_but_a_run_does(owner: User) -> None:
    confirmed(owner)

    assert switch.run_obstacle(owner) == "vk_missing"


def test_with_everything_there_a_run_may_start(owner: User) -> None:
    confirmed(owner)
    db.session.add(VkConnection(user_id=owner.id, group_id=1, token="secret"))
    db.session.commit()
    db.session.expire_all()

    assert switch.run_obstacle(owner) is None


def test_a_confirmation_taken_back_switches_off_and_says_why(owner: User) -> None:
    confirmed(owner)
    switch.take_confirmation_back(owner, "another_community")
    db.session.commit()

    assert switch.status_of(owner) is Status.AWAITING_CONFIRMATION
    assert not owner_config.config_of(owner).is_enabled
    assert db.session.scalars(sa.select(SyncState.pause_reason)).one() == "another_community"
    assert run_statuses() == [RunStatus.STOPPED]


@pytest.mark.parametrize(
    ("mode", "stores", "passing"), [(INCLUDE, ["S1"], ["S1"]), (EXCLUDE, ["S1"], ["S2"]), (EXCLUDE, ["S1", "S2"], [])]
)
def test_stores_pass_by_rules_on_stores(owner: User, mode: FilterMode, stores: list[str], passing: list[str]) -> None:
    set_rule(owner, STORE, mode, *stores)

    assert rules.passing_stores(owner) == passing


def test_no_store_passes_before_one_is_chosen(owner: User) -> None:
    assert rules.passing_stores(owner) == []
