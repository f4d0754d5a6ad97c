"""VK's list of categories, and which one the products of a group go to."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, Transport
from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import User, VkCategoryList
from app.services.connections import vk
from app.services.errors import NotReady, UnknownEntity, VkUnavailable
from app.services.market import categories
from app.services.market import categories as market_categories
from app.services.owner import settings
from app.services.pages.window import group_categories
from app.services.pages.window.group_categories import CategoryTrouble
from tests.factories import make_user
from tests.support.sandbox import EXTENDED_CLUB, VK_TOKEN, Sandbox
from tests.support.shop import Shop

DRINKS, GROCERIES, TEA = 20064, 20055, "Чай"


def known_ids(user: User) -> set[int]:
    known = categories.known_categories(user)
    return set(known.by_id) if known else set()


def choose(shop: Shop, group_id: str | None, category_id: int | None) -> None:
    market_categories.choose_category(shop.owner, group_id, category_id)
    db.session.commit()


def row(shop: Shop, group_id: str) -> group_categories.GroupCategory:
    return next(row for row in group_categories.categories_page(shop.owner).groups if row.id == group_id)


def make_old(days: int = 8) -> None:
    db.session.execute(sa.update(VkCategoryList).values(read_at=utcnow() - timedelta(days=days), categories=[]))
    db.session.commit()


# The list


def test_connecting_reads_the_list(shop_everywhere: Shop) -> None:
    assert DRINKS in known_ids(shop_everywhere.owner)


def test_a_list_that_vk_does_not_tell_holds_up_no_connecting(shop: Shop, sandbox: Sandbox) -> None:
    other = make_user("other@example.ru")
    sandbox.fault("vk", "error:7", "market.getCategories", times=1)

    vk.connect_vk(other, VK_TOKEN, EXTENDED_CLUB)

    assert categories.known_categories(other) is None


def test_another_community_has_a_list_of_its_own(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:7", "market.getCategories", times=1)

    vk.connect_vk(shop.owner, VK_TOKEN, EXTENDED_CLUB)
    db.session.commit()

    assert categories.known_categories(shop.owner) is None


def test_the_list_is_read_again_when_the_owner_asks(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    make_old()

    count = categories.refresh_categories(shop.owner)
    db.session.commit()

    assert count == len(known_ids(shop.owner)) > 100
    assert (known := categories.known_categories(shop.owner)) is not None and not known.is_old


def test_after_a_failure_the_old_list_stays(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:1438", "market.getCategories", times=1)

    with pytest.raises(VkUnavailable) as failure:
        categories.refresh_categories(shop.owner)

    assert failure.value.code == "vk_1438"
    assert DRINKS in known_ids(shop.owner)


def test_without_a_community_there_is_nobody_to_ask(shop: Shop) -> None:
    user = shop.owner
    vk.disconnect_vk(user)

    with pytest.raises(NotReady):
        categories.refresh_categories(user)


def test_no_transaction_is_open_while_vk_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old()
    open_ones: list[str] = []
    real = Transport.send

    def watched(transport: Transport, method: str, path: str, **more: Any) -> Response:
        if db.session().in_transaction():
            open_ones.append(path)
        return real(transport, method, path, **more)

    monkeypatch.setattr(Transport, "send", watched)
    shop.run()
    make_old()
    categories.refresh_categories(shop.owner)

    assert shop.calls("market.getCategories") == 3, "at connecting, in the run, and now"
    assert open_ones == []


def test_a_run_reads_a_list_that_is_a_week_old(shop: Shop) -> None:
    shop.run()
    shop.forget_calls()

    shop.clock.move(days=6)
    shop.run()
    assert shop.calls("market.getCategories") == 0
    shop.clock.move(days=1)
    shop.run()
    shop.run()
    assert shop.calls("market.getCategories") == 1
    assert DRINKS in known_ids(shop.owner)


def test_a_run_does_not_mind_a_list_that_vk_does_not_tell(shop: Shop, sandbox: Sandbox) -> None:
    make_old()
    sandbox.fault("vk", "error:43", "market.getCategories", times=1)

    assert shop.run().status == "succeeded"


def test_a_captcha_instead_of_the_list_stops_the_run_for_the_owner(shop: Shop, sandbox: Sandbox) -> None:
    make_old()
    sandbox.fault("vk", "error:14", "market.getCategories", times=1)

    assert shop.run().status == "stopped"
    assert shop.owner.vk is not None and shop.owner.vk.error_code == "vk_14"


# The choice


def test_a_group_has_what_the_group_above_or_the_shop_has(shop_everywhere: Shop) -> None:
    shop = shop_everywhere
    choose(shop, None, GROCERIES)
    choose(shop, "G1", DRINKS)

    own, other = row(shop, "G1"), row(shop, "G2")
    assert (own.present.id, own.present.is_own, own.path, own.products) == (DRINKS, True, ["Чай"], 1)
    assert (other.present.id, other.present.is_own, other.present.given_by) == (GROCERIES, False, "")


def test_the_choice_reaches_vk_and_can_be_taken_back(shop: Shop) -> None:
    choose(shop, "G1", DRINKS)
    shop.run()
    assert (shop.item("P1")["category_id"], shop.item("P2")["category_id"]) == (DRINKS, 1)

    choose(shop, "G1", None)
    choose(shop, None, GROCERIES)
    shop.run()
    assert {shop.item(name)["category_id"] for name in ("P1", "P2", "P3")} == {GROCERIES}

    choose(shop, None, None)
    shop.run()
    assert shop.item("P1")["category_id"] == 1


def test_only_groups_that_the_rules_let_through_are_listed(shop: Shop) -> None:
    shop.rule(EntityType.GROUP, FilterMode.EXCLUDE, "G2")

    assert [row.id for row in group_categories.categories_page(shop.owner).groups] == ["G1"]
    assert group_categories.categories_page(shop.owner, "мёд").groups == []


def test_a_category_that_vk_refused_is_marked_until_it_is_chosen_again(shop: Shop, sandbox: Sandbox) -> None:
    choose(shop, "G1", DRINKS)
    sandbox.control("vk/settings", removed_categories=[DRINKS])
    shop.run()
    assert row(shop, "G1").present.trouble is CategoryTrouble.REFUSED
    assert group_categories.unusable_choices(shop.owner) == 1

    sandbox.control("vk/settings", removed_categories=[])
    choose(shop, "G1", DRINKS)
    assert row(shop, "G1").present.trouble is None
    shop.run()
    assert shop.item("P1")["category_id"] == DRINKS


def test_a_category_that_vk_lists_no_more_is_marked(shop: Shop, sandbox: Sandbox) -> None:
    choose(shop, "G1", DRINKS)
    sandbox.control("vk/settings", removed_categories=[DRINKS])

    categories.refresh_categories(shop.owner)
    db.session.commit()

    assert row(shop, "G1").present.trouble is CategoryTrouble.UNLISTED
    with pytest.raises(NotReady):
        choose(shop, "G2", DRINKS)


def test_a_group_is_offered_categories_of_a_like_name_first(shop: Shop) -> None:
    offered = group_categories.category_picker(shop.owner, "G1")

    assert offered.similar[0].path[-1] == TEA
    assert len(offered.found) > 100
    assert group_categories.category_picker(shop.owner, "G1", "напитки").similar == []


@pytest.mark.parametrize("group_id", ["", "G9", "P1"])
def test_a_group_that_is_not_there_can_be_given_nothing(shop: Shop, group_id: str) -> None:
    with pytest.raises(UnknownEntity):
        choose(shop, group_id, DRINKS)
    with pytest.raises(UnknownEntity):
        group_categories.category_picker(shop.owner, group_id)
    assert settings.owner_settings(shop.owner).category_by_group == {}


def test_a_group_of_somebody_else_can_be_given_nothing(shop: Shop) -> None:
    stranger = make_user("stranger@example.ru")
    vk.connect_vk(stranger, VK_TOKEN, EXTENDED_CLUB)

    with pytest.raises(UnknownEntity):
        market_categories.choose_category(stranger, "G1", DRINKS)
