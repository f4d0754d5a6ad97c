"""The master switch, the plan, the runs, the problems."""

from flask import Blueprint

blueprint = Blueprint("sync", __name__)

from app.web.sync import plan_views, progress, run_views, views  # noqa: E402, F401
