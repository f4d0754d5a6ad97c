"""The tiny shop's stores, and the window after a read of the register that proves nothing."""

from app.db import db
from app.models import CatalogStore
from tests.support.lost_answers import ALL
from tests.support.shop import TINY, Shop

OTHER = "20260101-BBBB-4BBB-80CC-000000000002"


def store(store_id: str = TINY) -> CatalogStore:
    db.session.remove()
    return db.session.query(CatalogStore).filter_by(store_id=store_id).one()


def nothing_was_taken_away(shop: Shop, **changed: str) -> None:
    assert shop.prices() == {**ALL, **changed}
    assert shop.calls("market.delete") == 0
