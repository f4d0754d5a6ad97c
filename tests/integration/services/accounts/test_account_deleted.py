"""An account that is deleted while a run works for it: the run ends, and nothing and nobody else does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.clients.http import Response, Transport
from app.db import Base, db
from app.models import RunStatus, RunTrigger, SyncState, User
from app.services.engine import run
from app.services.runs import claims, codes, ending, schedule
from app.services.runs.codes import ACCOUNT_DELETED
from app.tasks.sync import run_due
from tests.factories import make_user
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.statements import heard

Tick = Callable[[], None]


def another_process() -> sa.Engine:
    """Its connections wait for nobody."""
    if db.engine.dialect.name == "postgresql":
        return sa.create_engine(db.engine.url, connect_args={"options": "-c lock_timeout=50"}, poolclass=sa.NullPool)
    run = sa.create_engine(db.engine.url, connect_args={"timeout": 0}, poolclass=sa.NullPool)
    event.listen(run, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=ON"))
    return run


class TwoOwners:
    """The shop's owner is the next one of the pass; before them stands another, whose account goes."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.shop = Shop(sandbox, monkeypatch, EXTENDED_CLUB)
        self.shop.run()
        sandbox.control("snapshot")
        self.others = another_process()

    def begin(self, *, has_run: bool) -> None:
        """The other owner anew; `has_run`: with a market that needs changes of every kind."""
        db.session.remove()
        self.sandbox.control("restore")
        self.shop.club = CLUB
        self.doomed = self.shop.connect(make_user("doomed@example.ru")).id
        if has_run:
            run.run_user(db.session.get_one(User, self.doomed), RunTrigger.COMMAND)
            self._change()
        first = sa.update(SyncState).where(SyncState.user_id == self.doomed)
        db.session.execute(first.values(next_run_at=self.shop.clock.utcnow() - timedelta(hours=1)))
        schedule.set_next_run(self.shop.owner_id, self.shop.clock.utcnow())
        db.session.commit()
        db.session.remove()

    def _change(self) -> None:
        shop = self.shop
        shop.patch("P1", name="Чай другой", parent_id="G2", price=110)
        shop.drop("P2")
        shop.put("P4", price=400)

    def delete(self) -> bool:
        """By another process; False where the run is in the middle of a transaction that it has to wait for."""
        try:
            with self.others.begin() as connection:
                connection.execute(sa.text("DELETE FROM users WHERE id = :id"), {"id": self.doomed})
        except OperationalError:
            return False
        self.club_then = self.club()
        return True

    def club(self) -> Any:
        return self.sandbox.dump()["vk"]["clubs"][str(CLUB)]

    def rows_left(self) -> dict[str, int]:
        left = {}
        for table in Base.metadata.sorted_tables:
            if "user_id" in table.c:
                query = sa.select(sa.func.count()).select_from(table).where(table.c.user_id == self.doomed)
                left[table.name] = db.session.scalar(query)
        orphans = "SELECT count(*) FROM sync_run_entries WHERE run_id NOT IN (SELECT id FROM sync_runs)"
        left["orphans"] = db.session.scalar(sa.text(orphans))
        return {name: count for name, count in left.items() if count}


@contextmanager
def after_every_request(tick: Tick) -> Iterator[None]:
    real = Transport.send

    def send(transport: Transport, method: str, path: str, **more: Any) -> Response:
        answer = real(transport, method, path, **more)
        tick()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "send", send)
        yield


@contextmanager
def after_every_commit(tick: Tick) -> Iterator[None]:
    def committed(_session: object) -> None:
        tick()

    event.listen(db.session, "after_commit", committed)
    try:
        yield
    finally:
        event.remove(db.session, "after_commit", committed)


@contextmanager
def before_every_statement(tick: Tick) -> Iterator[None]:
    with heard(lambda *_: tick()):
        yield


Moments = Callable[[Tick], Any]


