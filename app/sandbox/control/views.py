"""Switches for tests and demos under `/_control`, JSON in and out. None of them counts as a call of a service.

    POST reset            back to the seed: data, clock, faults, counters; the snapshot is dropped
    POST snapshot         keep a copy of data, clock and counters; faults and chaos are no part of it
    POST restore          put the last snapshot back, as often as asked
    POST faults           {"service", "kind", "target" (or "method"), "token", "store", "times": N, "after": N,
                          "retry_after": "5", "body": "empty", "suffix": "text after error:<code>"};
                          only the first two are needed
    GET | DELETE faults   what is active | clear all and end the chaos, or clear one with ?id=
    POST chaos            {"probability": 0.15, "seed": 7, "kinds": [...], "lag": 0.5}; probability 0 ends it
    GET chaos             the same, and the faults met since the last POST: {"hits": {"vk.garbage": 3}}
    GET | POST clock      {"advance": seconds, "freeze": true|false}
    POST rate             {"user": 3, "group": 20}; 0: no limit
    POST limits           {"items": 15000, "album_items": 1000, "albums": 100}
    GET dump              communities with every item and album, counters, active faults; ?club= for one
    GET calls             counters and the ordered list; ?service= ?target= ?limit=
    POST calls/reset      counters to zero
    POST evotor/settings  {"page_size": 2, "calls_per_minute": N, "empty_error_bodies": true,
                          "tokens": {"<token>": {"user_id": "01-...", "stock": false, "allowed": true} or null}}
    POST evotor/products  {"store", "upsert": [{...}], "patch": [{"id", "price": 1}], "delete": ["id"]}
    POST evotor/groups    the same for groups; a null in a patch drops the field
    POST evotor/stores    {"account": "01-...", "upsert": [...], "patch": [...], "delete": [...]}; a new account is made
    POST evotor/partner   {"url", "secret", "hints": true}: whom Evotor tells, whether of changed goods, too; it stays
    POST evotor/install   {"account", "email", "password"}, evotor/uninstall {"account"}: as in the cabinet, /ui/evotor
    POST evotor/send      {"path": "user/token", "body", "token": instead of the secret, "headers"}: any webhook;
                          these three answer {"status", "answer"}, status 0 where nobody answers
    GET evotor/data       {account: {store: {"store", "groups", "products"}}}
    POST vk/items         by the owner's hand: {"club", "add": [{"name", "price", "sku", "album_ids", ...}],
                          "edit": [{"id", "name", ...}], "delete": [id]};
                          by VK's moderators: "reject": [id], "accept": [id]
    POST vk/albums        by the owner's hand: {"club", "add": ["title"], "delete": [id]}
    POST vk/clubs         {"id", "name", "market_enabled", "market_type", "currency", "levels": {"user": 3}}
    POST vk/tokens        {"value", "kind", "user_id", "rights": ["market"], "expires_in": s}, {"value", "revoke": true}
    POST vk/settings      {"photo_required", "check_links", "keep_photos", "app_rights", "removed_categories": [..],
                          "execute_signs": the longest answer to a batch}

Kinds of faults, by service:

    vk      too_many, flood, internal, captcha, rate_limit, auth, access, no_right, market_off, error:<code>,
            slow:<ms>, lag:<s>, moderation; nothing stored: http_500, http_502, garbage, drop_before, timeout:<ms>;
            stored: http_500_after, http_502_after, garbage_after, drop_after, timeout_after:<ms>, truncated,
            error_after:<code>; a timeout is a connection dropped after that time; half (market.addToAlbum: half of the
            items are put, then code 10; execute: a connection dropped after the second call); answers of `execute`
            that do not fit its calls: not_a_list, one_fewer, one_error_more
    vkid    (auth, user_info, logout, revoke) http_502, garbage, drop_before, drop_after, slow:<ms>, server_error,
            temporarily_unavailable, slow_down; auth: no_refresh_token (the old one stays good), bare (no scope, state,
            id_token; numbers as text). Fewer rights: vk/settings, app_rights
    upload  (product, album) http_500, http_502, garbage, drop, bad_image, timeout:<ms>, slow:<ms>;
            received: truncated, drop_after
    evotor  (stores, store, groups, group, products, product) 401, 402, 403, 404, 429, 500, 502, 503, slow:<ms>,
            truncated, html, drop; lists: empty_page, repeat_cursor, null_cursor, cut (the second page is 500),
            empty_list, partial (half of the list, which looks whole)

A fault that names a method is met by its calls within an `execute`, too; where it leaves no answer, the whole request
has none, and the calls before it stand.

Without `times` a fault stays until it is cleared; `after` lets the first N matching calls through.

Chaos: each call of VK's API, each upload and each call of Evotor meets, with that probability and independently of the
others, one fault of the kinds (all, if none are named). The same seed and the same calls give the same faults. Where a
fault may strike before or after the change is stored, chance decides; half of the changes whose answers are lost lag
as well. What an active fault spoils first, chaos cannot.

    vk      http_500, http_502, garbage, truncated, timeout, drop_before, drop_after, unknown (code 1), too_many (6),
            flood (9), internal (10), rate_limit (29), lag (lists trail a write by up to `lag` seconds), half
    upload  http_500, http_502, garbage, truncated, timeout, drop, drop_after
    evotor  500, 502, 503, 429 (Retry-After: 1), truncated, html, drop; first pages of lists: cut, empty_list, partial
"""

