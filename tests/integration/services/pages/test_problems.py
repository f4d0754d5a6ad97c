"""What needs the owner, in the order of weight."""

from datetime import timedelta

import pytest
from flask import Flask

from app.clients.vk.bulk_forms import BulkForm
from app.clock import utcnow
from app.db import db
from app.domain.listing.fitness import SkipReason
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import AlbumState, ConnectionState, Listing, OwnerOrder, RunStatus, RunTrigger, SyncRun, User, VkAlbum
from app.services.owner import settings
from app.services.pages.goods.rule_summary import rule_summary
from app.services.pages.sync.first_steps import has_launched
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.pages.sync.problems import problems
from tests.factories import add_product, add_store, make_active_owner, set_rule
from tests.support.sandbox import CLUB, SECOND_STORE, STORE


@pytest.fixture
def owner(app: Flask) -> User:
    """Active; the demo store has goods without a price and of a type in review, which other tests look at."""
    return make_active_owner()


def found(user: User, *, plan_waits: bool = False) -> list[Problem]:
    db.session.commit()
    return problems(user, {}, plan_waits=plan_waits)


def kinds(user: User, *, plan_waits: bool = False) -> list[Kind]:
    return [problem.kind for problem in found(user, plan_waits=plan_waits)]


def a_listing(user: User, product_id: str, **fields: object) -> Listing:
    """By hand, like all states here: which fact is told is a table; the engine's tests say who notes them."""
    usual: dict[str, object] = {"state": LinkState.LIVE, "name": "Чай", "sku": f"ev:{product_id}", "sent": {}}
    row = Listing(user_id=user.id, vk_group_id=CLUB, store_id=STORE, product_id=product_id, **(usual | fields))
    db.session.add(row)
    db.session.commit()
    return row


def a_run(user: User, status: RunStatus, **fields: object) -> None:
    db.session.add(SyncRun(user_id=user.id, trigger=RunTrigger.SCHEDULE, status=status, **fields))
    db.session.query(SyncRun).filter_by(status=RunStatus.QUEUED).delete()
    db.session.commit()


def test_where_all_is_well_there_is_nothing(owner: User) -> None:
    assert found(owner) == []


def test_a_dead_connection_comes_first_with_its_way_out(owner: User) -> None:
    assert owner.vk is not None and owner.evotor is not None
    owner.vk.state, owner.vk.error_code, owner.vk.way_out = ConnectionState.NEEDS_OWNER, "vk_17", "https://id.vk.ru/x"
    owner.evotor.state, owner.evotor.error_code = ConnectionState.UNAVAILABLE, "evotor_unreachable"
    add_store(owner, "S9", "Ларёк").state = "unavailable"
    a_run(owner, RunStatus.NEEDS_APPROVAL)

    by_vendor = {problem.vendor: problem for problem in found(owner) if problem.kind is Kind.CONNECTION}

    expected = [Kind.CONNECTION, Kind.CONNECTION, Kind.APPROVAL]
    assert kinds(owner, plan_waits=True) == expected, "the store says nothing of its own"
    assert by_vendor["vk"].needs_owner and by_vendor["vk"].way_out == "https://id.vk.ru/x"
    assert by_vendor["evotor"].passes


def test_unread_stores_are_told_together_by_their_reason(owner: User) -> None:
    for store_id, code in (("S7", "evotor_forbidden"), ("S8", "evotor_empty"), ("S9", "evotor_forbidden")):
        store = add_store(owner, store_id, f"Ларёк {store_id}")
        store.state, store.error_code = "forbidden", code

    assert [(problem.code, list(problem.names)) for problem in found(owner)] == [
        ("evotor_forbidden", ["Ларёк S7", "Ларёк S9"]),
        ("evotor_empty", ["Ларёк S8"]),
    ]


def test_a_plan_waits_only_while_the_sync_is_active(owner: User) -> None:
    a_run(owner, RunStatus.NEEDS_APPROVAL)
    assert kinds(owner, plan_waits=True) == [Kind.APPROVAL]
    assert kinds(owner) == [], "approved, or changed back, since that run"
    assert owner.sync_config is not None
    owner.sync_config.is_enabled = False
    assert kinds(owner, plan_waits=True) == []


def test_one_failure_is_no_problem_yet_three_are(owner: User) -> None:
    a_run(owner, RunStatus.FAILED, error_code="internal")
    assert owner.sync_state is not None
    owner.sync_state.strikes, owner.sync_state.strike_code = 2, "internal"
    assert kinds(owner) == []
    owner.sync_state.strikes = 3
    assert [(problem.kind, problem.code, problem.count) for problem in found(owner)] == [
        (Kind.RUNS_FAIL, "internal", 3)
    ]


