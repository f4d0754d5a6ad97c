"""The pictures that owners give their products and groups."""

from flask import Blueprint

blueprint = Blueprint("photos", __name__)

from app.web.photos import views  # noqa: E402, F401
