"""Which index answers what the pages of the synchronisation count among the listings, on both databases."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain.planning.changes import LinkState
from app.models import Listing, User
from app.services.market import refusals
from app.services.market.refusals import Refusal, Refused
from app.services.owner import shop_window
from app.services.owner.shop_window import ListingCounts
from app.services.vendors.faults import UNREACHABLE
from tests.factories import make_user
from tests.support.statements import noted_statements, plan_of

GROUP = 7
COUNTED, REFUSED, BY_ALBUM, REJECTED = (
    f"ix_listings_{name}" for name in ("counted", "refused", "refused_by_album", "rejected")
)
ATTEMPTED = datetime(2026, 11, 1)
NOT_ADDED: dict[str, Any] = {"state": LinkState.ADDING, "vk_item_id": None, "attempted_at": None}
ODD: tuple[dict[str, Any], ...] = (
    {"state": LinkState.HIDDEN},
    {"state": LinkState.GONE},
    {"state": LinkState.GONE, "gone_answered": True},
    {"state": LinkState.GONE, "out_since": ATTEMPTED},
    {"state": LinkState.GONE, "error_code": "vk_15", "album_error": "vk_15"},
    {"state": LinkState.ADDING, "vk_item_id": None, "attempted_at": ATTEMPTED, "error_code": "vk_10"},
    {**NOT_ADDED, "error_code": "vk_1405", "failed_digest": "x"},
    {**NOT_ADDED, "error_code": "vk_1405", "failed_digest": "y"},
    {"error_code": "vk_1405"},
    {"error_code": UNREACHABLE},
    {"album_error": "vk_1418"},
    {"rejection": {"title": "Нельзя", "description": ""}},
    {"rejection": {"title": "Нельзя", "description": ""}, "state": LinkState.HIDDEN},
)
ORDINARY = 1000
SENT = {"description": "Black tea " * 100}
"""A listing is as wide as what was sent."""


@pytest.fixture
def user(app: Flask) -> User:
    return shop()


@pytest.fixture
def user_on_postgres(app_on_postgres: Flask) -> User:
    user = shop()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE listings"))  # as autovacuum does
    return user


def shop() -> User:
    """Many ordinary items, and some of which there is something to tell."""
    user = make_user()
    for place, fields in enumerate([*ODD, *[{}] * ORDINARY]):
        listed = {"state": LinkState.LIVE, "vk_item_id": place, "attempted_at": ATTEMPTED, "sent": SENT, **fields}
        db.session.add(
            Listing(user_id=user.id, vk_group_id=GROUP, store_id="S1", product_id=f"P{place}", sku="", **listed)
        )
    db.session.commit()
    return user


def plan(ask: Callable[[int, int], object], user: User) -> str:
    """Of the one statement about listings with which it is asked."""
    with noted_statements(lambda statement: "FROM listings" in statement) as seen:
        ask(user.id, GROUP)
    (asked,) = seen
    return plan_of(*asked)


def test_sqlite_counts_by_an_index_alone(user: User) -> None:
    steps = plan(shop_window.listing_counts, user).split("\n")
    search = f"SEARCH listings USING COVERING INDEX {COUNTED} (user_id=? AND vk_group_id=? AND state=?)"
    others = [search.replace("vk_group_id=? AND state=?", f"vk_group_id{sign}?") for sign in "<>"]
    assert [step for step in steps if "listings" in step] == [search, search, *others]


def test_sqlite_reads_only_what_was_refused(user: User) -> None:
    steps = plan(refusals.refused, user)
    assert f"USING COVERING INDEX {REFUSED} (" in steps
    assert f"USING COVERING INDEX {BY_ALBUM} (" in steps
    assert f"USING INDEX {REJECTED} (" in steps
    assert steps.count("listings USING") == 3


def test_postgres_counts_by_an_index(user_on_postgres: User) -> None:
    steps = plan(shop_window.listing_counts, user_on_postgres)
    assert f"Index Only Scan using {COUNTED}" in steps


def test_postgres_reads_only_what_was_refused(user_on_postgres: User) -> None:
    steps = plan(refusals.refused, user_on_postgres)
    assert all(index in steps for index in (REFUSED, BY_ALBUM, REJECTED))
    assert "Seq Scan" not in steps


@pytest.mark.parametrize("fixture", ["user", "user_on_postgres"])
def test_each_database_counts_the_same(request: pytest.FixtureRequest, fixture: str) -> None:
    user = request.getfixturevalue(fixture)

    live, hidden = ORDINARY + 4, 2
    assert shop_window.listing_counts(user.id, GROUP) == ListingCounts(
        live=live, hidden=hidden, items=live + hidden, lost=1, asked_about=2
    )
    found = refusals.refused(user.id, GROUP)
    assert sorted(found.items, key=str) == [Refusal("vk_1405", False, True, 1), Refusal("vk_1405", True, False, 2)]
    assert found == Refused(found.items, albums={"vk_1418": 1}, rejected=1)


def test_another_community_and_another_owner_count_for_themselves(user: User) -> None:
    other = make_user("other@example.ru")

    for user_id, group_id, elsewhere in ((user.id, GROUP + 1, ORDINARY + 4), (other.id, GROUP, 0)):
        assert shop_window.listing_counts(user_id, group_id) == ListingCounts(elsewhere=elsewhere)
        assert refusals.refused(user_id, group_id) == Refused([], {}, 0)
