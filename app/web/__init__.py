"""The pages. Views load, read a form, call one service, and answer."""

from flask import Flask


def init_app(app: Flask) -> None:
    from app.web import access, errors, formatting, icons, labels, window_words
    from app.web.auth import blueprint as auth
    from app.web.catalog import blueprint as catalog
    from app.web.connections import blueprint as connections
    from app.web.doors import headers, limits, packing, seats, static, vanished
    from app.web.ops.health import blueprint as health
    from app.web.sync import blueprint as sync

    for part in (
        packing,
        seats,
        access,
        errors,
        formatting,
        headers,
        icons,
        labels,
        limits,
        static,
        vanished,
        window_words,
    ):
        part.init_app(app)
    for blueprint in (auth, connections, catalog, sync, health):
        app.register_blueprint(blueprint)