def test_refusals_are_counted_by_vks_answer_until_another_try_says_otherwise(owner: User) -> None:
    later, past = utcnow() + timedelta(hours=1), utcnow() - timedelta(hours=1)
    for number, (code, until) in enumerate((("vk_100", later), ("vk_100", later), ("vk_19", later), ("vk_22", past))):
        state = LinkState.ADDING if code == "vk_19" else LinkState.LIVE
        a_listing(owner, f"P{number}", state=state, error_code=code, failed_digest="x", retry_after=until)
    a_listing(owner, "P8", error_code="vk_unreachable", retry_after=later)
    a_listing(owner, "P9", error_code="vk_10")

    assert [(problem.kind, problem.code, problem.count) for problem in found(owner)] == [
        (Kind.STUCK, "vk_10", 1),
        (Kind.OUTDATED, "vk_100", 2),
        (Kind.OUTDATED, "vk_22", 1),
        (Kind.REFUSED, "vk_19", 1),
    ]


@pytest.mark.parametrize(
    ("code", "is_told"),
    [("vk_3", True), ("vk_100", True), ("vk_strange_errors", True), ("vk_9", False), ("vk_unreachable", False)],
)
def test_a_run_that_vk_said_no_to_is_told_at_once(owner: User, code: str, is_told: bool) -> None:
    a_run(owner, RunStatus.FAILED, error_code=code)
    assert owner.sync_state is not None
    owner.sync_state.strikes, owner.sync_state.strike_code = 1, code
    assert kinds(owner) == ([Kind.RUNS_FAIL] if is_told else [])


@pytest.mark.parametrize(
    ("method", "minutes", "told"),
    [
        ("market.add", 1, [Kind.QUOTA]),
        ("market.add", -1, []),
        *((form.value, 1, []) for form in BulkForm),  # single calls do the same
    ],
)
def test_a_method_at_rest_is_told_until_it_is_over(owner: User, method: str, minutes: int, told: list[Kind]) -> None:
    assert owner.vk is not None
    owner.vk.resting = {method: (utcnow() + timedelta(minutes=minutes)).isoformat()}
    assert kinds(owner) == told


@pytest.mark.parametrize("order", OwnerOrder)
def test_an_order_that_is_not_done_is_told_with_the_reason(owner: User, order: OwnerOrder) -> None:
    assert owner.sync_state is not None and owner.sync_config is not None and owner.vk is not None
    owner.sync_config.is_enabled = False
    owner.sync_state.owner_order = order
    a_listing(owner, "P1")
    assert kinds(owner) == [], "it has not been tried yet"
    a_run(owner, RunStatus.CONTINUED, error_code="time_slice")
    assert kinds(owner) == [], "the next part follows"
    db.session.add(SyncRun(user_id=owner.id, trigger=order, status=RunStatus.CONTINUED, error_code="order_refused"))
    (problem,) = found(owner)
    assert (problem.kind, problem.code, problem.vendor, problem.count) == (Kind.ORDER, "order_refused", order, 1)
    owner.vk.token = None
    (problem,) = found(owner)
    assert (problem.kind, problem.code) == (Kind.ORDER, "vk_missing")
    owner.sync_state.owner_order = None
    assert kinds(owner) == []


def test_what_vk_says_of_albums_is_told(owner: User) -> None:
    for title, code in (("Чай", "vk_100"), ("Мёд", "vk_100"), ("Сыр", "vk_1407")):
        album = VkAlbum(user_id=owner.id, vk_group_id=CLUB, title=title, state=AlbumState.ADDING, strangers=[])
        album.error_code = code
        db.session.add(album)
    a_listing(owner, "P1", album_error="vk_1446")
    assert [(problem.kind, problem.code, problem.names) for problem in found(owner)] == [
        (Kind.ALBUMS_TAKEN, "", ()),
        (Kind.ALBUM_REFUSED, "vk_100", ["Мёд", "Чай"]),
        (Kind.NOT_IN_ALBUM, "vk_1446", ()),
    ]


def test_a_full_community_is_no_refusal_of_one_product(owner: User) -> None:
    a_listing(owner, "P1", error_code="vk_1405", failed_digest="x", retry_after=utcnow() + timedelta(hours=1))
    assert kinds(owner) == [Kind.SHOP_FULL]


