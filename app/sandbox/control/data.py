"""Control actions that change the data as Evotor's or the community's owner would."""

from decimal import Decimal

from werkzeug.exceptions import NotFound

from app.sandbox.control.actions import action, set_fields
from app.sandbox.documents import Json
from app.sandbox.evotor.api import timestamp
from app.sandbox.evotor.state import EvotorAccount, EvotorStore
from app.sandbox.state import World
from app.sandbox.vk.market import REJECTED
from app.sandbox.vk.state import RIGHTS, Album, Club, Item, VkToken


@action("evotor/products")
def change_products(world: World, body: Json) -> Json:
    store = _store(world, body)
    return _change_entities(world, store, store.products, body)


@action("evotor/groups")
def change_groups(world: World, body: Json) -> Json:
    store = _store(world, body)
    return _change_entities(world, store, store.groups, body)


def _store(world: World, body: Json) -> EvotorStore:
    store = world.evotor.find_store(body["store"])
    if store is None:
        raise NotFound(f"no store {body['store']}")
    return store


def _change_entities(world: World, store: EvotorStore, entities: dict[str, Json], body: Json) -> Json:
    now = timestamp(world.clock.now())
    owned = {"store_id": store.about["id"], "user_id": store.about["user_id"], "created_at": now}
    for entity in body.get("upsert", []):
        entities[entity["id"]] = {**owned, "updated_at": now, **entity}
    for patch in body.get("patch", []):
        merged = {**entities[patch["id"]], "updated_at": now, **patch}
        entities[patch["id"]] = {name: value for name, value in merged.items() if value is not None}
    for entity_id in body.get("delete", []):
        del entities[entity_id]
    return {"count": len(entities)}


@action("evotor/stores")
def change_stores(world: World, body: Json) -> Json:
    account = world.evotor.accounts.setdefault(body["account"], EvotorAccount(body["account"]))
    now = timestamp(world.clock.now())
    for given in body.get("upsert", []):
        about = {"user_id": account.user_id, "created_at": now, "updated_at": now, **given}
        known = account.stores.setdefault(about["id"], EvotorStore(about))
        known.about = about
    for patch in body.get("patch", []):
        account.stores[patch["id"]].about.update(patch, updated_at=now)
    for store_id in body.get("delete", []):
        del account.stores[store_id]
    return {"count": len(account.stores)}


@action("vk/items")
def change_items(world: World, body: Json) -> Json:
    club = world.vk.clubs[int(body["club"])]
    added = [_add_by_hand(world, club, facts) for facts in body.get("add", [])]
    for facts in body.get("edit", []):
        _edit_by_hand(world, club, club.items[facts["id"]], facts)
    for item_id in body.get("delete", []):
        club.items[item_id].deleted_at = world.clock.now()
    for item_id in body.get("reject", []):
        club.items[item_id].reject_info = REJECTED
    for item_id in body.get("accept", []):
        club.items[item_id].reject_info = None
    return {"added": added}


def _add_by_hand(world: World, club: Club, facts: Json) -> int:
    now = world.clock.now()
    item = Item(world.vk.new_item_id(), "Товар", "Добавлен владельцем вручную.", 1, now, now, foreign=True)
    club.items[item.id] = item
    club.item_order.append(item.id)
    _edit_by_hand(world, club, item, facts)
    return item.id


def _edit_by_hand(world: World, club: Club, item: Item, facts: Json) -> None:
    values = {name: value for name, value in facts.items() if name != "id"}
    for name in ("price", "old_price"):
        if values.get(name) is not None:
            values[name] = Decimal(str(values[name]))
    for album_id in item.album_ids if "album_ids" in values else ():
        club.albums[album_id].item_ids.pop(item.id, None)
    for name in {"album_ids", "photo_ids", "video_ids"} & values.keys():
        values[name] = tuple(values[name])
    set_fields(item, values)
    item.updated_at = world.clock.now()
    for album_id in item.album_ids:
        club.albums[album_id].item_ids[item.id] = None


@action("vk/albums")
def change_albums(world: World, body: Json) -> Json:
    club = world.vk.clubs[int(body["club"])]
    added = []
    for title in body.get("add", []):
        club.albums[club.next_album_id] = Album(club.next_album_id, title, world.clock.now(), foreign=True)
        added.append(club.next_album_id)
        club.next_album_id += 1
    for album_id in body.get("delete", []):
        for item_id in club.albums.pop(album_id).item_ids:
            item = club.items[item_id]
            item.album_ids = tuple(other for other in item.album_ids if other != album_id)
    return {"added": added}


@action("vk/clubs")
def change_club(world: World, body: Json) -> Json:
    values = dict(body)
    club_id = int(values.pop("id"))
    club = world.vk.clubs.setdefault(club_id, Club(club_id, f"Сообщество {club_id}", f"club{club_id}"))
    if "levels" in values:
        values["levels"] = {int(user_id): level for user_id, level in values["levels"].items()}
    return set_fields(club, values)


@action("vk/tokens")
def change_token(world: World, body: Json) -> Json:
    values = dict(body)
    if values.pop("revoke", False):
        del world.vk.tokens[values["value"]]
        return {"ok": True}
    token = world.vk.tokens.setdefault(values["value"], VkToken(values["value"]))
    if "rights" in values:
        values["rights"] = sum(RIGHTS[name] for name in set(values["rights"]))
    if "expires_in" in values:
        values["expires_at"] = world.clock.now() + values.pop("expires_in")
    return set_fields(token, values)
