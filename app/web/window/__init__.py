"""The shop window's settings and the categories of its goods."""

from flask import Blueprint

blueprint = Blueprint("window", __name__)

from app.web.window import category_views, views  # noqa: E402, F401
