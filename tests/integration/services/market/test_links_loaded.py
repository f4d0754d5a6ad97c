"""Links for pages come without the rows of the listings, and are the same."""

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.domain.planning.changes import LinkState
from app.models import Listing
from app.services.market.records import load_links, load_listings, to_link
from tests.factories import make_user
from tests.support.clock import NOON

GROUP = 7
STANDS: dict[str, Any] = {
    "state": "live",
    "vk_item_id": 5,
    "sent": {"name": "Чай «Гора»", "price": "1.00", "deleted": 0},
}
KINDS: dict[str, dict[str, Any]] = {
    "live": {**STANDS, "photo_hash": "f" * 32, "album": "Чай", "album_intent": "Кофе", "keeps_photo": True},
    "hidden": {**STANDS, "state": "hidden", "out_since": NOON, "hide_approved": True, "evotor_has_it": True},
    "changed by hand": {**STANDS, "drift": {"name": "Чай", "photo": 3}, "is_adopted": True},
    "refused": {"state": "adding", "failed_digest": "d", "error_code": "100", "retry_after": NOON},
    "lost": {"state": "adding", "attempted_at": NOON, "retry_after": NOON},
    "withheld": {"state": "adding", "retry_after": NOON},
    "deleted a moment ago": {**STANDS, "deleted_at": NOON},
    "gone": {**STANDS, "state": "gone"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_the_link_that_the_row_stands_for(app_on_each_database: Flask, kind: str) -> None:
    user = make_user()
    key = {"user_id": user.id, "vk_group_id": GROUP, "store_id": "S1", "product_id": "P1"}
    usual = {"sku": "ev:P1", "name": "Чай", "sent": {}}
    db.session.add(Listing(**(key | usual | KINDS[kind])))
    db.session.commit()

    (row,) = load_listings(user.id, GROUP).values()
    links = load_links(user.id, GROUP)
    assert links == {to_link(row).key: to_link(row)}
    assert [link.may_be_unreadable for link in links.values()] == [kind == "withheld"]
    assert [link.state is LinkState(row.state) for link in links.values()] == [kind != "deleted a moment ago"]
    assert load_links(user.id, GROUP + 1) == {}
