"""Evotor's cloud under `/evotor`: stores, groups and products, read-only.

docs/contracts/evotor.md §1 to §6, §8 and §10.
"""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from app.sandbox.chaos import LIST_KINDS
from app.sandbox.documents import Json
from app.sandbox.evotor.faults import FIRST_PAGE_KINDS, LATER_PAGE_KINDS, TRANSPORT_KINDS, bend_list, refusal_of
from app.sandbox.evotor.refusal import Refusal
from app.sandbox.evotor.state import EvotorState, EvotorStore, EvotorToken
from app.sandbox.spoilt_answers import spoilt_answer, truncated
from app.sandbox.state import World

blueprint = Blueprint("evotor", __name__, url_prefix="/evotor")

ACCEPTED = frozenset({"*/*", "application/*", "application/json", "application/vnd.evotor.v2+json"})
CUT_SHORT = ["cut short"]
LISTS = frozenset({"stores", "products", "groups"})


@blueprint.get("/stores", strict_slashes=False)
def stores() -> Response:
    return _answer("stores")


@blueprint.get("/stores/<store_id>", strict_slashes=False)
def store(store_id: str) -> Response:
    return _answer("store", store_id)


@blueprint.get("/stores/<store_id>/products", strict_slashes=False)
def products(store_id: str) -> Response:
    return _answer("products", store_id)


@blueprint.get("/stores/<store_id>/products/<entity_id>", strict_slashes=False)
def product(store_id: str, entity_id: str) -> Response:
    return _answer("product", store_id, entity_id)


@blueprint.get("/stores/<store_id>/product-groups", strict_slashes=False)
def groups(store_id: str) -> Response:
    return _answer("groups", store_id)


@blueprint.get("/stores/<store_id>/product-groups/<entity_id>", strict_slashes=False)
def group(store_id: str, entity_id: str) -> Response:
    return _answer("group", store_id, entity_id)


def _answer(resource: str, store_id: str | None = None, entity_id: str | None = None) -> Response:
    world: World = current_app.config["WORLD"]
    token = _token_text()
    world.delay("evotor", resource, token=token, store=store_id)
    with world.lock:
        facts = {"store": store_id, "peer": request.environ.get("REMOTE_PORT"), "query": request.args.to_dict()}
        entry = world.note_call("evotor", resource, token=token[:16], **facts)
        is_first_page = resource in LISTS and "cursor" not in request.args
        world.faults.draw("evotor", LIST_KINDS if is_first_page else ())
        try:
            body = _read(world, token, resource, store_id, entity_id)
            fault = world.faults.take("evotor", resource, TRANSPORT_KINDS, token=token, store=store_id)
            response = (
                _json(body) if fault is None else truncated(body) if fault.name == "truncated" else spoilt_answer(fault)
            )
        except Refusal as refusal:
            response = refusal.response(empty=world.evotor.empty_error_bodies)
        entry["outcome"] = response.status_code
        _add_quota_headers(world, token, response)
        return response


def _token_text() -> str:
    """Three header forms are in use (docs/contracts/evotor.md §1.2)."""
    own = request.headers.get("X-Authorization", "").strip()
    if own:
        return own
    text = request.headers.get("Authorization", "").strip()
    scheme, _, rest = text.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else text


def _json(body: Json) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")


def _read(world: World, token: str, resource: str, store_id: str | None, entity_id: str | None) -> Json:
    account = _authorize(world.evotor, token)
    if refusal := refusal_of(world, token, resource, store_id):
        raise refusal
    _check_quota(world, token)
    own_stores = world.evotor.accounts[account.user_id].stores
    if resource == "stores":
        return _list(world, token, resource, None, [found.about for found in own_stores.values()])
    found = own_stores.get(store_id or "")
    if found is None:
        raise Refusal(404)
    if entity_id is not None:
        return _one(found, account, resource, entity_id)
    if resource == "store":
        return found.about
    entities = found.products if resource == "products" else found.groups
    answer = _list(world, token, resource, store_id, list(entities.values()))
    return {**answer, "items": [_shown(item, account) for item in answer["items"]]}


