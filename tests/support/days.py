"""The tiny shop a day later, when the market is read again."""

from app.models import RunStatus
from app.services.market import owner_answers
from tests.support.sandbox import CLUB
from tests.support.shop import Shop


def next_day(shop: Shop) -> None:
    shop.forget_calls()
    shop.clock.move(days=1, minutes=1)
    assert shop.run().status == RunStatus.SUCCEEDED


def rests(shop: Shop) -> None:
    next_day(shop)
    assert shop.writes() == 0


def deleted_by_hand(shop: Shop) -> int:
    """The listing's id, of which the owner is asked."""
    shop.run()
    shop.sandbox.control("vk/items", club=CLUB, delete=[shop.item("P1")["id"]])
    next_day(shop)
    (row,) = owner_answers.market_review(shop.owner).gone
    assert row.product_id == "P1"
    return row.id
