"""What the database refuses in the middle of a run: whether the owner's pages can have done it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.domain.listing.key import ListingKey
from app.models import RunStatus, RunTrigger, User
from app.services.engine.failures import end_after_unforeseen
from app.services.market.records import new_listing
from app.services.runs import claims
from tests.factories import make_user

GROUP = 777000111
P1, P2 = ListingKey("S1", "P1"), ListingKey("S1", "P2")


@pytest.fixture
def user(app_on_each_database: Flask) -> User:
    return make_user()


def refused(user: User, *rows: tuple[ListingKey, dict[str, Any]]) -> IntegrityError:
    for key, fields in rows:
        row = new_listing(user.id, GROUP, key)
        for name, value in fields.items():
            setattr(row, name, value)
    with pytest.raises(IntegrityError) as caught:
        db.session.flush()
    db.session.rollback()
    return caught.value


def end_of(user: User, error: IntegrityError) -> tuple[str, str | None]:
    db.session.refresh(user)
    run = claims.claim(user.id, RunTrigger.SCHEDULE, "worker") or pytest.fail("no run")
    end = end_after_unforeseen(error, user.id, run.id)
    return end.status, end.code


def test_what_both_wrote_was_changed_meanwhile(user: User) -> None:
    error = refused(user, (P1, {}), (P1, {}))
    assert end_of(user, error) == (RunStatus.CONTINUED, "changed_meanwhile")


@pytest.mark.parametrize(
    "rows", [((P1, {"vk_item_id": 5}), (P2, {"vk_item_id": 5})), ((P1, {"state": "no such"}),)], ids=["item", "state"]
)
def test_what_no_page_of_the_owners_does_is_a_fault(user: User, rows: Any) -> None:
    assert end_of(user, refused(user, *rows)) == (RunStatus.FAILED, "internal")
