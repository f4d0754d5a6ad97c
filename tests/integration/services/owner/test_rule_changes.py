"""Changes of the rules, and taking the last one back."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import SyncFilter, User
from app.services.errors import UnknownEntity
from app.services.owner import config, rule_changes
from app.services.owner.rule_changes import UndoTooLate
from tests.factories import add_group, add_product, add_store, make_user, set_rule

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
INCLUDE, EXCLUDE = FilterMode.INCLUDE, FilterMode.EXCLUDE


@pytest.fixture
def user(app_on_each_database: Flask) -> User:
    user = make_user()
    add_store(user, "S1", "Лавка")
    add_store(user, "S2", "Киоск")
    add_group(user, "tea", "Чай")
    add_group(user, "ice", "Мороженое", store_id="S2")
    add_product(user, "P1", name="Ассам", group_id="tea")
    add_product(user, "P2", name="Хлеб")
    return user


def rows(user: User) -> dict[str, tuple[object, ...]]:
    db.session.commit()
    db.session.expire_all()
    return {
        row.entity_id: (row.entity_type, row.filter_mode, row.entity_name, row.parent_entity_id, row.created_at)
        for row in config.config_of(user).filters
    }


def test_a_new_rule_is_taken_back(user: User) -> None:
    changed = rule_changes.change(user, GROUP, ["tea"], EXCLUDE)
    assert changed.names == ["Чай"] and changed.token
    assert rule_changes.undo(user, changed.token) == 1
    assert rows(user) == {}


def test_many_rules_come_back_as_they_were(user: User) -> None:
    set_rule(user, PRODUCT, INCLUDE, "P1")
    db.session.execute(sa.update(SyncFilter).values(created_at=datetime(2026, 1, 2, 3, 4, 5)))
    before = rows(user)
    changed = rule_changes.change(user, PRODUCT, ["P1", "P2"], EXCLUDE)
    assert rows(user) != before and changed.token
    rule_changes.undo(user, changed.token)
    assert rows(user) == before


def test_a_rule_whose_entity_is_gone_comes_back_too(user: User) -> None:
    set_rule(user, GROUP, EXCLUDE, "tea")
    db.session.execute(sa.text("DELETE FROM catalog_groups WHERE group_id = 'tea'"))
    before = rows(user)
    changed = rule_changes.change(user, GROUP, ["tea"], None)
    assert rows(user) == {} and changed.names == ["Чай"] and changed.token
    rule_changes.undo(user, changed.token)
    assert rows(user) == before


def test_only_the_last_change_is_taken_back_and_only_once(user: User) -> None:
    first = rule_changes.change(user, PRODUCT, ["P1"], EXCLUDE)
    second = rule_changes.change(user, PRODUCT, ["P2"], EXCLUDE)
    kept = rows(user)
    with pytest.raises(UndoTooLate):
        rule_changes.undo(user, first.token or "")
    assert rows(user) == kept
    rule_changes.undo(user, second.token or "")
    with pytest.raises(UndoTooLate):
        rule_changes.undo(user, second.token or "")
    assert set(rows(user)) == {"P1"}


@pytest.mark.parametrize("token", ["", "nothing", "я"])
def test_a_token_that_nobody_gave_takes_nothing_back(user: User, token: str) -> None:
    rule_changes.change(user, PRODUCT, ["P1"], EXCLUDE)
    with pytest.raises(UndoTooLate):
        rule_changes.undo(user, token)


def test_another_owner_s_token_takes_nothing_back(user: User) -> None:
    changed = rule_changes.change(user, PRODUCT, ["P1"], EXCLUDE)
    with pytest.raises(UndoTooLate):
        rule_changes.undo(make_user("stranger@example.ru"), changed.token or "")
    assert set(rows(user)) == {"P1"}


def test_what_changes_nothing_leaves_the_last_change_to_be_taken_back(user: User) -> None:
    changed = rule_changes.change(user, PRODUCT, ["P1"], EXCLUDE)
    assert rule_changes.change(user, PRODUCT, ["P1"], EXCLUDE).token is None
    assert rule_changes.undo(user, changed.token or "") == 1


def test_a_store_is_shown_whole_and_the_rules_of_others_stay(user: User) -> None:
    set_rule(user, STORE, EXCLUDE, "S1")
    set_rule(user, GROUP, EXCLUDE, "tea", "ice")
    set_rule(user, PRODUCT, EXCLUDE, "P1")
    before = rows(user)
    changed = rule_changes.show_whole(user, "S1")
    assert {name: row[1] for name, row in rows(user).items()} == {"S1": "include", "ice": "exclude"}
    rule_changes.undo(user, changed.token or "")
    assert rows(user) == before


def test_an_unknown_store_is_not_shown(user: User) -> None:
    with pytest.raises(UnknownEntity):
        rule_changes.show_whole(user, "nothing")
