"""For the load balancer and for monitoring."""

import hmac

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from app.clock import utcnow
from app.context import settings
from app.services.health import DatabaseState, database_state
from app.services.ops.metrics import exposition

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def show() -> ResponseReturnValue:
    state = database_state()
    return {"status": state}, 200 if state is DatabaseState.OK else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """For whoever shows the token; for everybody else it is not there."""
    if not _is_shown(settings().metrics_token):
        abort(404)
    text, content_type = exposition(utcnow())
    return Response(text, content_type=content_type)


def _is_shown(token: str) -> bool:
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    is_equal = hmac.compare_digest(shown.strip().encode(), token.encode())
    return bool(token) and kind.lower() == "bearer" and is_equal
