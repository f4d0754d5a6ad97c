"""Emulator of Evotor and VK in one process, reached only over HTTP; it stands apart from the rest of the product."""

from collections.abc import Callable

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider

from app.sandbox.control import views as control
from app.sandbox.evotor import api as evotor
from app.sandbox.evotor import cabinet
from app.sandbox.evotor.partner import Partner
from app.sandbox.seed import seed_demo
from app.sandbox.state import World
from app.sandbox.vk import api as vk
from app.sandbox.vk import login, photos, window


class PlainJson(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create_sandbox(seed: Callable[[World], None] = seed_demo, partner: Partner | None = None) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config.update(WORLD=World(seed), MAX_FORM_MEMORY_SIZE=None)
    app.config["WORLD"].partner = partner or Partner()
    app.json = PlainJson(app)
    app.before_request(_read_whole_body)
    for module in (vk, photos, login, evotor, cabinet, window, control):
        app.register_blueprint(module.blueprint)
    return app


def _read_whole_body() -> None:
    """A body left unread would be taken for the next request of a kept-alive connection."""
    request.get_data(parse_form_data=True)
