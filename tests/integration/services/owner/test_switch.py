"""The owner's switch, confirmation and rules."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode, Mode, Status
from app.models import CatalogStore, EvotorConnection, RunStatus, SyncRun, SyncState, User, VkConnection
from app.services.errors import NotReady, UnknownEntity
from app.services.owner import config as owner_config
from app.services.owner import configuration_json, rule_entities, rule_setting, switch
from app.services.owner import rules as owner_rules
from tests.factories import add_group, add_product, add_store, make_user, set_rule

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE
NOW = datetime(2026, 11, 23, 9, 15)

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def owner() -> User:
    """Connected to Evotor, with two stores, nothing chosen yet."""
    user = make_user()
    db.session.add(EvotorConnection(user_id=user.id, token="secret"))
    db.session.commit()
    add_store(user, "S1", "Лавка")
    add_store(user, "S2", "Киоск")
    add_group(user, "G", "Чай")
    add_product(user, "P1", group_id="G")
    add_product(user, "P2")
    return user


def confirmed(owner: User) -> User:
    set_rule(owner, STORE, INCLUDE, "S1")
    switch.toggle(owner, True)
    switch.confirm(owner, NOW)
    db.session.commit()
    return owner


def rules(owner: User) -> dict[str, tuple[str, str, str | None]]:
    config = owner_config.config_of(owner)
    return {row.entity_id: (row.filter_mode, row.entity_name, row.parent_entity_id) for row in config.filters}


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

    assert owner_config.config_of(owner).confirmed_at == NOW
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

    assert owner_rules.passing_stores(owner) == passing


def test_no_store_passes_before_one_is_chosen(owner: User) -> None:
    assert owner_rules.passing_stores(owner) == []


# Rules


def test_a_rule_keeps_the_name_and_the_parent_of_its_entity(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1")
    set_rule(owner, GROUP, EXCLUDE, "G")
    set_rule(owner, PRODUCT, EXCLUDE, "P1", "P2")

    assert rules(owner) == {
        "S1": (INCLUDE, "Лавка", None),
        "G": (EXCLUDE, "Чай", "S1"),
        "P1": (EXCLUDE, "Товар P1", "G"),
        "P2": (EXCLUDE, "Товар P2", "S1"),
    }


def test_a_rule_set_again_takes_the_place_of_the_first(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1")
    set_rule(owner, STORE, EXCLUDE, "S1")

    assert rules(owner) == {"S1": (EXCLUDE, "Лавка", None)}


def test_a_rule_is_cleared(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1", "S2")
    set_rule(owner, STORE, None, "S1")
    db.session.expire_all()

    assert set(rules(owner)) == {"S2"}


def test_clearing_what_has_no_rule_changes_nothing(owner: User) -> None:
    set_rule(owner, STORE, None, "S1")

    assert rules(owner) == {}


def test_an_unknown_entity_changes_nothing_at_all(owner: User) -> None:
    with pytest.raises(UnknownEntity):
        rule_setting.set_rules(owner, STORE, ["S1", "nowhere"], INCLUDE)

    assert rules(owner) == {}


def test_an_entity_of_another_owner_is_unknown(owner: User) -> None:
    stranger = make_user("stranger@example.ru")

    with pytest.raises(UnknownEntity):
        rule_setting.set_rules(stranger, STORE, ["S1"], INCLUDE)


def test_an_entity_of_another_kind_is_unknown(owner: User) -> None:
    with pytest.raises(UnknownEntity):
        rule_setting.set_rules(owner, GROUP, ["P1"], INCLUDE)


def test_an_entity_named_twice_gets_one_rule(owner: User) -> None:
    set_rule(owner, STORE, INCLUDE, "S1", "S1")

    assert len(owner_config.config_of(owner).filters) == 1


def test_a_name_longer_than_its_column_is_cut(owner: User) -> None:
    add_product(owner, "P3", name="я" * 400)
    set_rule(owner, PRODUCT, EXCLUDE, "P3")

    assert rules(owner)["P3"][1] == "я" * 255


def test_a_rule_whose_entity_is_gone_keeps_its_effect_and_can_only_be_dropped(owner: User) -> None:
    set_rule(owner, GROUP, INCLUDE, "G")
    db.session.execute(sa.text("DELETE FROM catalog_groups"))
    db.session.commit()

    assert [row.entity_id for row in rule_entities.lost_rules(owner)] == ["G"]
    assert owner_rules.rules_of(owner).mode(GROUP) is Mode.INCLUDE
    with pytest.raises(UnknownEntity):
        rule_setting.set_rules(owner, GROUP, ["G"], EXCLUDE)
    set_rule(owner, GROUP, None, "G")
    assert rules(owner) == {}


def test_rules_of_more_entities_than_a_query_takes_are_set_at_once(owner: User) -> None:
    ids = [f"store {number}" for number in range(1200)]
    db.session.execute(sa.insert(CatalogStore), [{"user_id": owner.id, "store_id": one, "name": one} for one in ids])
    set_rule(owner, STORE, INCLUDE, *ids)

    assert len(rules(owner)) == 1200


# As other programs read it


def test_the_export_has_the_fields_of_the_contract_in_order(owner: User) -> None:
    confirmed(owner)
    set_rule(owner, GROUP, EXCLUDE, "G")
    exported = configuration_json.configuration_json(owner)

    assert list(exported.items()) == [
        ("schema_version", 1),
        ("user_id", owner.id),
        ("email", "owner@example.ru"),
        ("status", "active"),
        ("is_enabled", True),
        ("confirmed_at", "2026-11-23T09:15:00Z"),
        ("is_active", True),
        ("stores", {"mode": "include", "include": [{"id": "S1", "name": "Лавка"}], "exclude": []}),
        ("groups", {"mode": "exclude", "include": [], "exclude": [{"id": "G", "name": "Чай", "parent_id": "S1"}]}),
        ("products", {"mode": "all", "include": [], "exclude": []}),
    ]


def test_rules_are_exported_by_name_whatever_its_case_and_then_by_id(owner: User) -> None:
    for product_id, name in [("c", "яблоки"), ("b", "Арбуз"), ("a", "ЯБЛОКИ"), ("d", "арбуз")]:
        add_product(owner, product_id, name=name)
    set_rule(owner, PRODUCT, INCLUDE, "a", "b", "c", "d")

    exported = configuration_json.configuration_json(owner)["products"]["include"]
    assert [entry["id"] for entry in exported] == ["b", "d", "a", "c"]


def test_a_user_without_a_configuration_is_exported_with_the_default(owner: User) -> None:
    db.session.execute(sa.text("DELETE FROM sync_configs"))
    db.session.expire_all()
    exported = configuration_json.configuration_json(owner)

    assert (exported["status"], exported["is_enabled"], exported["confirmed_at"]) == ("not_configured", False, None)
    assert db.session.scalar(sa.text("SELECT count(*) FROM sync_configs")) == 0
