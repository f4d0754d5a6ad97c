"""The master switch, the plan, the runs."""

from flask import Blueprint

blueprint = Blueprint("sync", __name__)

from app.web.sync import category_views, market_views, progress, run_views, settings_views, views  # noqa: E402, F401
