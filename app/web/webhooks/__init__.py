"""What Evotor calls by itself. No page: JSON in and out, no session, no cookie, no form and so no token of one."""

from flask import Blueprint

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1")

from app.web.webhooks import refusals, views  # noqa: E402, F401
