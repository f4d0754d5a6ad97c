"""Rules are set, kept and cleared."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import Mode
from app.models import CatalogStore, User
from app.services.errors import UnknownEntity
from app.services.owner import config as owner_config
from app.services.owner import rule_entities, rule_setting
from app.services.owner import rules as owner_rules
from tests.factories import add_product, make_user, set_rule
from tests.support.owners import EXCLUDE, GROUP, INCLUDE, PRODUCT, STORE

pytestmark = pytest.mark.usefixtures("app")


def rules(owner: User) -> dict[str, tuple[str, str, str | None]]:
    config = owner_config.config_of(owner)
    return {row.entity_id: (row.filter_mode, row.entity_name, row.parent_entity_id) for row in config.filters}


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
