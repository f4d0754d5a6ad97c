"""The plan made once for each state of what it is made of: when it is made anew, by whom, and that it is the same."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, reading
from app.domain.planning.changes import Action
from app.domain.rules import EntityType, FilterMode
from app.models import KeptPart, KeptPlan, Listing, Photo, User, VkAlbum
from app.services.catalog import refresh, stores
from app.services.connections import evotor, vk
from app.services.market import albums, owner_answers
from app.services.owner import orders, rule_setting, settings, switch
from app.services.planning import confirming, plan_validity
from app.services.planning.pending import PendingPlan, pending_plan
from tests.conftest import running_app, settings_for
from tests.support.approval import approve, filled
from tests.support.days import deleted_by_hand
from tests.support.pending import look, pending_afresh
from tests.support.sandbox import ACCOUNT, EXTENDED_CLUB, VK_TOKEN, Sandbox
from tests.support.shop import TINY, Shop


def afresh(shop: Shop) -> PendingPlan:
    return pending_afresh(shop.owner)


def test_a_plan_is_made_once_for_all_who_look(shop_everywhere: Shop, made: list[User]) -> None:
    found = [look(shop_everywhere) for _ in range(3)]
    assert len(made) == 1
    assert found == [afresh(shop_everywhere)] * 3


def test_another_process_finds_it(shop: Shop, made: list[User], sqlite_url: str) -> None:
    first = look(shop)
    for app in running_app(settings_for(sqlite_url)):
        with app.test_request_context(), reading():
            assert pending_plan(shop.owner) == first
    assert len(made) == 1


def hide_all(shop: Shop) -> None:
    orders.hide_all(shop.owner)
    db.session.commit()
    shop.run()


def add_photo(shop: Shop) -> None:
    """Whose file is lost, so that it changes nothing; but that is for the plan to say."""
    size = {"width": 500, "height": 500}
    db.session.add(
        Photo(user_id=shop.owner_id, store_id=TINY, entity_type="product", entity_id="P1", digest="f" * 64, **size)
    )


def read_again(shop: Shop, change: Callable[[], object]) -> None:
    change()
    refresh.refresh(shop.owner)


def a_store_that_is_not_read(shop: Shop) -> None:
    shop.sandbox.fault("evotor", "402", target="products", store=TINY)
    read_again(shop, lambda: None)


def an_answer(shop: Shop) -> None:
    """The owner wants what was deleted in VK made again."""
    listing_id = deleted_by_hand(shop)
    assert look(shop).summary.skipped == {"gone": 1}
    owner_answers.recreate_deleted(shop.owner, [listing_id])


def an_album_by_hand(shop: Shop) -> None:
    """That was ours and is gone."""
    row = db.session.scalars(sa.select(VkAlbum)).first()
    assert row is not None
    albums.forget_album(row)


def another_community(shop: Shop) -> None:
    vk.connect_vk(shop.owner, VK_TOKEN, EXTENDED_CLUB)


def closing(shop: Shop) -> None:
    shop.sandbox.control("evotor/stores", account=ACCOUNT, delete=[TINY])
    read_again(shop, lambda: None)
    stores.close_store(shop.owner, TINY)


def a_run(shop: Shop) -> None:
    shop.patch("P1", price=120)
    shop.run()


CHANGES: dict[str, Callable[[Shop], object]] = {
    "a setting": lambda shop: settings.change(shop.owner, price_percent=10),
    "a rule": lambda shop: shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1"),
    "a rule taken back": lambda shop: shop.rule(EntityType.STORE, None, TINY),
    "a photo": add_photo,
    "hiding all": hide_all,
    "a price": lambda shop: read_again(shop, lambda: shop.patch("P1", price=120)),
    "a product": lambda shop: read_again(shop, lambda: shop.put("P4", price=400)),
    "a product less": lambda shop: read_again(shop, lambda: shop.drop("P1")),
    "a product that cannot be read": lambda shop: read_again(shop, lambda: shop.patch("P1", price="dear")),
    "a group": lambda shop: read_again(
        shop, lambda: shop.sandbox.control("evotor/groups", store=TINY, upsert=[{"id": "G1", "name": "Чаи"}])
    ),
    "a store that is not read": a_store_that_is_not_read,
    "a store that is closed": closing,
    "an answer": an_answer,
    "an album": an_album_by_hand,
    "another community": another_community,
    "Evotor disconnected": lambda shop: evotor.disconnect_evotor(shop.owner),
    "a run": a_run,
}


@pytest.mark.parametrize("what", CHANGES)
def test_after_a_change_it_is_made_anew_and_once(shop: Shop, made: list[User], what: str) -> None:
    shop.run()
    look(shop)
    CHANGES[what](shop)
    db.session.commit()
    made.clear()

    assert [look(shop), look(shop)] == [afresh(shop)] * 2
    assert len(made) == 2, "once to be kept, and once by this test"


UNCHANGED: dict[str, Callable[[Shop], object]] = {
    "a refresh that finds all as it was": lambda shop: read_again(shop, lambda: None),
    "a price that was not read yet": lambda shop: shop.patch("P1", price=120),
    "a run without anything to do": lambda shop: shop.run(),
    "the switch": lambda shop: switch.toggle(shop.owner, False),
}


@pytest.mark.parametrize("what", UNCHANGED)
def test_without_a_change_it_stays(shop: Shop, made: list[User], what: str) -> None:
    shop.run()
    shop.run()
    look(shop)
    made.clear()
    UNCHANGED[what](shop)
    db.session.commit()

    assert look(shop) == afresh(shop)
    assert len(made) == 1, "by this test"


def test_what_changed_is_counted_until_a_run_has_done_it(shop: Shop) -> None:
    shop.run()
    assert look(shop).product_count == 0
    settings.change(shop.owner, price_percent=10)
    assert look(shop).product_count == 3
    shop.run()
    assert look(shop).product_count == 0


def test_what_a_full_shop_left_undone_is_counted(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:1405", "market.add")
    shop.run()
    assert look(shop).product_count == 3


# Brakes


def test_a_plan_that_waits_is_covered_by_its_approval_alone(shop_everywhere: Shop) -> None:
    shop = filled(shop_everywhere)
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1")
    waiting = look(shop)
    assert waiting == afresh(shop) and waiting.needs_approval

    approve(shop)
    assert look(shop) == afresh(shop) and look(shop).is_approved

    shop.rule(EntityType.GROUP, None, "G1")
    shop.rule(EntityType.GROUP, FilterMode.INCLUDE, "G1", "G2")
    assert look(shop) == afresh(shop) and look(shop).is_approved, "a part of what was approved"

    shop.clock.move(hours=25)
    assert look(shop) == afresh(shop) and look(shop).needs_approval


def test_more_additions_than_were_confirmed_wait(shop: Shop) -> None:
    confirming.confirm(shop.owner)
    db.session.commit()
    shop.fill(30)
    read_again(shop, lambda: None)
    assert look(shop) == afresh(shop)
    assert [brake.is_beyond_confirmed for brake in look(shop).brake_check.brakes] == [True]


def test_a_confirmation_counts_what_is_kept(shop: Shop, made: list[User]) -> None:
    look(shop)
    made.clear()
    owner = shop.owner
    confirming.confirm(owner)
    assert owner.sync_state is not None and owner.sync_state.confirmed_adds == 3 and not made


def test_a_transaction_sees_its_own_changes_and_keeps_nothing(shop: Shop) -> None:
    kept_before = look(shop)
    owner = shop.owner
    rule_setting.set_rules(owner, EntityType.PRODUCT, ["P1"], FilterMode.EXCLUDE)
    assert pending_plan(owner).product_count == 2
    db.session.rollback()
    assert look(shop) == kept_before


# Time


def test_it_is_made_anew_when_something_that_waited_is_due(shop: Shop, made: list[User], sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:100", "market.add", times=1)
    shop.run()
    listing = next(row for row in db.session.scalars(sa.select(Listing)) if row.retry_after is not None)
    assert listing.retry_after is not None
    waits = (listing.retry_after - shop.clock.utcnow()).total_seconds()
    assert look(shop).summary.skipped == {"refused": 1}
    made.clear()

    shop.clock.move(seconds=waits - 1)
    assert look(shop).summary.skipped == {"refused": 1} and not made

    shop.clock.move(seconds=1)
    assert look(shop).summary.counts[Action.ADD] == 1 and len(made) == 1


def test_it_is_made_anew_when_the_grace_before_a_deletion_is_over(shop: Shop, made: list[User]) -> None:
    settings.change(shop.owner, remove_after_days=1)
    db.session.commit()
    shop.run()
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")
    shop.run()
    listing = shop.listing("P1")
    assert listing is not None and listing.out_since is not None
    shop.clock.move(hours=12)
    assert not look(shop).summary.changes
    made.clear()

    shop.clock.move(seconds=(listing.out_since + timedelta(days=1) - shop.clock.utcnow()).total_seconds() - 1)
    assert not look(shop).summary.changes and not made

    shop.clock.move(seconds=1)
    assert look(shop).summary.counts == {"delete": 1} and len(made) == 1


def test_it_is_made_anew_once_a_day_and_after_a_clock_was_set_back(shop: Shop, made: list[User]) -> None:
    for move in ({"hours": 25}, {"hours": -3}):
        look(shop)
        made.clear()
        shop.clock.move(**move)
        look(shop)
        assert len(made) == 1


def test_another_program_makes_its_own(shop: Shop, made: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    look(shop)
    monkeypatch.setattr(plan_validity, "_program", lambda: "the next release")
    look(shop)
    assert len(made) == 2


# Parts


def test_only_the_plan_before_is_kept_beside_the_last(shop: Shop) -> None:
    for percent in (10, 20, 30):
        settings.change(shop.owner, price_percent=percent)
        look(shop)
    stored = db.session.execute(sa.select(KeptPlan.version, KeptPlan.made_of)).one()
    parts = set(db.session.scalars(sa.select(KeptPart.made_of)))
    assert stored.version == stored.made_of and len(parts) == 2 and max(parts) == stored.made_of


def test_an_account_takes_its_plan_along(shop: Shop) -> None:
    look(shop)
    db.session.execute(sa.delete(User))
    db.session.commit()
    assert not db.session.scalars(sa.select(KeptPlan.user_id)).all()
    assert not db.session.scalars(sa.select(KeptPart.user_id)).all()
