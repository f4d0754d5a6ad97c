"""Who the token belongs to and which communities it reaches (docs/contracts/vk.md §2.5 and §3)."""

from collections.abc import Callable
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.vk.call import Call
from app.sandbox.vk.params import VkError
from app.sandbox.vk.render import hundredths
from app.sandbox.vk.state import Club, Item

FILTER_LEVELS = {"admin": 3, "editor": 2, "moder": 1, "advertiser": 3, "groups": 0, "publics": 0, "events": 9}
NAME_CASES = frozenset({"Nom", "Gen", "Dat", "Acc", "Ins", "Abl", "nom", "gen", "dat", "acc", "ins", "abl"})


def get_groups(call: Call) -> Json:
    if call.get("user_id", call.token.user_id) != call.token.user_id:
        raise VkError(260)
    wanted = call.get("filter") or ["groups"]
    if unknown := [word for word in wanted if word not in {*FILTER_LEVELS, "has_addresses"}]:
        raise VkError(100, f"filter is invalid: {unknown[0]}")
    level = min(FILTER_LEVELS.get(word, 9) for word in wanted)
    clubs = [club for club in call.world.vk.clubs.values() if club.levels.get(call.token.user_id, -1) >= level]
    offset = call.get("offset", 0)
    page = clubs[offset : offset + call.get("count", 1000)]
    if not call.get("extended"):
        return {"count": len(clubs), "items": [club.id for club in page]}
    return {"count": len(clubs), "items": [_group(call, club) for club in page]}


def get_groups_by_id(call: Call) -> Json:
    wanted = call.get("group_ids") or [name for name in [call.get("group_id")] if name]
    if not wanted and call.token.kind == "group":
        wanted = [str(call.token.group_id)]
    if not wanted:
        raise VkError(100, "group_id is undefined")
    clubs = {name: club for club in call.world.vk.clubs.values() for name in (str(club.id), club.screen_name)}
    if unknown := [name for name in wanted if name not in clubs]:
        raise VkError(100, f"group_ids is invalid: {unknown[0]}")
    return {"groups": [_group(call, clubs[name]) for name in wanted], "profiles": []}


def _group(call: Call, club: Club) -> Json:
    level = club.levels.get(call.token.user_id, 0) if call.token.kind == "user" else 0
    group: Json = {
        "id": club.id,
        "name": club.name,
        "screen_name": club.screen_name,
        "is_closed": 0,
        "type": "page",
        "is_admin": int(level > 0),
        "is_member": int(call.token.user_id in club.levels),
        "is_advertiser": int(level == 3),
        **{f"photo_{size}": f"{call.base_url}ui/club{club.id}.svg" for size in (50, 100, 200)},
    }
    if level:
        group["admin_level"] = level
    extra: dict[str, Callable[[], Any]] = {
        "market": lambda: _market(call, club),
        "members_count": lambda: 1200 + club.id % 97,
        "has_market_app": lambda: False,
        "description": lambda: "",
    }
    return {**group, **{name: make() for name, make in extra.items() if name in call.get("fields", [])}}


def _market(call: Call, club: Club) -> Json:
    if not club.market_enabled:
        return {"enabled": 0}
    prices = [hundredths(item.price) for item in _on_sale(club)]
    return {
        "enabled": 1,
        "type": club.market_type,
        "contact_id": next(iter(club.levels), call.token.user_id),
        "currency": club.currency,
        "currency_text": "руб." if club.currency["id"] == 643 else club.currency["name"],
        "main_album_id": club.main_album_id,
        "price_min": str(min(prices, default=0)),
        "price_max": str(max(prices, default=0)),
    }


def _on_sale(club: Club) -> list[Item]:
    return [item for item in club.items.values() if item.deleted_at is None and not item.hidden]


def get_users(call: Call) -> list[Json]:
    if call.get("name_case", "Nom") not in NAME_CASES:
        raise VkError(100, "name_case is invalid")
    if "user_ids" not in call.values:
        wanted = [str(call.token.user_id)] if call.token.kind == "user" else []
    else:
        wanted = call.values["user_ids"]
    users = [call.world.vk.users.get(int(text)) for text in wanted if text.isdigit()]
    return [
        {
            "id": user.id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "can_access_closed": True,
            "is_closed": False,
        }
        for user in users
        if user is not None
    ]


def get_app_permissions(call: Call) -> int:
    if call.get("user_id", call.token.user_id) != call.token.user_id:
        raise VkError(113)
    return call.token.rights


HANDLERS: dict[str, Callable[[Call], Any]] = {
    "groups.get": get_groups,
    "groups.getById": get_groups_by_id,
    "users.get": get_users,
    "account.getAppPermissions": get_app_permissions,
}
