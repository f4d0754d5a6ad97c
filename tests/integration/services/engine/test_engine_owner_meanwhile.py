"""The owner changes their mind in the middle of a run."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import current_app

from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, SyncConfig, User, VkConnection
from app.services.owner import config, rule_setting, settings, switch
from tests.support.sandbox import EXTENDED_CLUB
from tests.support.shop import Shop

pytestmark = pytest.mark.one_by_one

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}


def change(statement: sa.Update) -> Callable[[], None]:
    """By another process: the run must not see it through its own session."""

    def apply() -> None:
        with db.engine.begin() as connection:
            connection.execute(statement)

    return apply


MEANWHILE = {
    "switched off": sa.update(SyncConfig).values(is_enabled=False),
    "confirmation withdrawn": sa.update(SyncConfig).values(confirmed_at=None),
    "another community": sa.update(VkConnection).values(group_id=EXTENDED_CLUB),
    "disconnected": sa.update(VkConnection).values(group_id=None, token=None),
}


def elsewhere(deed: Callable[[User], object]) -> Callable[[], None]:
    """The owner does something on a page while the run is at work."""

    def apply() -> None:
        with current_app.app_context():  # a session of its own
            deed(db.session.scalars(sa.select(User)).one())
            db.session.commit()

    return apply


def renew_the_date(owner: User) -> None:
    switch.confirm(owner, utcnow() + timedelta(minutes=1))


def confirm_other_rules(owner: User) -> None:
    rule_setting.set_rules(owner, EntityType.PRODUCT, ["P3"], FilterMode.EXCLUDE)
    renew_the_date(owner)


def confirm_other_settings(owner: User) -> None:
    settings.change(owner, remove_after_days=30)
    renew_the_date(owner)


def connect_another_account_and_back(owner: User) -> None:
    switch.take_confirmation_back(owner, "other_evotor")
    switch.toggle(owner, True)
    renew_the_date(owner)


def test_confirming_the_same_again_renews_the_date_and_lets_the_run_go_on(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    before = config.config_of(shop.owner).confirmed_at
    shop.after_call("/market.add", elsewhere(renew_the_date))

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.prices() == ALL
    assert before is not None
    renewed = config.config_of(shop.owner).confirmed_at
    assert renewed is not None
    assert renewed > before


@pytest.mark.parametrize("deed", [confirm_other_rules, confirm_other_settings])
def test_confirming_something_else_ends_the_run_and_the_next_does_that(
    shop_everywhere: Shop, deed: Callable[[User], None]
) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", elsewhere(deed))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "changed_meanwhile")
    assert shop.calls("market.add") == 1
    assert shop.next_run_in() <= timedelta(0)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.prices().keys() == ({"P1", "P2"} if deed is confirm_other_rules else ALL.keys())


def test_another_account_ends_the_run_although_the_same_is_confirmed_by_the_next_look(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", elsewhere(connect_another_account_and_back))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "switched_off")
    assert shop.calls("market.add") == 1


@pytest.mark.parametrize("what", MEANWHILE)
def test_nothing_is_written_after_the_owner_took_the_order_back(shop_everywhere: Shop, what: str) -> None:
    shop = shop_everywhere
    shop.after_call("/market.add", change(MEANWHILE[what]))

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "switched_off")
    assert len(shop.prices()) == 1
    assert shop.calls("market.add") == 1
    assert shop.calls("market.addAlbum") == 0
    listing = shop.listing(next(iter(shop.prices())))
    assert listing is not None
    assert listing.vk_item_id, "what was done is recorded"


def test_a_long_read_of_the_catalog_notices_too(shop: Shop) -> None:
    shop.after_call("/products", change(MEANWHILE["switched off"]))

    assert shop.run().status == RunStatus.STOPPED

    assert shop.writes() == 0
