"""Wanted items, the records of them, and plans made from both."""

from datetime import datetime
from typing import Any

from app.domain.listing.key import ListingKey, Value
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.wanted import Wanted
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action, Change, Link, LinkState
from app.domain.planning.plan import Desired, Plan, make_plan

NOW = datetime(2026, 11, 23, 12, 0)
DAYS = 7
SETTINGS = OwnerSettings(remove_after_days=DAYS)
A, B, C = (ListingKey("S1", product_id) for product_id in "ABC")


def an_item(key: ListingKey = A, *, album: str | None = None, photo: str = "photo", **fields: Value) -> Wanted:
    usual: dict[str, Value] = {"name": f"Товар {key.product_id}", "price": "10.00", "deleted": 0}
    return Wanted(key, usual | fields, album=album, photo=photo)


def a_link(item: Wanted, item_id: int = 1, **facts: Any) -> Link:
    """The record of an item that stands in VK as wanted."""
    usual: dict[str, Any] = {
        "state": LinkState.HIDDEN if item.is_hidden else LinkState.LIVE,
        "name": str(item.fields["name"]),
        "item_id": item_id,
        "sent": item.fields,
        "photo": item.photo,
        "album": item.album,
    }
    return Link(item.key, **(usual | facts))


def hidden(link: Link, out_since: datetime | None = None) -> Link:
    return link._replace(state=LinkState.HIDDEN, sent={**link.sent, "deleted": 1}, out_since=out_since)


def desired(*items: Wanted, **more: Any) -> Desired:
    wanted = {item.key: item for item in items}
    return Desired(wanted, **({"unfit": {}, "known": {*wanted}, "whole_stores": frozenset({"S1"})} | more))


def plan(wanted: Desired, *links: Link, albums: Albums | None = None) -> Plan:
    return make_plan(wanted, {link.key: link for link in links}, albums or Albums(), SETTINGS, now=NOW)


def actions(made: Plan) -> list[Action]:
    return [change.action for change in made.changes]


def only(made: Plan) -> Change:
    assert len(made.changes) == 1, made.changes
    return made.changes[0]
