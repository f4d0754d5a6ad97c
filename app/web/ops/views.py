"""For the load balancer and for monitoring."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.services.health import DatabaseState, database_state

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def show() -> ResponseReturnValue:
    state = database_state()
    return {"status": state}, 200 if state is DatabaseState.OK else 503
