"""The two tables that are fixed to the letter, on both databases."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import SyncConfig
from tests.factories import make_user
from tests.support.database import server_now


def described(table: str) -> dict[str, tuple[str, bool]]:
    """{column: (type, may be null)} as the database itself tells it."""
    columns = sa.inspect(db.engine).get_columns(table)
    return {column["name"]: (_word(column["type"]), bool(column["nullable"])) for column in columns}


def _word(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.Boolean):
        return "boolean"
    if isinstance(kind, sa.Integer):
        return "integer"
    if isinstance(kind, sa.DateTime):
        return "time with zone" if kind.timezone else "time"
    assert isinstance(kind, sa.String)
    return f"text {kind.length}"


def test_sync_configs_has_the_columns_of_the_contract(app_on_each_database: Flask) -> None:
    assert described("sync_configs") == {
        "id": ("integer", False),
        "user_id": ("integer", False),
        "is_enabled": ("boolean", False),
        "confirmed_at": ("time", True),
        "created_at": ("time", False),
        "updated_at": ("time", False),
    }


def test_sync_filters_has_the_columns_of_the_contract(app_on_each_database: Flask) -> None:
    columns = described("sync_filters")

    assert columns.pop("entity_type")[0].startswith("text")
    assert columns.pop("filter_mode")[0].startswith("text")
    assert columns == {
        "id": ("integer", False),
        "sync_config_id": ("integer", False),
        "entity_id": ("text 255", False),
        "entity_name": ("text 255", False),
        "parent_entity_id": ("text 255", True),
        "created_at": ("time", False),
    }


def test_a_configuration_has_the_defaults_of_the_contract(app_on_each_database: Flask) -> None:
    user = make_user()
    db.session.execute(sa.delete(SyncConfig))
    db.session.execute(sa.text("INSERT INTO sync_configs (user_id) VALUES (:id)"), {"id": user.id})
    db.session.commit()
    config = db.session.scalars(sa.select(SyncConfig)).one()

    assert (config.is_enabled, config.confirmed_at) == (False, None)
    assert abs(config.created_at - server_now()) < timedelta(minutes=1)
    assert config.updated_at == config.created_at


def test_a_configuration_notes_when_it_changed(app_on_each_database: Flask) -> None:
    config = make_user().sync_config
    assert config is not None
    long_ago = utcnow() - timedelta(days=1)
    db.session.execute(sa.update(SyncConfig).values(updated_at=long_ago))
    db.session.commit()
    db.session.refresh(config)
    config.is_enabled = True
    db.session.commit()
    db.session.refresh(config)

    assert config.updated_at > long_ago + timedelta(hours=23)