from dataclasses import asdict

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from app.sandbox.chaos import Chaos
from app.sandbox.control import data  # noqa: F401 (its actions register themselves)
from app.sandbox.control.actions import ACTIONS, action, set_fields
from app.sandbox.documents import Json
from app.sandbox.evotor.state import EvotorToken
from app.sandbox.evotor.webhooks import hint
from app.sandbox.faults import FaultError
from app.sandbox.state import CallLog, World
from app.sandbox.vk.render import album_size, availability, hundredths
from app.sandbox.vk.state import Club, Item

blueprint = Blueprint("control", __name__, url_prefix="/_control")


@blueprint.post("/<path:name>")
def change(name: str) -> Response:
    world: World = current_app.config["WORLD"]
    if name not in ACTIONS:
        raise NotFound
    body = request.get_json(silent=True) or {}
    try:
        with world.lock:
            answer = ACTIONS[name](world, body)
        if name == "evotor/products":
            hint(world, body["store"], [*body.get("upsert", []), *body.get("patch", [])])
        return jsonify(answer)
    except (FaultError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest(f"{type(error).__name__}: {error}") from None


@action("reset")
def reset(world: World, _body: Json) -> Json:
    world.reset()
    return {"ok": True}


@action("snapshot")
def keep_snapshot(world: World, _body: Json) -> Json:
    world.snapshot()
    return {"ok": True}


@action("restore")
def restore_snapshot(world: World, _body: Json) -> Json:
    world.restore()
    return {"ok": True}


@action("chaos")
def set_chaos(world: World, body: Json) -> Json:
    world.faults.chaos = Chaos(**body)
    return asdict(world.faults.chaos)


@action("faults")
def add_fault(world: World, body: Json) -> Json:
    return asdict(world.faults.add(body))


@action("clock")
def move_clock(world: World, body: Json) -> Json:
    if "freeze" in body:
        world.clock.freeze(bool(body["freeze"]))
    world.clock.advance(float(body.get("advance", 0)))
    return {"now": world.clock.now()}


@action("rate")
def set_rate(world: World, body: Json) -> Json:
    return set_fields(world.vk.settings, {f"{kind}_calls_per_second": int(number) for kind, number in body.items()})


@action("limits")
def set_limits(world: World, body: Json) -> Json:
    return set_fields(world.vk.limits, body)


@action("calls/reset")
def reset_calls(world: World, _body: Json) -> Json:
    world.calls = CallLog()
    return {"ok": True}


@action("vk/settings")
def set_vk(world: World, body: Json) -> Json:
    return set_fields(world.vk.settings, body)


@action("evotor/settings")
def set_evotor(world: World, body: Json) -> Json:
    settings = dict(body)
    for text, facts in settings.pop("tokens", {}).items():
        if facts is None:
            world.evotor.tokens.pop(text, None)
        elif text in world.evotor.tokens:
            set_fields(world.evotor.tokens[text], facts)
        else:
            world.evotor.tokens[text] = EvotorToken(**facts)
    return set_fields(world.evotor, settings)


@blueprint.get("/faults")
def show_faults() -> Response:
    world: World = current_app.config["WORLD"]
    return jsonify(world.faults.describe())


@blueprint.delete("/faults")
def clear_faults() -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        world.faults.clear(request.args.get("id", type=int))
    return jsonify({"ok": True})


@blueprint.get("/chaos")
def show_chaos() -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        return jsonify(asdict(world.faults.chaos))


@blueprint.get("/clock")
def show_clock() -> Response:
    world: World = current_app.config["WORLD"]
    return jsonify({"now": world.clock.now()})


@blueprint.get("/calls")
def show_calls() -> Response:
    world: World = current_app.config["WORLD"]
    wanted = {name: request.args[name] for name in ("service", "target") if name in request.args}
    limit = request.args.get("limit", 1000, type=int)
    with world.lock:
        entries = [entry for entry in world.calls.entries if wanted.items() <= entry.items()]
        return jsonify({**_counters(world), "entries": entries[-limit:]})


def _counters(world: World) -> Json:
    log = world.calls
    return {
        "calls": dict(log.counts),
        "inner_calls": dict(log.inner),
        "writes": log.writes,
        "writes_by_method": dict(log.stored),
        "peak_per_second": log.peak_per_second,
    }


@blueprint.get("/dump")
def dump() -> Response:
    world: World = current_app.config["WORLD"]
    only = request.args.get("club", type=int)
    with world.lock:
        clubs = {str(club.id): _club(club) for club in world.vk.clubs.values() if only in {None, club.id}}
        answer = {
            "vk": {"clubs": clubs},
            **_counters(world),
            "faults": world.faults.describe(),
            "now": world.clock.now(),
        }
        return jsonify(answer)


def _club(club: Club) -> Json:
    return {
        "name": club.name,
        "market_type": club.market_type,
        "market_enabled": club.market_enabled,
        "items": [_item(club, club.items[item_id]) for item_id in club.item_order],
        "albums": [
            {
                "id": album.id,
                "title": album.title,
                "count": album_size(club, album),
                "item_ids": list(album.item_ids),
                "photo_id": album.photo_id,
                "is_hidden": album.is_hidden,
                "is_main": album.id == club.main_album_id,
                "foreign": album.foreign,
                "api_writes": album.api_writes,
            }
            for album in club.albums.values()
        ],
    }


def _item(club: Club, item: Item) -> Json:
    same = ("id", "name", "description", "category_id", "sku", "stock_amount", "url", "hidden", "foreign", "api_writes")
    return {
        **{name: getattr(item, name) for name in same},
        "price": f"{item.price:.2f}",
        "price_hundredths": hundredths(item.price),
        "deleted": item.deleted_at is not None,
        "availability": availability(club, item),
        "photo_id": item.main_photo_id,
        "photo_ids": list(item.photo_ids),
        "album_ids": list(item.album_ids),
        "rejected": item.reject_info is not None,
    }


@blueprint.get("/evotor/data")
def evotor_data() -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        return jsonify(
            {
                account.user_id: {
                    store_id: {
                        "store": store.about,
                        "groups": list(store.groups.values()),
                        "products": list(store.products.values()),
                    }
                    for store_id, store in account.stores.items()
                }
                for account in world.evotor.accounts.values()
            }
        )
