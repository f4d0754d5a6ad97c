"""Migrations: where they lie, and Flask-Migrate for whoever asks for it. With Alembic it takes longer to import than a
command takes as a whole."""

from pathlib import Path
from typing import Any

from flask import Flask

from app.db import db

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class _LateMigrate:
    """Stands where Flask-Migrate looks for its own settings, and makes way for them when it does."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, directory=str(MIGRATIONS), compare_type=True, render_as_batch=True)
        return getattr(self._app.extensions["migrate"], name)


def init_app(app: Flask) -> None:
    app.extensions["migrate"] = _LateMigrate(app)
