from typing import Any

from flask import Response, g, request

from app.services.accounts.passwords import LONGEST
from app.services.connections.evotor_webhooks import cabinet_events, deliveries, hints, linking
from app.web.doors import limits
from app.web.webhooks import blueprint
from app.web.webhooks.bodies import USER_ID, installation_event, sent_list, sent_object, subscription_event
from app.web.webhooks.proof import by_secret, by_secret_or_user
from app.web.webhooks.refusals import answer

AS_IT_IS: dict[str, Any] = {"strict_slashes": False, "merge_slashes": False, "provide_automatic_options": False}
"""No address leads to another one, and none is answered by Flask itself: that would be HTML."""


@blueprint.post("/user/verify", **AS_IT_IS)
@limits.WEBHOOKS
def verify() -> Response:
    by_secret()
    body = sent_object()
    user_id, email, password = body.user_id(), body.address(), body.secret("password", LONGEST)
    g.source, g.device = linking.source_of(user_id), None  # of whoever sits in the cabinet we know no more
    token = linking.link(user_id, email, password)
    return answer({"userId": user_id, "hasBilling": False, "token": token})


@blueprint.post("/user/token", **AS_IT_IS)
@limits.WEBHOOKS
def token() -> Response:
    by_secret()
    body = sent_object()
    deliveries.deliver(body.user_id(), body.token())
    return answer({})


@blueprint.post("/installation/event", **AS_IT_IS)
@limits.WEBHOOKS
def installation() -> Response:
    by_secret()
    cabinet_events.apply(installation_event())
    return answer({})


@blueprint.post("/subscription/event", **AS_IT_IS)
@limits.WEBHOOKS
def subscription() -> Response:
    by_secret()
    cabinet_events.apply(subscription_event())
    return answer({})


@blueprint.post("/inventories/stores/<store_id>/products", **AS_IT_IS)
@limits.WEBHOOKS
def goods(store_id: str) -> Response:
    user_id = by_secret_or_user()
    sent_list()
    named = request.headers.get("X-Evotor-User-Id", "")
    by_name = named if USER_ID.fullmatch(named) else None
    hints.note([user_id] if user_id is not None else hints.meant_by(by_name, store_id), store_id)
    return answer({})
