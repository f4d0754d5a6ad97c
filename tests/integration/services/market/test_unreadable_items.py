"""Items of the market that VK sends without an id that can be read."""

import json
from collections.abc import Callable

from app.clients.http import Response
from app.db import db
from app.domain.planning.changes import Reason
from app.models import Listing, RunStatus
from app.services.pages.goods import product
from app.services.planning import plans
from tests.support.shop import TINY, Shop


def without_id_of(shop: Shop, product_id: str) -> None:
    def odd(call: Callable[[], Response]) -> Response:
        body = json.loads(call().body)
        for item in body["response"]["items"]:
            if item.get("sku") == f"ev:{product_id}":
                item["id"] = {}
        return Response(200, {}, json.dumps(body).encode())

    shop.on_call("/market.get", odd, times=1000)


def test_what_may_be_such_an_item_is_held_with_a_reason_and_never_added_twice(shop: Shop) -> None:
    shop.run()
    before = shop.prices()
    db.session.query(Listing).filter_by(product_id="P1").delete()
    db.session.commit()
    without_id_of(shop, "P1")
    shop.forget_calls()

    first, second = shop.run(), shop.run()

    assert (first.status, second.status, shop.writes()) == (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED, 0)
    assert product.product_page(shop.owner, TINY, "P1").problem is Reason.UNREADABLE_ITEM
    for _ in range(2):
        shop.clock.move(days=1, minutes=1)
        assert shop.run().status == RunStatus.SUCCEEDED
        assert list(plans.plan_for(shop.owner).skipped.values()) == [Reason.UNREADABLE_ITEM]
    assert shop.writes() == 0
    shop.stop_hooks()
    shop.clock.move(days=1, minutes=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (shop.prices(), shop.writes()) == (before, 0)
    assert product.product_page(shop.owner, TINY, "P1").problem is None
