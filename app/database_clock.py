"""Machines round one PostgreSQL go by its clock; with SQLite there is one machine, which has its own."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from app import clock
from app.db import db

SET_EVERY = 60.0
"""Seconds. In between a process goes on by itself."""


def init_app(app: Flask) -> None:
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            event.listen(db.engine, "checkout", _set_clock)


def _set_clock(connection: Any, _record: object, _proxy: object) -> None:
    if clock.current.was_set_within(SET_EVERY):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        clock.current.set(cursor.fetchone()[0])
    connection.rollback()
