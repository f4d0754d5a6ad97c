"""What a refresh writes: what differs, and nothing else."""

import gc
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clients.evotor.client import GroupList, ProductList
from app.db import db
from app.domain.catalog.goods import Attribute, Group, Product, Unreadable
from app.domain.rules import EntityType, FilterMode
from app.models import CatalogProduct, CatalogStore, KeptPlan, StoreState, User
from app.services.catalog import copy
from app.services.catalog.verdicts import stored
from tests.factories import make_user, set_rule
from tests.support.statements import heard
from tests.support.verdicts import check

COLOURS = Attribute("A", "Цвет", (("red", "красный"), ("blue", "синий")))
GROUPS = [Group("G1", "Чай"), Group("G2", "Кофе", "G1"), Group("M", "Кружка", None, True, (COLOURS,))]
PRODUCTS = {
    "P1": Product("P1", "Чай 9", "G1", price=Decimal("10.50"), quantity=Decimal(5), barcodes=("460", 'Ё"')),
    "P2": Product("P2", "Кофе", "G2", price=Decimal(20), quantity=None, description="Молотый"),
    "P3": Product("P3", "Кружка", "M", price=Decimal(300), quantity=Decimal("0.5"), choices=(("A", "red"),)),
}
ALCOHOL = {"type": "ALCOHOL_MARKED"}


@pytest.fixture
def owner(app_on_each_database: Flask) -> User:
    """Whose copy of a store has been read once."""
    user = make_user()
    db.session.add(CatalogStore(user_id=user.id, store_id="S1", name="Лавка", state=StoreState.OK))
    db.session.commit()
    assert refresh(user)
    set_rule(user, EntityType.GROUP, FilterMode.EXCLUDE, "G2")
    return user


@pytest.fixture
def writes(owner: User) -> Iterator[list[str]]:
    """Statements about goods and their numbers so far, but for those that only look."""
    seen: list[str] = []

    def note(statement: str, _parameters: object) -> None:
        kind, *_rest = statement.split()
        if kind != "SELECT" and any(table in statement for table in ("catalog_products", "catalog_groups", "_counts")):
            seen.append(" ".join(statement.split()))

    with heard(note):
        yield seen


def refresh(user: User, *unreadable: str, groups: list[Group] | None = None, **changed: dict[str, Any]) -> bool:
    """`changed`: fields by product id."""
    products = [
        Product(**{name: getattr(one, name) for name in Product.__slots__} | changed.get(product_id, {}))
        for product_id, one in PRODUCTS.items()
        if product_id not in unreadable
    ]
    odd = tuple(Unreadable(product_id, "", "price", "?") for product_id in unreadable)
    return copy.replace_goods(user.id, "S1", GroupList(groups or GROUPS, {}), ProductList(products, odd))


def written_columns(writes: list[str]) -> list[set[str]]:
    """Of each update of goods."""
    updates = (one for one in writes if one.startswith("UPDATE catalog_products SET "))
    return [
        {part.split("=")[0].strip() for part in one.split(" SET ")[1].split(" WHERE ")[0].split(",")} for one in updates
    ]


def version(user: User) -> int:
    return db.session.scalar(sa.select(KeptPlan.version).where(KeptPlan.user_id == user.id)) or 0


def by_hand(**values: object) -> None:
    """As another program changes what is said of P1, past everything that takes note."""
    db.session.connection().execute(
        sa.update(CatalogProduct.__table__).where(CatalogProduct.product_id == "P1").values(**values)  # type: ignore[arg-type]  # a table
    )
    db.session.commit()


def test_what_does_not_change_costs_no_write_and_no_plan(owner: User, writes: list[str]) -> None:
    before = version(owner)

    assert refresh(owner)

    assert writes == []
    assert version(owner) == before


def test_a_first_copy_is_judged_once(owner: User, writes: list[str]) -> None:
    copy.drop_goods(owner.id, "S1")
    db.session.execute(sa.update(User).values(verdicts_digest=None))
    db.session.commit()
    refresh(owner)
    writes.clear()

    stored.ensure_current(owner)

    assert writes == []
    check(owner)


def test_only_columns_that_differ_are_written(owner: User, writes: list[str]) -> None:
    before = version(owner)

    refresh(owner, P1={"price": Decimal(11)}, P2={"price": Decimal(21), "description": ""})

    assert sorted(map(sorted, written_columns(writes))) == [["description", "price"], ["price"]]
    assert version(owner) == before + 1
    check(owner)


def test_products_that_differ_in_the_same_columns_share_a_statement(owner: User, writes: list[str]) -> None:
    refresh(owner, P1={"quantity": Decimal(7)}, P2={"quantity": Decimal(7)}, P3={"quantity": None})

    assert written_columns(writes) == [{"quantity"}]
    assert set(db.session.scalars(sa.select(CatalogProduct.quantity))) == {Decimal("7.000"), None}


