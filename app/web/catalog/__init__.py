"""The owner's goods and the rules on them."""

from flask import Blueprint

blueprint = Blueprint("catalog", __name__)

from app.web.catalog import product_views, rule_views, views  # noqa: E402, F401
