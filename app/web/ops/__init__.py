"""For load balancers, monitoring and operators."""

from flask import Blueprint

blueprint = Blueprint("ops", __name__)

from app.web.ops import pages  # noqa: E402, F401
