"""The owner's photos in VK: sent once, sent anew when they change, and never against the owner's own choice there."""

from pathlib import Path
from typing import Any

import pytest
import requests

from app.context import settings
from app.db import db
from app.domain.listing.fitness import SkipReason
from app.domain.listing.owner_settings import HandField
from app.models import Photo, Pictured, RunStatus
from app.services.market import owner_answers
from app.services.owner import settings as owner_settings
from app.services.pages.goods import store
from app.services.pages.goods.query import GoodsQuery, State
from app.services.photos import files, gallery
from app.services.photos.gallery import Subject
from app.services.planning import plans
from tests.support.pictures import BLUE, GREEN, opened, picture
from tests.support.sandbox import Sandbox
from tests.support.shop import TINY, Shop

CARD_SIZE, PHOTO_SIZE = [1280, 1706], [900, 1200]


def put(shop: Shop, entity_id: str, kind: Pictured = Pictured.PRODUCT, colour: Any = BLUE) -> Photo:
    return gallery.put(shop.owner, Subject(kind, TINY, entity_id), picture(colour=colour))


def remove(shop: Shop, entity_id: str, kind: Pictured = Pictured.PRODUCT) -> None:
    gallery.remove(shop.owner, Subject(kind, TINY, entity_id))


def choose(shop: Shop, **chosen: Any) -> None:
    owner_settings.change(shop.owner, **chosen)
    db.session.commit()


def size_in_vk(shop: Shop, product_id: str) -> list[int]:
    answer = requests.get(f"{shop.sandbox.url}/photos/{shop.item(product_id)['photo_id']}/x.jpg", timeout=10)
    return list(opened(answer.content).size)


def test_the_owners_photo_is_the_items_and_that_of_a_group_its_products(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    put(shop, "P1")
    put(shop, "G2", Pictured.GROUP)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [size_in_vk(shop, name) for name in ("P1", "P2", "P3")] == [PHOTO_SIZE, PHOTO_SIZE, CARD_SIZE]
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def test_another_photo_is_sent_anew_and_a_removed_one_gives_way_to_the_card(shop: Shop) -> None:
    shop.run()
    assert size_in_vk(shop, "P1") == CARD_SIZE
    seen = {shop.item("P1")["photo_id"]}
    for colour in (BLUE, GREEN):
        put(shop, "P1", colour=colour)
        shop.run()
        assert size_in_vk(shop, "P1") == PHOTO_SIZE
        seen.add(shop.item("P1")["photo_id"])
    remove(shop, "P1")
    shop.run()
    assert size_in_vk(shop, "P1") == CARD_SIZE
    assert len(seen) == 3


def test_a_photo_whose_file_is_lost_ends_no_run_and_comes_back_with_it(shop: Shop) -> None:
    made = put(shop, "P1")
    path = Path(settings().photo_dir) / str(shop.owner_id) / f"{made.digest}.jpg"
    path.rename(path.with_suffix(".away"))

    assert shop.run().status == RunStatus.SUCCEEDED
    assert size_in_vk(shop, "P1") == CARD_SIZE

    path.with_suffix(".away").rename(path)
    shop.run()
    assert size_in_vk(shop, "P1") == PHOTO_SIZE


def test_a_lost_folder_takes_no_photo_and_no_product_from_vk(shop: Shop) -> None:
    put(shop, "P1")
    put(shop, "G2", Pictured.GROUP, GREEN)
    shop.run()
    choose(shop, photo_required=True)
    shop.run()
    files.keep_only(shop.owner_id, ())

    shop.forget_calls()
    shop.run()

    assert shop.writes() == 0 and set(shop.prices()) == {"P1", "P2"}
    remove(shop, "P1")
    assert reasons(shop)["P1"] == SkipReason.NO_PHOTO


def test_a_photo_removed_while_the_run_goes_on_gives_way_to_the_card(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = put(shop, "P1")
    (Path(settings().photo_dir) / str(shop.owner_id) / f"{made.digest}.jpg").unlink()
    monkeypatch.setattr(files, "digests", lambda user_id: {made.digest})  # as it was when the plan was made

    assert shop.run().status == RunStatus.SUCCEEDED

    assert size_in_vk(shop, "P1") == CARD_SIZE


def test_whoever_edits_photos_in_vk_keeps_them(shop: Shop) -> None:
    shop.run()
    choose(shop, edited_in_vk=frozenset({HandField.PHOTO}))
    put(shop, "P1")
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


def reasons(shop: Shop) -> dict[str, str]:
    return {key.product_id: reason for key, reason in plans.plan_for(shop.owner).skipped.items()}


def test_where_photos_are_required_a_product_without_one_is_hidden_and_not_added(shop: Shop) -> None:
    put(shop, "G1", Pictured.GROUP)
    shop.run()
    choose(shop, photo_required=True)
    shop.put("P9")

    shop.run()

    assert shop.prices() == {"P1": "100.00"}
    assert reasons(shop) == {"P2": SkipReason.NO_PHOTO, "P3": SkipReason.NO_PHOTO, "P9": SkipReason.NO_PHOTO}
    shop.clock.move(days=30)
    shop.run()
    assert {item["sku"] for item in shop.sandbox.items()} == {"ev:P1", "ev:P2", "ev:P3"}

    put(shop, "P3")
    shop.run()
    assert set(shop.prices()) == {"P1", "P3"}


def test_the_catalog_says_the_same_as_the_plan(shop: Shop) -> None:
    shop.run()
    put(shop, "P3")
    choose(shop, photo_required=True)

    page = store.store_page(shop.owner, TINY, GoodsQuery(state=State.PROBLEM))

    assert {row.product.id: row.problem for row in page.page.items} == reasons(shop)


@pytest.fixture
def adopted(shop: Shop, sandbox: Sandbox) -> Shop:
    """P1 is an item that was there before, with a photo of its own."""
    shop.run()
    listing = shop.listing("P1")
    assert listing is not None
    listing.is_adopted = listing.keeps_photo = True
    db.session.commit()
    return shop


def test_a_photo_that_was_there_before_counts_as_one(adopted: Shop) -> None:
    choose(adopted, photo_required=True)
    assert set(reasons(adopted)) == {"P2", "P3"}


def test_a_photo_that_was_there_before_gives_way_only_to_the_products_own(adopted: Shop) -> None:
    put(adopted, "G1", Pictured.GROUP, GREEN)
    adopted.run()
    assert size_in_vk(adopted, "P1") == CARD_SIZE

    put(adopted, "P1")
    adopted.run()
    assert size_in_vk(adopted, "P1") == PHOTO_SIZE
    assert owner_answers.market_review(adopted.owner).questions == 0