def test_albums_that_are_all_taken_or_full_are_told(owner: User) -> None:
    assert owner.sync_state is not None
    owner.sync_state.foreign_albums = 99
    until = utcnow() + timedelta(hours=1)
    db.session.add(
        VkAlbum(user_id=owner.id, vk_group_id=CLUB, title="Чай", state=AlbumState.LIVE, full_until=until, strangers=[])
    )
    assert kinds(owner) == [Kind.ALBUMS_TAKEN, Kind.ALBUM_FULL]


def test_what_was_deleted_in_vk_is_asked_about(owner: User) -> None:
    a_listing(owner, "P1", state=LinkState.GONE)
    assert [(problem.kind, problem.count) for problem in found(owner)] == [(Kind.QUESTIONS, 1)]


def test_a_category_that_vk_forgot_matters_only_while_it_is_chosen(owner: User) -> None:
    assert owner.vk is not None
    owner.vk.refused_categories = [205]
    assert kinds(owner) == []
    settings.change(owner, category_by_group={"G1": 205})
    assert kinds(owner) == [Kind.CATEGORY]


def test_products_that_can_be_mended_are_counted_by_reason(owner: User) -> None:
    held = {SkipReason.NO_PRICE: 2, SkipReason.REVIEW: 3, SkipReason.SOLD_OUT: 4, SkipReason.NOT_FOR_SALE: 1}
    assert [(problem.kind, problem.code, problem.count) for problem in problems(owner, held)] == [
        (Kind.REVIEW, "", 3),
        (Kind.UNFIT, SkipReason.NO_PRICE, 2),
    ]


def test_rules_whose_entity_is_gone_are_named(owner: User) -> None:
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, SECOND_STORE)
    db.session.execute(db.text("delete from catalog_stores where store_id = :id"), {"id": SECOND_STORE})
    (problem,) = found(owner)
    assert problem.kind is Kind.LOST_RULES and len(problem.names) == 1


def test_an_active_sync_without_a_store_is_told(owner: User) -> None:
    set_rule(owner, EntityType.STORE, FilterMode.EXCLUDE, STORE, SECOND_STORE)
    assert kinds(owner) == [Kind.NO_STORE]


def test_what_was_not_confirmed_yet_is_told(owner: User) -> None:
    assert owner.sync_config is not None
    owner.sync_config.confirmed_at = None
    assert kinds(owner) == [Kind.NOT_CONFIRMED]


def test_the_summary_counts_what_is_held_by_reason(owner: User) -> None:
    add_store(owner)
    set_rule(owner, EntityType.STORE, None, STORE)
    set_rule(owner, EntityType.STORE, FilterMode.INCLUDE, "S1")
    add_product(owner, "P1")
    add_product(owner, "P2", price=None)
    add_product(owner, "P3", quantity=0)

    summary = rule_summary(owner)

    assert (summary.selected, summary.held) == (3, {SkipReason.NO_PRICE: 1, SkipReason.SOLD_OUT: 1})


def test_the_launch_is_done_once_something_came_of_the_confirmation(owner: User) -> None:
    assert not has_launched(owner)
    a_run(owner, RunStatus.SUCCEEDED, finished_at=utcnow())
    assert has_launched(owner)
    assert owner.sync_config is not None
    owner.sync_config.confirmed_at = utcnow() + timedelta(minutes=1)
    assert not has_launched(owner), "that run was of an earlier confirmation"
    a_listing(owner, "P1")
    assert has_launched(owner)
    owner.sync_config.confirmed_at = None
    assert not has_launched(owner)


def test_an_add_without_an_answer_is_no_refusal(owner: User) -> None:
    lost: dict[str, object] = {"state": LinkState.ADDING, "attempted_at": utcnow(), "error_code": "vk_10"}
    a_listing(owner, "P1", **lost)
    assert Kind.STUCK not in kinds(owner) and Kind.REFUSED not in kinds(owner)
    a_listing(owner, "P2", **(lost | {"attempted_at": None, "failed_digest": "d"}))
    assert Kind.REFUSED in kinds(owner)


def test_what_was_found_well_again_is_told_no_more(owner: User) -> None:
    assert owner.sync_state is not None
    a_run(owner, RunStatus.STOPPED, finished_at=utcnow(), error_code="vk_5")
    owner.sync_state.strikes, owner.sync_state.strike_code = 1, "vk_5"
    assert Kind.RUNS_FAIL in kinds(owner)
    owner.sync_state.strikes = 0
    assert Kind.RUNS_FAIL not in kinds(owner)
