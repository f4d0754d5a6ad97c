"""flask sync-config: the contract that other programs read."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogStore, EvotorConnection, User, VkConnection
from tests.factories import add_group, add_product, add_store, make_user, set_rule
from tests.integration.cli.conftest import Shell

EMAIL = "owner@example.ru"
EVERYTHING_ALLOWED = {"mode": "all", "include": [], "exclude": []}


@pytest.fixture
def owner(flask: Shell) -> User:
    user = make_user(EMAIL)
    add_store(user, "S1", "Лавка")
    add_group(user, "G", "Алкоголь")
    add_product(user, "P1", group_id="G")
    return user


def activate(user: User) -> None:
    assert user.sync_config is not None
    user.sync_config.is_enabled = True
    user.sync_config.confirmed_at = datetime(2026, 11, 23, 9, 15, 0, 123456)
    db.session.commit()


def test_a_new_user_has_the_default_configuration(flask: Shell, owner: User) -> None:
    answer = flask("sync-config", EMAIL)

    assert (answer.code, answer.err) == (0, "")
    assert list(answer.json.items()) == [
        ("schema_version", 1),
        ("user_id", owner.id),
        ("email", EMAIL),
        ("status", "not_configured"),
        ("is_enabled", False),
        ("confirmed_at", None),
        ("is_active", False),
        ("stores", EVERYTHING_ALLOWED),
        ("groups", EVERYTHING_ALLOWED),
        ("products", EVERYTHING_ALLOWED),
    ]


def test_rules_are_printed_with_names_and_parents(flask: Shell, owner: User) -> None:
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(owner, EntityType.GROUP, FilterMode.EXCLUDE, "G")
    set_rule(owner, EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")

    printed = flask("sync-config", EMAIL).json

    assert printed["stores"] == {"mode": "include", "include": [{"id": "S1", "name": "Лавка"}], "exclude": []}
    assert printed["groups"]["exclude"] == [{"id": "G", "name": "Алкоголь", "parent_id": "S1"}]
    assert printed["products"]["exclude"] == [{"id": "P1", "name": "Товар P1", "parent_id": "G"}]


def test_russian_is_printed_as_it_is(flask: Shell, owner: User) -> None:
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")

    assert "Лавка" in flask("sync-config", EMAIL).out


@pytest.mark.parametrize("name", [EMAIL, "OWNER@example.ru", "1"])
def test_a_user_is_named_by_address_or_number(flask: Shell, owner: User, name: str) -> None:
    assert flask("sync-config", name).json["email"] == EMAIL


def test_an_active_configuration_has_its_time_in_utc(flask: Shell, owner: User) -> None:
    activate(owner)
    printed = flask("sync-config", EMAIL).json

    assert (printed["status"], printed["is_active"], printed["confirmed_at"]) == (
        "active",
        True,
        "2026-11-23T09:15:00Z",
    )


def test_require_active_lets_an_active_user_pass(flask: Shell, owner: User) -> None:
    activate(owner)

    assert flask("sync-config", EMAIL, "--require-active").code == 0


def test_require_active_is_exit_4_for_anybody_else(flask: Shell, owner: User) -> None:
    answer = flask("sync-config", EMAIL, "--require-active")

    assert answer.code == 4
    assert "Traceback" not in answer.err


def test_active_prints_a_line_for_every_active_user_and_for_no_other(flask: Shell, owner: User) -> None:
    second = make_user("second@example.ru")
    make_user("third@example.ru")
    for user in (second, owner):
        activate(user)

    answer = flask("sync-config", "--active")

    assert answer.code == 0
    assert [line["email"] for line in answer.lines] == [EMAIL, "second@example.ru"]


def test_active_prints_nothing_where_nobody_is(flask: Shell, owner: User) -> None:
    answer = flask("sync-config", "--active")

    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_no_token_is_printed(flask: Shell, owner: User) -> None:
    db.session.add(EvotorConnection(user_id=owner.id, token="evotor-secret"))
    db.session.add(VkConnection(user_id=owner.id, group_id=1, token="vk-secret", refresh_token="vk-refresh"))
    db.session.commit()
    activate(owner)

    printed = flask("sync-config", EMAIL).out + flask("sync-config", "--active").out
    assert not any(word in printed for word in ("secret", "vk-refresh", "token", owner.session_key))


# --resolved

LISTS: dict[str, list[str]] = {"store_ids": [], "group_ids": [], "product_ids": [], "group_names": []}


def test_without_a_catalog_nothing_is_resolved(flask: Shell) -> None:
    make_user(EMAIL)
    assert flask("sync-config", EMAIL, "--resolved").json["resolved"] == {"fetched_at": None, **LISTS}


def test_the_rules_are_resolved_with_the_stored_catalog(flask: Shell, owner: User) -> None:
    add_store(owner, "S2", "Склад")
    add_group(owner, "H", "Чай")
    add_group(owner, "HH", "Алкоголь", parent_id="H")
    add_group(owner, "X", "Вода", store_id="S2")
    for product, group in (("P3", "HH"), ("P2", "H"), ("P4", None)):
        add_product(owner, product, group_id=group)
    add_product(owner, "Q", store_id="S2", group_id="X")
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    set_rule(owner, EntityType.GROUP, FilterMode.EXCLUDE, "G")
    set_rule(owner, EntityType.PRODUCT, FilterMode.EXCLUDE, "P4")
    db.session.execute(sa.update(CatalogStore).values(fetched_at=datetime(2026, 11, 23, 9, 15, 0, 5)))
    db.session.commit()

    printed = flask("sync-config", EMAIL, "--resolved").json

    assert list(printed)[-1] == "resolved" and list(printed["resolved"].items()) == [
        ("fetched_at", "2026-11-23T09:15:00Z"),
        ("store_ids", ["S1"]),
        ("group_ids", ["H", "HH"]),
        ("product_ids", ["P2", "P3"]),
        ("group_names", ["Алкоголь", "Чай"]),
    ]


def test_every_active_user_is_resolved_with_their_own_catalog(flask: Shell, owner: User) -> None:
    other = make_user("other@example.ru")
    add_store(other, "S1", "Другая")
    add_product(other, "P9")
    for user in (owner, other):
        set_rule(user, EntityType.STORE, FilterMode.INCLUDE, "S1")
        activate(user)

    answer = flask("sync-config", "--active", "--resolved")

    assert [line["resolved"]["product_ids"] for line in answer.lines] == [["P1"], ["P9"]]


def test_what_is_resolved_and_not_active_ends_with_4(flask: Shell, owner: User) -> None:
    answer = flask("sync-config", EMAIL, "--resolved", "--require-active")
    assert answer.code == 4 and answer.json["resolved"]["store_ids"] == ["S1"]


def test_without_the_word_nothing_is_resolved(flask: Shell, owner: User) -> None:
    assert "resolved" not in flask("sync-config", EMAIL).json
