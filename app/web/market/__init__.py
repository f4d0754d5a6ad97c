"""Items in VK about which the owner is asked or told."""

from flask import Blueprint

blueprint = Blueprint("market", __name__)

from app.web.market import views  # noqa: E402, F401
