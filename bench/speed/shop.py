"""An owner with a large store, filled by the product's own services from the emulators of both vendors."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.clock import utcnow
from app.db import db
from app.domain.planning.changes import Action, Change, LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import AlbumState, Listing, RunStatus, RunTrigger, User
from app.services.catalog import copy
from app.services.catalog import refresh as catalog_refresh
from app.services.engine import run as engine_run
from app.services.market import albums, records
from app.services.owner import rule_changes, switch
from app.services.owner import rules as owner_rules
from app.services.planning import plans
from bench.speed.figures import tell
from bench.speed.goods import Goods, make_goods
from config import load_settings
from tests.factories import connect_both, make_user
from tests.support.database import drop_postgres, make_postgres
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN, SECOND_STORE, STORE, Sandbox

OWNER = "owner@example.ru"
BIG, SMALL = "20260101-AAAA-4BBB-80CC-000000000001", "20260101-AAAA-4BBB-80CC-000000000002"
SMALL_SIZE = 40
AT_ONCE = 2_000
FIRST_ITEM = 10_000_000
"""Id of the first item that is laid and not made."""


@dataclass
class Shop:
    app: Flask
    environment: dict[str, str]
    sandbox: Sandbox
    goods: Goods
    folder: Path
    changes: int = 0
    """So many times a tenth of the goods was changed."""

    @contextmanager
    def owner(self) -> Iterator[User]:
        """In a session of its own, which is committed at the end."""
        with self.app.app_context():
            user = db.session.query(User).filter_by(email=OWNER).one()
            yield user
            db.session.commit()
            db.session.remove()

    def open(self) -> None:
        """Both connected, everything read, the large store chosen but for a group and a product."""
        self.connect()
        self.choose()

    def connect(self) -> None:
        """Both, with everything read and nothing chosen."""
        self._stock_up()
        with self.app.app_context():
            connect_both(make_user(OWNER))

    def choose(self) -> None:
        """Whatever was pressed before."""
        with self.owner() as user:
            known = owner_rules.rules_of(user).rules
            for level in EntityType:
                if ids := [rule.entity_id for rule in known if rule.entity_type is level]:
                    rule_changes.change(user, level, ids, None)
            rule_changes.change(user, EntityType.STORE, [BIG], FilterMode.INCLUDE)
            rule_changes.change(user, EntityType.GROUP, [self.goods.left_out], FilterMode.EXCLUDE)
            rule_changes.change(user, EntityType.PRODUCT, self.goods.some(3)[1:2], FilterMode.EXCLUDE)

    def exclude(self, products: Sequence[str]) -> None:
        with self.owner() as user:
            rule_changes.change(user, EntityType.PRODUCT, products, FilterMode.EXCLUDE)

    def tidy(self) -> None:
        """A PostgreSQL is left as autovacuum leaves it, which may come before what is measured, or in its middle."""
        with self.app.app_context():
            if db.engine.dialect.name == "postgresql":
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM ANALYZE")

    def _stock_up(self) -> None:
        names = {BIG: "Большой магазин", SMALL: "Малый магазин"}
        upsert = [{"id": store, "name": name} for store, name in names.items()]
        self.sandbox.control("evotor/stores", account=ACCOUNT, upsert=upsert)
        self.sandbox.control("evotor/stores", account=ACCOUNT, delete=[STORE, SECOND_STORE])
        for store, goods in ((BIG, self.goods), (SMALL, make_goods(SMALL_SIZE, prefix="S"))):
            self.sandbox.control("evotor/groups", store=store, upsert=goods.groups)
            for start in range(0, len(goods.products), AT_ONCE):
                self.sandbox.control("evotor/products", store=store, upsert=goods.products[start : start + AT_ONCE])

    def change_a_tenth(self) -> None:
        """At the register, and in our copy."""
        self.change_at_register()
        with self.owner() as user:
            catalog_refresh.refresh(user)

    def change_at_register(self) -> None:
        """A tenth of the goods, and other than the last time."""
        self.changes += 1
        changed = self.goods.changed(self.changes)
        for start in range(0, len(changed), AT_ONCE):
            self.sandbox.control("evotor/products", store=BIG, patch=changed[start : start + AT_ONCE])

    @contextmanager
    def without_stock(self) -> Iterator[None]:
        """The token has no right to it, and the copy was read so: hours after the goods were changed, but for one."""
        self.sandbox.control("evotor/settings", tokens={EVOTOR_TOKEN: {"stock": False}})
        self.sandbox.control("clock", advance=3 * 3600)
        self.sandbox.control("evotor/products", store=BIG, patch=[{"id": self.goods.some(1)[0]}])
        self._copy_anew()
        try:
            yield
        finally:
            self.sandbox.control("evotor/settings", tokens={EVOTOR_TOKEN: {"stock": True}})
            self._copy_anew()

    def _copy_anew(self) -> None:
        with self.owner() as user:
            copy.drop_catalog(user.id)
            db.session.commit()
            catalog_refresh.refresh(user)

    def run_first(self, adds: int) -> None:
        """Confirm and run: the engine adds so many items, the others are laid as it would have left them.

        Then a second run, which finds nothing to do.
        """
        with self.owner() as user:
            switch.toggle(user, True)
            switch.confirm(user)
        left = iter([False] * adds)
        self._run(is_stopping=lambda: next(left, True))
        with self.owner() as user:
            lay_plan(user)
        outcome = self._run()
        if outcome.status != RunStatus.SUCCEEDED or outcome.done:
            raise RuntimeError(f"the run over what was laid: {outcome}")

    def _run(self, **more: object) -> engine_run.Outcome:
        with self.owner() as user:
            outcome = engine_run.run_user(user, RunTrigger.COMMAND, **more)  # type: ignore[arg-type]  # its own options
            tell(f"  run: {outcome.status}, {outcome.done} changes {outcome.error or ''}")
            return outcome


def lay_plan(user: User) -> None:
    """Our records as runs would leave them that carried out the whole plan; buyers see nothing of it."""
    for _ in range(4):
        changes = plans.plan_for(user).changes
        if not changes:
            return
        market = records.MarketRecords(user.id, user.market_id)
        market.load()
        for number, change in enumerate(changes):
            _lay(market, change, FIRST_ITEM + number)
        db.session.commit()
    raise RuntimeError(f"{len(changes)} changes are left, such as {changes[0]}")


def _lay(market: records.MarketRecords, change: Change, item_id: int) -> None:
    if change.action is Action.ALBUM_ADD:
        assert change.album is not None
        album = albums.new_album(market.user_id, market.group_id, change.album)
        album.state, album.vk_album_id = AlbumState.LIVE, item_id
        return
    row = market.ensure_listing(change.listing_key)
    if change.action is Action.ADD:
        _lay_item(row, change, item_id)
    elif change.action is Action.ALBUM_PUT:
        row.album = change.album
    else:
        raise RuntimeError(f"nothing of the kind was expected: {change}")


def _lay_item(row: Listing, change: Change, item_id: int) -> None:
    row.name, row.state, row.vk_item_id = change.name, LinkState.LIVE, item_id
    row.sent, row.photo_hash, row.photo_id = dict(change.fields), change.photo, item_id
    row.attempted_at = row.written_at = utcnow()


@contextmanager
def shop(
    folder: Path,
    size: int,
    goods: Path | None = None,
    server: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Shop]:
    """A fresh one. `server`: address of any database of a PostgreSQL, where one more is made and dropped again.

    `settings`: others than usual here.
    """
    sandbox = Sandbox()
    try:
        with _database(folder, server) as url:
            environment = {**environment_of(url, sandbox, folder), **settings}
            app = create_app(load_settings(environment))
            with app.app_context():
                upgrade()
            try:
                yield Shop(app, environment, sandbox, make_goods(size, goods), folder)
            finally:
                with app.app_context():
                    db.engine.dispose()
    finally:
        sandbox.stop()


@contextmanager
def _database(folder: Path, server: str | None) -> Iterator[str]:
    if server is None or urlsplit(server).scheme == "sqlite":
        yield f"sqlite:///{folder / 'evosync.db'}"
        return
    os.environ["TEST_DATABASE_URL"] = server
    name = f"evosync_bench_{os.getpid()}"
    try:
        yield make_postgres(name, is_lasting=True)
    finally:
        drop_postgres(name)


def environment_of(url: str, sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Settings of a product of its own; the vendors' pace is as good as none."""
    return {
        "EVOSYNC_ENV": "development",
        "DATABASE_URL": url,
        "SECRET_KEY": "a secret of the benches that is long enough",
        "TOKEN_KEYS": Fernet.generate_key().decode(),
        "EVOTOR_API_URL": sandbox.evotor_url,
        "VK_API_URL": sandbox.vk_url,
        "VK_REQUESTS_PER_SECOND": "100000",
        "EVOTOR_REQUESTS_PER_SECOND": "100000",
        "VK_READ_LAG_SECONDS": "1",
        "PHOTO_DIR": str(folder / "photos"),
    }
