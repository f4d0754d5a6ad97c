"""Links held against a market that was read."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.market.items import Album, Availability, MarketItem, OddItems
from app.domain.planning.changes import LinkState
from app.models import AlbumState, Listing, SyncState, User, VkAlbum
from app.services.market import albums as market_albums
from app.services.market import links
from app.services.market.records import MarketRecords, new_listing
from tests.factories import make_user

GROUP = 777000111
P1, P2 = ListingKey("S1", "P1"), ListingKey("S1", "P2")
OTHER_P1 = ListingKey("S2", "P1")


@pytest.fixture
def user(app_on_each_database: Flask) -> User:
    return make_user()


def item(item_id: int, sku: str = "ev:P1", **fields: object) -> MarketItem:
    usual: dict[str, object] = {
        "title": "Чай",
        "description": "Чай травяной",
        "price": Decimal("10.00"),
        "category_id": 1,
        "availability": Availability.AVAILABLE,
    }
    return MarketItem(id=item_id, sku=sku, **(usual | fields))  # type: ignore[arg-type]  # a test's own fields


def linked(user: User, key: ListingKey, item_id: int | None, **fields: object) -> dict[ListingKey, Listing]:
    row = new_listing(user.id, GROUP, key)
    row.vk_item_id = item_id
    for name, value in fields.items():
        setattr(row, name, value)
    db.session.flush()
    return {key: row}


def reconcile(user: User, items: list[MarketItem], listings: dict[ListingKey, Listing]) -> list[int]:
    records = MarketRecords(user.id, GROUP, listings)
    return [duplicate.id for duplicate in links.reconcile_items(records, items, {P1, P2})]


def test_items_are_linked_as_vk_shows_them(user: User) -> None:
    listings: dict[ListingKey, Listing] = {}

    assert reconcile(user, [item(7), item(8, "ev:P2", availability=Availability.HIDDEN, price=None)], listings) == []

    assert {key: (row.vk_item_id, row.state) for key, row in listings.items()} == {
        P1: (7, LinkState.LIVE),
        P2: (8, LinkState.HIDDEN),
    }
    assert listings[P1].sent["price"] == "10.00"
    assert "price" not in listings[P2].sent, "unknown, so it is sent again"


@pytest.mark.parametrize("sku", ["", "P1", "EV:P1", "ev:", "ev:P3", "ev:p1", " ev:P1x"])
def test_strangers_are_left_alone(user: User, sku: str) -> None:
    listings: dict[ListingKey, Listing] = {}

    assert reconcile(user, [item(7, sku)], listings) == []

    assert listings == {}


def test_a_removed_item_is_nobodys(user: User) -> None:
    listings: dict[ListingKey, Listing] = {}

    assert reconcile(user, [item(7, availability=Availability.REMOVED)], listings) == []

    assert listings == {}


def test_the_linked_item_stays_and_its_visible_duplicates_are_named(user: User) -> None:
    listings = linked(user, P1, 9, state=LinkState.LIVE)
    hidden = item(8, availability=Availability.HIDDEN)

    assert reconcile(user, [item(7), hidden, item(9), item(10)], listings) == [7, 10]

    assert listings[P1].vk_item_id == 9


def test_the_lowest_of_unlinked_duplicates_is_linked(user: User) -> None:
    listings = linked(user, P1, None, state=LinkState.ADDING)

    assert reconcile(user, [item(9), item(7), item(8)], listings) == [8, 9]

    assert listings[P1].vk_item_id == 7


def test_the_listing_that_was_being_added_comes_first(user: User) -> None:
    listings = linked(user, OTHER_P1, None, state=LinkState.ADDING, attempted_at=utcnow())

    reconcile(user, [item(7)], listings)

    assert listings[OTHER_P1].vk_item_id == 7
    assert P1 not in listings


def test_an_item_of_a_product_that_left_the_catalog_is_still_ours_by_its_link(user: User) -> None:
    listings = linked(user, ListingKey("S1", "GONE"), None, state=LinkState.ADDING)

    reconcile(user, [item(7, "ev:GONE")], listings)

    assert listings[ListingKey("S1", "GONE")].vk_item_id == 7


def test_an_item_leaves_the_listing_of_the_former_owner(user: User) -> None:
    former = make_user("former@example.ru")
    linked(former, P1, 7, state=LinkState.LIVE)
    linked(former, P2, 8, state=LinkState.LIVE)
    listings: dict[ListingKey, Listing] = {}

    reconcile(user, [item(7)], listings)
    db.session.commit()

    assert [(row.user_id, row.vk_item_id) for row in db.session.query(Listing).order_by(Listing.vk_item_id)] == [
        (user.id, 7),
        (former.id, 8),
    ]


def test_an_add_is_given_up_only_after_its_wait(user: User) -> None:
    now = utcnow()
    waiting = linked(user, P1, None, attempted_at=now, retry_after=now + timedelta(seconds=1))[P1]
    over = linked(user, P2, None, attempted_at=now, retry_after=now)[P2]

    links.settle_lost([waiting, over], now)

    assert waiting.attempted_at == now
    assert (over.attempted_at, over.retry_after) == (None, None)


def test_an_add_that_an_unreadable_item_may_be_is_held_for_a_day_and_until_that_is_gone(user: User) -> None:
    now = utcnow()
    row = linked(user, P1, None, attempted_at=now, retry_after=now, failed_digest="old", error_code="vk_10")[P1]
    anything = OddItems(frozenset({""}))

    links.settle_lost([row], now, anything)

    assert row.is_withheld
    assert (row.attempted_at, row.retry_after) == (None, now + timedelta(hours=1))
    links.settle_lost([row], now + timedelta(hours=1), anything)
    assert row.retry_after == now + timedelta(days=1, hours=1)
    links.settle_lost([row], now + timedelta(hours=2))
    assert not row.is_withheld


def test_a_refused_add_waits_for_no_unreadable_item(user: User) -> None:
    now = utcnow()
    row = linked(user, P1, None, attempted_at=None, retry_after=now, failed_digest="old")[P1]
    links.settle_lost([row], now, OddItems(frozenset({""})))
    assert row.retry_after is None


# Albums


def album_row(user: User, title: str, album_id: int | None, **fields: object) -> VkAlbum:
    row = market_albums.new_album(user.id, GROUP, title)
    row.vk_album_id, row.state = album_id, AlbumState.LIVE if album_id else AlbumState.ADDING
    for name, value in fields.items():
        setattr(row, name, value)
    db.session.flush()
    return row


def titles(user: User) -> dict[str, int | None]:
    db.session.commit()
    return {row.title: row.vk_album_id for row in market_albums.album_rows(user.id, GROUP).values()}


def test_a_lost_album_is_found_but_never_a_foreign_one(user: User) -> None:
    now = utcnow()
    lost = {"attempted_at": now, "retry_after": now + timedelta(seconds=1)}
    album_row(user, "Чай", None, strangers=[1], **lost)
    album_row(user, "Мёд", None, strangers=[2], **lost)

    market_albums.reconcile_albums(user.id, GROUP, [Album(1, "Чай"), Album(2, "Мёд"), Album(3, "Чай")], now)

    assert titles(user) == {"Чай": 3, "Мёд": None}
    assert db.session.query(SyncState).one().foreign_albums == 2


def test_an_album_that_nobody_can_find_after_its_wait_is_given_up(user: User) -> None:
    now = utcnow()
    album_row(user, "Чай", None, retry_after=now)
    album_row(user, "Мёд", None, retry_after=now + timedelta(seconds=1))

    market_albums.reconcile_albums(user.id, GROUP, [], now)

    assert titles(user) == {"Мёд": None}


def test_an_album_that_is_gone_is_forgotten_unless_it_is_new(user: User) -> None:
    now = utcnow()
    album_row(user, "Чай", 1, attempted_at=now - timedelta(minutes=5))
    album_row(user, "Мёд", 2, attempted_at=now)
    row = linked(user, P1, 7, state=LinkState.LIVE, album="Чай")[P1]

    market_albums.reconcile_albums(user.id, GROUP, [], now)

    assert titles(user) == {"Мёд": 2}
    assert row.album is None


def test_albums_follow_the_community_to_its_new_owner(user: User) -> None:
    former = make_user("former@example.ru")
    album_row(former, "Чай", 1)

    market_albums.reconcile_albums(user.id, GROUP, [Album(1, "Чай"), Album(2, "Подарки")], utcnow())

    assert titles(user) == {"Чай": 1}
    assert titles(former) == {}


def relink(user: User, albums: list[Album], wanted: dict[str, str], standing: dict[str, int]) -> None:
    items = [item(number, sku, album_ids=(standing[sku],)) for number, sku in enumerate(standing, 1)]
    market_albums.relink_albums(user.id, GROUP, albums, items, wanted)


def test_a_lost_record_of_an_album_is_found_by_what_its_groups_are_called(user: User) -> None:
    relink(user, [Album(5, "Чай")], {"ev:P1": "ЧАЙ", "ev:P2": "Чай"}, {"ev:P1": 5, "ev:P2": 5})

    assert titles(user) == {"Чай": 5}


def test_lost_records_of_two_albums_of_one_name_are_both_found(user: User) -> None:
    albums = [Album(5, "Чай"), Album(6, "ЧАЙ"), Album(7, "Чай")]
    wanted = {"ev:P1": "Чай", "ev:P2": "ЧАЙ", "ev:P3": "чай", "ev:P4": "Сыр"}

    relink(user, albums, wanted, {"ev:P1": 5, "ev:P2": 6, "ev:P3": 7, "ev:P4": 5})

    assert titles(user) == {"Чай": 5, "ЧАЙ": 6}
