"""After any sequence of changes what is stored with each product is what `decide` and fitness say of it."""

from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.clients.evotor.client import GroupList, ProductList
from app.clock import utcnow
from app.db import db
from app.domain.catalog.goods import Attribute, Group, Product, Unreadable
from app.domain.listing.owner_settings import HandField, StockRule
from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import (
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    Listing,
    Photo,
    Pictured,
    StoreState,
    SyncFilter,
)
from app.services.catalog import copy, stores
from app.services.catalog.load import load_groups
from app.services.catalog.verdicts import stored
from app.services.errors import UnknownEntity
from app.services.owner import rule_changes
from app.services.owner import settings as owner_settings
from app.services.photos import files
from tests.conftest import running_app, settings_for
from tests.factories import make_user
from tests.support.database import copy_sqlite
from tests.support.verdicts import check

STORES, GROUPS, PRODUCTS = ("S1", "S2"), ("G1", "G2", "G3", "G4"), ("P1", "P2", "P3", "P4", "P5", "P6")
COLOURS = Attribute("A", "Цвет", (("red", "красный"), ("blue", "синий")))
ANY_GROUP = st.sampled_from((None, *GROUPS, "не такой"))

a_group = st.builds(
    Group,
    id=st.sampled_from(GROUPS),
    name=st.sampled_from(("Чай", "Кофе")),
    parent_id=ANY_GROUP,
    is_variant_model=st.booleans(),
    attributes=st.sampled_from(((), (COLOURS,))),
)
a_product = st.builds(
    Product,
    id=st.sampled_from(PRODUCTS),
    name=st.sampled_from(("Чай 9", "Чай 10", "Ёлка", "")),
    group_id=ANY_GROUP,
    type=st.sampled_from(("NORMAL", "ALCOHOL_MARKED", "ANTISEPTIC_MARKED")),
    allow_to_sell=st.sampled_from((True, True, False)),
    price=st.sampled_from((Decimal(10), Decimal(0), None)),
    quantity=st.sampled_from((Decimal(5), Decimal(0), Decimal(1), None)),
    code=st.sampled_from(("", "77")),
    choices=st.sampled_from(((), (("A", "red"),))),
)
some_groups = st.lists(a_group, min_size=2, unique_by=lambda group: group.id)
some_products = st.lists(a_product, min_size=3, max_size=6, unique_by=lambda product: product.id)
a_mode = st.sampled_from((*FilterMode, None))
_TABLES: dict[EntityType, Any] = {
    EntityType.STORE: CatalogStore,
    EntityType.GROUP: CatalogGroup,
    EntityType.PRODUCT: CatalogProduct,
}