def moments_of_a_run(owners: TwoOwners, moments: Moments, *, has_run: bool) -> int:
    """How many there are while nobody deletes anything."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1

    owners.begin(has_run=has_run)
    with moments(tick):
        run.run_user(db.session.get_one(User, owners.doomed), RunTrigger.SCHEDULE, to_end=False)
    assert owners.delete()
    return count


def delete_at(owners: TwoOwners, moments: Moments, moment: int, *, has_run: bool) -> bool:
    """One pass in which the account is deleted at that moment; whether it could be."""
    count, deleted = 0, False

    def tick() -> None:
        nonlocal count, deleted
        count += 1
        if count == moment:
            deleted = owners.delete()

    owners.begin(has_run=has_run)
    with moments(tick):
        outcomes = list(run_due())
    if not deleted:
        assert owners.delete()
        return False
    db.session.rollback()
    assert [outcome.error for outcome in outcomes[:-1]] in ([], [ACCOUNT_DELETED], [None]), moment
    assert (outcomes[-1].user_id, outcomes[-1].status) == (owners.shop.owner_id, RunStatus.SUCCEEDED), moment
    assert owners.rows_left() == {}, moment
    return True


@pytest.fixture
def owners(app_on_each_database: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> TwoOwners:
    return TwoOwners(sandbox, monkeypatch)


@pytest.mark.parametrize(("has_run", "step"), [(False, 5), (True, 4)], ids=["first run", "later run"])
def test_after_the_deletion_nothing_is_written_to_vk(owners: TwoOwners, has_run: bool, step: int) -> None:
    total = moments_of_a_run(owners, after_every_request, has_run=has_run)
    assert total > 10

    for moment in range(1, total + 1, step):
        assert delete_at(owners, after_every_request, moment, has_run=has_run)
        assert owners.club() == owners.club_then, moment


def test_between_any_two_transactions_the_account_may_go(owners: TwoOwners) -> None:
    total = moments_of_a_run(owners, after_every_commit, has_run=True)

    tried = [delete_at(owners, after_every_commit, moment, has_run=True) for moment in range(1, total + 1, 8)]

    assert sum(tried) > len(tried) / 2, "but for savepoints, which are no ends of transactions"


def test_in_the_middle_of_a_transaction_the_account_may_go(
    app_on_postgres: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = TwoOwners(sandbox, monkeypatch)
    total = moments_of_a_run(owners, before_every_statement, has_run=True)

    tried = [delete_at(owners, before_every_statement, moment, has_run=True) for moment in range(1, total, 11)]

    assert sum(tried) > len(tried) / 3, "but where a transaction holds the owner, for whose end a deletion waits"


def test_an_account_that_goes_before_its_run_is_claimed(owners: TwoOwners, monkeypatch: pytest.MonkeyPatch) -> None:
    owners.begin(has_run=False)
    real = claims.claim

    def claim(user_id: int, *more: Any) -> Any:
        if user_id == owners.doomed:
            db.session.commit()
            assert owners.delete()
        return real(user_id, *more)

    monkeypatch.setattr(claims, "claim", claim)

    assert [outcome.user_id for outcome in run_due()] == [owners.shop.owner_id]
    assert owners.rows_left() == {}


def test_whatever_happens_to_one_user_the_pass_goes_on(owners: TwoOwners, monkeypatch: pytest.MonkeyPatch) -> None:
    owners.begin(has_run=False)
    real = claims.claim

    def claim(user_id: int, *more: Any) -> Any:
        if user_id == owners.doomed:
            raise ValueError("a fault of ours")
        return real(user_id, *more)

    monkeypatch.setattr(claims, "claim", claim)

    assert [outcome.user_id for outcome in run_due()] == [owners.shop.owner_id]


def test_a_fault_of_ours_at_the_very_end_still_has_its_line(owners: TwoOwners, monkeypatch: pytest.MonkeyPatch) -> None:
    owners.begin(has_run=False)
    real = ending.finish

    def finish(run_id: int, *more: Any) -> bool:
        user_id = db.session.scalar(sa.text("SELECT user_id FROM sync_runs WHERE id = :id"), {"id": run_id})
        if user_id == owners.doomed:
            raise ValueError("a fault of ours")
        return real(run_id, *more)

    monkeypatch.setattr(ending, "finish", finish)

    assert [(outcome.user_id, outcome.status) for outcome in run_due()] == [
        (owners.doomed, RunStatus.FAILED),
        (owners.shop.owner_id, RunStatus.SUCCEEDED),
    ]


def test_a_rule_that_vanished_in_the_middle_ends_only_that_run(owners: TwoOwners) -> None:
    """Rows go also where the account stays: the next run plans by what is left."""
    owners.begin(has_run=True)
    owners.shop.after_call("/market.edit", _forget_listings)

    statuses = [outcome.status for outcome in run_due()]

    assert statuses == [RunStatus.CONTINUED, RunStatus.SUCCEEDED]


def _forget_listings() -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM listings WHERE vk_group_id = :club"), {"club": CLUB})


@pytest.mark.parametrize("table", ["sync_runs", "sync_states", "evotor_connections", "users"])
def test_rows_that_a_dead_machine_keeps_locked_are_waited_for_in_vain_and_the_pass_goes_on(
    app_on_postgres: Flask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    owners = TwoOwners(sandbox, monkeypatch)
    owners.begin(has_run=False)
    assert db.session.scalar(sa.text("SHOW lock_timeout")) == "15s"
    db.session.execute(sa.text("SET lock_timeout = '100ms'"))
    db.session.commit()
    column = "id" if table == "users" else "user_id"
    with owners.others.begin() as dead:
        dead.execute(sa.text(f"SELECT 1 FROM {table} WHERE {column} = {owners.doomed} FOR UPDATE"))

        outcomes = list(run_due())

    assert (outcomes[-1].user_id, outcomes[-1].status) == (owners.shop.owner_id, RunStatus.SUCCEEDED)
    assert all(outcome.error in (codes.DATABASE_LOST, codes.CHANGED_MEANWHILE) for outcome in outcomes[:-1])
