"""The pages. Views load, read a form, call one service, and answer."""

from flask import Flask


def init_app(app: Flask) -> None:
    from app.web import access, address, errors, formatting, icons, labels
    from app.web.auth import blueprint as auth
    from app.web.catalog import blueprint as catalog
    from app.web.connections import blueprint as connections
    from app.web.doors import headers, limits, packing, seats, static, vanished
    from app.web.market import blueprint as market
    from app.web.market import remains
    from app.web.ops.views import blueprint as health
    from app.web.photos import blueprint as photos
    from app.web.sync import blueprint as sync
    from app.web.window import blueprint as window

    for part in (
        packing,
        seats,
        access,
        address,
        errors,
        formatting,
        headers,
        icons,
        labels,
        limits,
        static,
        vanished,
        remains,
    ):
        part.init_app(app)
    for blueprint in (auth, connections, catalog, photos, window, sync, market, health):
        app.register_blueprint(blueprint)