def _authorize(state: EvotorState, token: str) -> EvotorToken:
    known = state.tokens.get(token)
    if known is None:
        raise Refusal(401)
    offered = [part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "*/*").split(",")]
    if not ACCEPTED.intersection(offered):
        raise Refusal(406)
    if not known.allowed:
        raise Refusal(403)
    return known


def _one(found: EvotorStore, token: EvotorToken, resource: str, entity_id: str) -> Json:
    entity = (found.products if resource == "product" else found.groups).get(entity_id)
    if entity is None:
        raise Refusal(404)
    return _shown(entity, token)


def _shown(entity: Json, token: EvotorToken) -> Json:
    """`quantity` needs the stock right (docs/contracts/evotor.md §2.2)."""
    if token.stock or "quantity" not in entity:
        return entity
    return {name: value for name, value in entity.items() if name != "quantity"}


def _list(world: World, token: str, resource: str, store_id: str | None, items: list[Json]) -> Json:
    place = [resource, store_id]
    offset, since = _position(place)
    if since is not None and resource == "products":
        items = [item for item in items if milliseconds(item["updated_at"]) >= since]
    page = items[offset : offset + world.evotor.page_size]
    paging: Json = {}
    if offset + len(page) < len(items):
        paging["next_cursor"] = make_cursor(place, offset + len(page), since)
    answer: Json = {"items": page, "paging": paging}
    kinds = LATER_PAGE_KINDS if "cursor" in request.args else FIRST_PAGE_KINDS
    fault = world.faults.take("evotor", resource, kinds, token=token, store=store_id)
    if fault is None:
        return answer
    return bend_list(
        fault.name, answer, items, again=make_cursor(place, 0, since), dead_end=make_cursor(CUT_SHORT, 0, None)
    )


def _position(place: list[Any]) -> tuple[int, int | None]:
    cursor = request.args.get("cursor")
    if cursor is not None:
        return read_cursor(place, cursor)
    since = request.args.get("since")
    if since is not None and not (since.isascii() and since.isdigit()):
        raise Refusal(400, subject="since", reason="must be a number of milliseconds")
    return 0, int(since) if since is not None else None


def make_cursor(place: list[Any], offset: int, since: int | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, offset, since]).encode()).decode()


def read_cursor(place: list[Any], cursor: str) -> tuple[int, int | None]:
    try:
        of_place, offset, since = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise Refusal(400, subject="cursor", reason="unknown cursor") from None
    if of_place == CUT_SHORT:
        raise Refusal(500)
    if of_place != place:
        raise Refusal(400, subject="cursor", reason="cursor of another list")
    return offset, since


def milliseconds(text: str) -> int:
    return round(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _minute_key(token: str) -> tuple[str, str]:
    return token, request.path.rstrip("/")


def _check_quota(world: World, token: str) -> None:
    """Counted per token and address (docs/contracts/evotor.md §8.2)."""
    state, minute = world.evotor, int(world.clock.now() // 60)
    if minute != state.minute:
        state.minute = minute
        state.minute_calls.clear()
    state.minute_calls[_minute_key(token)] += 1
    if state.minute_calls[_minute_key(token)] > state.calls_per_minute:
        raise Refusal(429)


def _add_quota_headers(world: World, token: str, response: Response) -> None:
    state = world.evotor
    left = 0 if response.status_code == 429 else state.calls_per_minute - state.minute_calls[_minute_key(token)]
    response.headers.setdefault("X-RateLimit-Limit", str(state.calls_per_minute))
    response.headers.setdefault("X-RateLimit-Remaining", str(max(0, left)))
    response.headers.setdefault("X-RateLimit-Reset", str(60 - int(world.clock.now()) % 60))
