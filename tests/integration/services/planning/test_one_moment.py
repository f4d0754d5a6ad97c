"""A plan is of one moment, whatever others commit while its inputs are read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Connection

from app.db import db, reading, snapshot
from app.domain.listing.owner_settings import StockRule
from app.domain.planning.changes import Action, Change
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogGroup, CatalogProduct, CatalogStore, Listing, SyncState, User
from app.services import locks
from app.services.owner import settings
from app.services.planning import plans
from tests.factories import add_group, add_product, add_store, make_user, set_rule
from tests.support.statements import heard

STORE, FIRST = "S1", "G0"


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    """Of a product that stands in VK, in a group below the only one that is shown."""
    user = make_user()
    add_store(user, STORE)
    add_group(user, "TOP", "Чай", store_id=STORE)
    add_group(user, FIRST, "Чёрный", "TOP", STORE)
    add_product(user, "P1", STORE, name="Чай чёрный", group_id=FIRST)
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, STORE)
    set_rule(user, EntityType.GROUP, FilterMode.INCLUDE, "TOP")
    settings.change(user, with_albums=False)
    (wanted,) = plans.desired_for(user).wanted.values()
    db.session.add(
        Listing(
            user_id=user.id,
            vk_group_id=0,
            store_id=STORE,
            product_id="P1",
            sku="ev:P1",
            name="Чай чёрный",
            vk_item_id=1,
            state="live",
            sent=wanted.fields,
            photo_hash=wanted.photo,
        )
    )
    db.session.commit()
    return user


@contextmanager
def committed_before(number: int, change: Callable[[Connection], object]) -> Iterator[list[str]]:
    """Somebody else's `change`, committed right before our statement of that number; yields our statements."""
    statements: list[str] = []
    elsewhere = sa.create_engine(db.engine.url)

    def meanwhile(statement: str, _parameters: object) -> None:
        statements.append(statement)
        if len(statements) == number:
            with elsewhere.begin() as connection:
                change(connection)

    try:
        with heard(meanwhile):
            yield statements
    finally:
        elsewhere.dispose()


def moved(owner_id: int, new: str) -> Callable[[Connection], object]:
    """A refresh: the product stands in a new group, and the one in which it stood is gone."""

    def refresh(connection: Connection) -> None:
        names = {"user_id": owner_id, "store_id": STORE, "name": "Зелёный", "is_variant_model": False}
        connection.execute(sa.insert(CatalogGroup).values(group_id=new, parent_id="TOP", **names))
        connection.execute(sa.update(CatalogProduct).values(group_id=new))
        connection.execute(sa.delete(CatalogGroup).where(CatalogGroup.group_id.not_in(("TOP", new))))

    return refresh


def looked_at(owner: User) -> tuple[Change, ...]:
    """As a page does it: something was read before."""
    with reading():
        db.session.scalars(sa.select(CatalogStore)).all()
        changes = plans.plan_for(owner).changes
        db.session.rollback()
    return changes


def statements_of_a_look(owner: User) -> int:
    with committed_before(0, lambda _: None) as statements:
        assert looked_at(owner) == ()
    return len(statements)


def test_a_refresh_between_any_two_statements_hides_nothing(owner: User) -> None:
    owner_id, last = owner.id, statements_of_a_look(owner)
    for number in range(1, last + 1):
        with committed_before(number, moved(owner_id, f"G{number}")) as seen:
            assert looked_at(owner) == (), f"a refresh before {seen[number - 1]}"


def test_what_changes_between_the_first_statement_and_the_last_counts_in_the_next_plan(owner: User) -> None:
    def sold_out(connection: Connection) -> None:
        connection.execute(sa.update(CatalogProduct).values(quantity=0))

    with committed_before(statements_of_a_look(owner), sold_out):
        assert looked_at(owner) == ()
    assert [change.action for change in looked_at(owner)] == [Action.HIDE]


def test_settings_that_somebody_stored_since_count(owner: User) -> None:
    """However long ago this page read the owner's row."""
    assert settings.owner_settings(owner).price_percent == 0
    with sa.create_engine(db.engine.url).begin() as elsewhere:
        elsewhere.execute(sa.update(SyncState).values(settings={"price_percent": "10", "with_albums": False}))

    (dearer,) = looked_at(owner)
    assert dearer.fields["price"] == "11.00"


def test_a_change_that_is_not_committed_yet_counts_for_whoever_makes_it(owner: User) -> None:
    db.session.execute(sa.update(CatalogProduct).values(quantity=0))
    assert [change.action for change in plans.plan_for(owner).changes] == [Action.HIDE]

    settings.change(owner, stock_rule=StockRule.SHOW, price_percent=10)
    assert [change.fields["price"] for change in plans.plan_for(owner).changes if change.fields] == ["11.00"]
    db.session.rollback()
    assert plans.plan_for(owner).changes == ()


@pytest.fixture
def owner_on_postgres(app_on_postgres: Flask) -> User:
    """SQLite has one writer anyway, and no transactions that may only read."""
    return make_user()


def test_whoever_writes_holds_refreshes_off_until_the_end(owner_on_postgres: User) -> None:
    plans.plan_for(owner_on_postgres)
    with db.engine.begin() as refreshing:
        refreshing.exec_driver_sql("SET LOCAL lock_timeout = 200")
        with pytest.raises(sa.exc.OperationalError):
            refreshing.execute(locks.turn_of(owner_on_postgres.id))
        refreshing.rollback()
    db.session.rollback()


def test_nothing_is_written_in_a_snapshot(owner_on_postgres: User) -> None:
    with pytest.raises(sa.exc.InternalError), snapshot():
        db.session.execute(sa.update(User).values(time_zone="Europe/Samara"))


def test_after_a_snapshot_everybody_writes_as_before(owner: User) -> None:
    with snapshot(), snapshot():
        assert db.session.get(User, owner.id) is owner
    owner.time_zone = "Europe/Samara"
    db.session.commit()
    assert db.session.scalar(sa.select(User.time_zone)) == "Europe/Samara"