class Shopkeeping(RuleBasedStateMachine):
    """Everything that may happen to one user's catalog, rules, settings and pictures, in any order."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self._end = ExitStack()
        folder = self._end.enter_context(TemporaryDirectory())
        app = running_app(settings_for(copy_sqlite(self.template, Path(folder) / "evosync.db")))
        next(app)
        self._end.callback(lambda: next(app, None))
        self.user = make_user("owner@example.ru")
        self.token: str | None = None

    def teardown(self) -> None:
        self._end.close()

    @initialize(groups=some_groups, products=some_products)
    def begin(self, groups: list[Group], products: list[Product]) -> None:
        for store_id in STORES:
            self.refresh(store_id, groups, products)

    @invariant()
    def what_is_stored_is_what_is_decided(self) -> None:
        check(self.user)

    @rule(store_id=st.sampled_from(STORES), groups=some_groups, products=some_products)
    def refresh(self, store_id: str, groups: list[Group], products: list[Product]) -> None:
        self._ensure_store(store_id)
        copy.replace_goods(self.user.id, store_id, GroupList(groups, {}), _as_listed(products), is_believed=True)

    @rule(store_id=st.sampled_from(STORES), products=some_products)
    def hear_of_changes(self, store_id: str, products: list[Product]) -> None:
        listed = GroupList(load_groups(self.user.id, store_id).get(store_id, []))
        standing = {row.product_id for row in db.session.query(CatalogProduct).filter_by(store_id=store_id)}
        db.session.execute(sa.update(CatalogStore).where(CatalogStore.store_id == store_id).values(since=1))
        assert copy.update_goods(self.user.id, store_id, listed, _as_listed(products))
        now = {row.product_id for row in db.session.query(CatalogProduct).filter_by(store_id=store_id)}
        assert now == standing | {product.id for product in products if not product.code}

    @rule(store_id=st.sampled_from(STORES), groups=some_groups, products=some_products)
    def refresh_that_fails_in_the_middle(self, store_id: str, groups: list[Group], products: list[Product]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copy, "_note_unreadable", _fails)
            with pytest.raises(RuntimeError):
                self.refresh(store_id, groups, products)
        db.session.rollback()

    @rule(level=st.sampled_from(EntityType), mode=a_mode, data=st.data())
    def set_rules(self, level: EntityType, mode: FilterMode | None, data: st.DataObject) -> None:
        known = sorted({getattr(row, f"{level}_id") for row in db.session.query(_TABLES[level])})
        if known:
            ids = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=2))
            self.token = rule_changes.change(self.user, level, ids, mode).token or self.token
            db.session.commit()

    @rule(data=st.data(), mode=a_mode)
    def set_a_rule_for_a_product(self, data: st.DataObject, mode: FilterMode | None) -> None:
        self.set_rules(EntityType.PRODUCT, mode, data)

    @rule()
    def undo(self) -> None:
        if self.token is not None:
            try:
                rule_changes.undo(self.user, self.token)
            except rule_changes.UndoTooLate:
                db.session.rollback()
            db.session.commit()

    @rule(store_id=st.sampled_from(STORES))
    def show_a_store_whole(self, store_id: str) -> None:
        try:
            rule_changes.show_whole(self.user, store_id)
        except UnknownEntity:
            db.session.rollback()
        db.session.commit()

    @rule(
        chosen=st.fixed_dictionaries(
            {
                "stock_rule": st.sampled_from(StockRule),
                "show_from": st.sampled_from((1, 3)),
                "allowed_types": st.sampled_from((frozenset(), frozenset({"ANTISEPTIC_MARKED"}))),
                "photo_required": st.sampled_from((True, True, False)),
                "edited_in_vk": st.sampled_from((frozenset(), frozenset({HandField.PHOTO}))),
            }
        )
    )
    def choose(self, chosen: dict[str, Any]) -> None:
        owner_settings.change(self.user, **chosen)
        db.session.commit()

    @rule(kind=st.sampled_from(Pictured), store_id=st.sampled_from(STORES), number=st.integers(0, 3))
    def put_or_take_a_photo(self, kind: Pictured, store_id: str, number: int) -> None:
        entity_id = (GROUPS if kind is Pictured.GROUP else PRODUCTS)[number]
        names = {"store_id": store_id, "entity_type": kind, "entity_id": entity_id}
        row = db.session.query(Photo).filter_by(user_id=self.user.id, **names).one_or_none()
        if row is not None:
            db.session.delete(row)
        else:
            digest = f"{number:032}"
            files.write(self.user.id, digest, b"jpeg")
            db.session.add(Photo(user_id=self.user.id, digest=digest, width=1, height=1, created_at=utcnow(), **names))
        db.session.commit()

    @rule(store_id=st.sampled_from(STORES), product_id=st.sampled_from(PRODUCTS), keeps=st.booleans())
    def a_person_chooses_a_photo_in_vk(self, store_id: str, product_id: str, keeps: bool) -> None:
        names = {"user_id": self.user.id, "vk_group_id": 0, "store_id": store_id, "product_id": product_id}
        row = db.session.query(Listing).filter_by(**names).one_or_none()
        row = row or Listing(**names, sku=f"ev:{product_id}", state=LinkState.LIVE)
        row.keeps_photo = keeps
        db.session.add(row)
        db.session.commit()

    @rule(store_id=st.sampled_from(STORES), groups=some_groups, products=some_products)
    def lose_close_and_reopen_a_store(self, store_id: str, groups: list[Group], products: list[Product]) -> None:
        self._ensure_store(store_id).state = StoreState.MISSING
        stores.close_store(self.user, store_id)
        db.session.commit()
        check(self.user)
        self.refresh(store_id, groups, products)

    @rule(groups=some_groups, products=some_products)
    def connect_another_account(self, groups: list[Group], products: list[Product]) -> None:
        copy.drop_catalog(self.user.id)
        db.session.commit()
        check(self.user)
        self.begin(groups, products)

    @rule(mode=st.sampled_from(FilterMode), group_id=st.sampled_from(GROUPS))
    def another_program_writes_a_rule(self, mode: FilterMode, group_id: str) -> None:
        """It knows nothing of verdicts: they are found stale by whoever looks next."""
        rules = sa.table("sync_filters", *map(sa.column, ("sync_config_id", "entity_type", "entity_id")))
        config = self.user.sync_config
        if config is None:
            return
        db.session.execute(sa.delete(rules).where(rules.c.entity_id == group_id))
        values = {"entity_type": "group", "entity_id": group_id, "entity_name": "Чай", "filter_mode": mode}
        db.session.execute(sa.insert(SyncFilter).values(sync_config_id=config.id, **values))
        db.session.expire(config)
        db.session.commit()
        stored.ensure_current(self.user)

    def _ensure_store(self, store_id: str) -> CatalogStore:
        row = db.session.query(CatalogStore).filter_by(user_id=self.user.id, store_id=store_id).one_or_none()
        row = row or CatalogStore(user_id=self.user.id, store_id=store_id, name="Лавка", state=StoreState.OK)
        db.session.add(row)
        db.session.flush()
        return row


def _as_listed(products: list[Product]) -> ProductList:
    """What has the code 77 comes in a form that cannot be read."""
    unreadable = tuple(Unreadable(product.id, product.name, "price", "?") for product in products if product.code)
    return ProductList([product for product in products if not product.code], unreadable)


def _fails(*_: object) -> None:
    raise RuntimeError


def test_after_any_sequence_of_changes_the_stored_verdicts_are_what_is_decided(sqlite_template: Path) -> None:
    class Here(Shopkeeping):
        template = sqlite_template

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
