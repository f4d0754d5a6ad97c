"""EvoSync: keeps a VK market equal to the chosen part of an Evotor catalog."""

from flask import Flask

from config import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Raises config.SettingsError for a wrong setting."""
    # Imported here so that `python -m app.sandbox` stays apart from the product.
    from app import cli, clock, database_clock, hooks, logs, migrating, start_warnings, web
    from app.context import init_settings
    from app.db import db, init_sqlite

    app = Flask(__name__, static_folder=None)
    settings = settings or load_settings()
    init_settings(app, settings)
    clock.follow(settings.evosync_clock)
    logs.init_app(app)
    if settings.is_production:
        start_warnings.warn(settings)
    db.init_app(app)
    init_sqlite(app)
    database_clock.init_app(app)
    hooks.listen()
    migrating.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    return app
