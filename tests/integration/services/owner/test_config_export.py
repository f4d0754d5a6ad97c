"""The configuration as other programs read it."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import User
from app.services.owner import configuration_json
from tests.factories import add_product, set_rule
from tests.support.owners import EXCLUDE, GROUP, INCLUDE, PRODUCT, confirmed

pytestmark = pytest.mark.usefixtures("app")


def exported_of(user: User) -> dict[str, Any]:
    exported = configuration_json.configuration_json(user.id)
    assert exported is not None
    return exported


def test_the_export_has_the_fields_of_the_contract_in_order(owner: User) -> None:
    confirmed(owner)
    set_rule(owner, GROUP, EXCLUDE, "G")
    exported = exported_of(owner)

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

    exported = exported_of(owner)["products"]["include"]
    assert [entry["id"] for entry in exported] == ["b", "d", "a", "c"]


def test_a_user_without_a_configuration_is_exported_with_the_default(owner: User) -> None:
    db.session.execute(sa.text("DELETE FROM sync_configs"))
    db.session.expire_all()
    exported = exported_of(owner)

    assert (exported["status"], exported["is_enabled"], exported["confirmed_at"]) == ("not_configured", False, None)
    assert db.session.scalar(sa.text("SELECT count(*) FROM sync_configs")) == 0