def test_another_name_is_found_and_ordered_by(owner: User, writes: list[str]) -> None:
    refresh(owner, P1={"name": "Чай 10"})

    assert written_columns(writes) == [{"name", "search_text", "sort_key"}]
    check(owner)


def test_what_counts_no_product_in_another_way_counts_none_anew(owner: User, writes: list[str]) -> None:
    refresh(owner, P1={"price": Decimal(11), "name": "Чай 10"})
    assert not [one for one in writes if "catalog_counts" in one]

    refresh(owner, P1=ALCOHOL)
    assert [one for one in writes if "catalog_counts" in one]
    check(owner)


@pytest.mark.parametrize("changed", [{"group_id": "G2"}, {"group_id": None}, {"price": None}, ALCOHOL])
def test_another_place_and_another_problem_are_counted(owner: User, changed: dict[str, Any]) -> None:
    refresh(owner, P1=changed)

    check(owner)


def test_a_group_that_moves_changes_what_is_said_of_what_stands_in_it(owner: User, writes: list[str]) -> None:
    refresh(owner, groups=[Group("G1", "Чай", "G2"), Group("G2", "Кофе"), GROUPS[2]])

    assert written_columns(writes) == [{"included", "level", "decided_by"}]
    check(owner)


def test_a_choice_with_another_name_is_found_by_it(owner: User, writes: list[str]) -> None:
    colours = Attribute("A", "Цвет", (("red", "алый"), ("blue", "синий")))

    refresh(owner, groups=[*GROUPS[:2], Group("M", "Кружка", None, True, (colours,))])

    assert written_columns(writes) == [{"search_text"}]
    check(owner)


@pytest.mark.parametrize(
    "values",
    [
        {"price": Decimal("0.01")},
        {"barcodes": []},
        {"group_id": None},
        {"included": False, "problem": "sold_out"},
        {"level": "store", "decided_by": "S1"},
        {"included": None},
    ],
)
def test_what_was_changed_by_hand_is_as_it_should_be_again(owner: User, values: dict[str, Any]) -> None:
    by_hand(**values)

    refresh(owner)

    check(owner)
    found = db.session.execute(sa.select(CatalogProduct.__table__).filter_by(product_id="P1")).one()
    assert (found.price, found.barcodes, found.group_id) == (Decimal("10.50"), ["460", 'Ё"'], "G1")


def test_lists_are_written_as_the_models_write_them(owner: User) -> None:
    """Else each release would take the other's rows for changed ones, and look at them closely every time."""
    columns = (sa.cast(CatalogProduct.barcodes, sa.Text), sa.cast(CatalogProduct.choices, sa.Text))
    written = db.session.execute(sa.select(*columns).order_by(CatalogProduct.product_id)).all()

    assert written == [(json.dumps(["460", 'Ё"']), None), ("[]", None), ("[]", json.dumps([["A", "red"]]))]


def test_the_same_list_in_another_spelling_is_the_same(owner: User, writes: list[str]) -> None:
    update = sa.text("UPDATE catalog_products SET barcodes = :barcodes WHERE product_id = 'P1'")
    db.session.connection().execute(update, {"barcodes": '["460","Ё\\""]'})
    db.session.commit()
    writes.clear()

    refresh(owner)
    assert writes == []

    refresh(owner, P1={"price": Decimal(11)})
    assert written_columns(writes) == [{"price"}]


def test_what_cannot_be_read_any_more_stays_to_the_letter(owner: User, writes: list[str]) -> None:
    before = db.session.execute(sa.select(CatalogProduct.__table__).order_by("product_id")).all()

    refresh(owner, "P1", "P3")

    assert writes == []
    assert db.session.execute(sa.select(CatalogProduct.__table__).order_by("product_id")).all() == before


def test_a_bad_read_writes_nothing(owner: User, writes: list[str]) -> None:
    nothing = {"quantity": Decimal(0)}
    more = {f"X{number}": Product(f"X{number}", "Чай", quantity=Decimal(1)) for number in range(3)}
    copy.replace_goods(owner.id, "S1", GroupList(GROUPS, {}), ProductList([*PRODUCTS.values(), *more.values()]))
    writes.clear()

    assert not refresh(owner, P1=nothing, P2=nothing, P3=nothing)

    assert writes == []


def test_the_collector_is_back_after_a_copy_that_fails(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        assert not gc.isenabled()
        raise RuntimeError

    monkeypatch.setattr(copy, "_note_unreadable", fail)
    with pytest.raises(RuntimeError):
        refresh(owner)

    assert gc.isenabled()


@pytest.mark.parametrize("since", [None, 1])
def test_what_changed_is_believed_only_on_the_ground_of_a_whole_list(owner: User, since: int | None) -> None:
    """Meanwhile another process may have read the store, and found it suspicious."""
    db.session.execute(sa.update(CatalogStore).values(since=since))
    db.session.commit()

    changed = ProductList([PRODUCTS["P1"]])

    assert copy.update_goods(owner.id, "S1", GroupList(GROUPS), changed) is (since is not None)
