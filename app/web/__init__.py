"""The pages. Views load, read a form, call one service, and answer.

They are put on when the first address is looked for or made, which is with the first request: a command that makes no
page imports none of this.
"""

from functools import partial

from flask import Flask


def init_app(app: Flask) -> None:
    from app.web import site
    from app.web.late_rules import LateRules

    site.init_app(app)
    app.url_map = LateRules(partial(_put_on, app))


def _put_on(app: Flask) -> None:
    from app.extensions import csrf, login_manager
    from app.web import access, address, errors, formatting, icons, labels, repeated
    from app.web.auth import blueprint as auth
    from app.web.catalog import blueprint as catalog
    from app.web.connections import blueprint as connections
    from app.web.doors import headers, hosts_and_bodies, limits, packing, request_ids, seats, static, vanished
    from app.web.mail import blueprint as mail
    from app.web.market import blueprint as market
    from app.web.market import remains
    from app.web.ops import blueprint as ops
    from app.web.ops.views import blueprint as health
    from app.web.photos import blueprint as photos
    from app.web.sync import blueprint as sync
    from app.web.webhooks import blueprint as webhooks
    from app.web.window import blueprint as window

    for part in (
        login_manager,
        request_ids,
        hosts_and_bodies,
        csrf,
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
        repeated,
        static,
        vanished,
        remains,
    ):
        part.init_app(app)
    for blueprint in (auth, connections, catalog, photos, window, sync, market, mail, health, ops, webhooks):
        app.register_blueprint(blueprint)
    csrf.exempt(webhooks)
