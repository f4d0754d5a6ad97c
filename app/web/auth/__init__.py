"""Registration, sign-in, the account."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from app.web.auth import views  # noqa: E402, F401
