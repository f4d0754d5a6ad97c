"""One owner with a tiny store, a clock that tests move, and runs as separate processes would make them."""

import itertools
import math
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, Transport
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import Listing, RunTrigger, SyncRun, SyncRunEntry, User
from app.services.connections import evotor, vk
from app.services.engine import run as engine_run
from app.services.engine.run import Outcome
from app.services.owner import switch
from app.services.runs import records
from tests.factories import make_user, set_rule
from tests.support.clock import TurnedClock, real_now, turn
from tests.support.sandbox import ACCOUNT, CLUB, EVOTOR_TOKEN, SECOND_STORE, STORE, VK_TOKEN, Sandbox

PACE = 0.001
"""Seconds. Between two calls our clients wait for less; the sandbox hears of it with the next longer pause."""

TINY = "20260101-AAAA-4BBB-80CC-000000000001"


class Clock(TurnedClock):
    """Our time and the sandbox's: both stand still however slow the machine is, and are moved together."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(real_now())
        self.sandbox = sandbox
        self._told = timedelta(0)
        sandbox.control("clock", freeze=True)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if seconds > PACE:
            self._tell_sandbox()

    def move(self, **span: float) -> None:
        super().move(**span)
        self._tell_sandbox()

    def _tell_sandbox(self) -> None:
        untold, self._told = self.moved - self._told, self.moved
        self.sandbox.control("clock", advance=untold.total_seconds())


_SEND = Transport.send


class Killed(BaseException):
    """The process dies: nothing below the test may catch it."""


class Shop:
    """Products P1 (group G1, 100 roubles), P2 (group G2, 200) and P3 (no group, 300)."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, club: int = CLUB) -> None:
        self.sandbox, self.club = sandbox, club
        self.clock = Clock(sandbox)
        turn(monkeypatch, self.clock)
        self._monkeypatch = monkeypatch
        sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": TINY, "name": "Лавка"}])
        sandbox.control("evotor/stores", account=ACCOUNT, delete=[STORE, SECOND_STORE])
        sandbox.control("evotor/groups", store=TINY, upsert=[{"id": "G1", "name": "Чай"}, {"id": "G2", "name": "Мёд"}])
        self.put("P1", price=100, parent_id="G1")
        self.put("P2", price=200, parent_id="G2")
        self.put("P3", price=300)
        self.owner_id = self.connect(make_user()).id

    def connect(self, user: User) -> User:
        """Both connected, the store chosen, enabled and confirmed."""
        evotor.connect_evotor(user, EVOTOR_TOKEN)
        vk.connect_vk(user, VK_TOKEN, self.club)
        set_rule(user, EntityType.STORE, FilterMode.INCLUDE, TINY)
        switch.toggle(user, True)
        switch.confirm(user)
        db.session.commit()
        return user

    @property
    def owner(self) -> User:
        """As a new process reads it."""
        db.session.remove()
        return db.session.get_one(User, self.owner_id)

    def run(self, **more: Any) -> Outcome:
        return engine_run.run_user(self.owner, RunTrigger.COMMAND, **more)

    def run_slice(self, changes: int) -> Outcome:
        """A run whose time is over after so many changes."""
        ticks = itertools.chain([0.0] * (changes + 1), itertools.repeat(math.inf))
        return self.run(to_end=False, monotonic=lambda: next(ticks))

    def run_killed(self) -> None:
        """A run whose process dies, and the time after which another may take over."""
        with pytest.raises(Killed):
            self.run()
        db.session.remove()
        self.clock.move(minutes=6)

    def put(self, product_id: str, **fields: Any) -> None:
        self.sandbox.put_product(product_id, TINY, **fields)

    def fill(self, count: int, **fields: Any) -> list[str]:
        """Products N000, N001, … of 100 roubles."""
        ids = [f"N{number:03}" for number in range(count)]
        usual = {"type": "NORMAL", "measure_name": "шт", "tax": "NO_VAT", "allow_to_sell": True, "price": 100}
        goods = [{**usual, "quantity": 5, "id": name, "name": f"Товар {name}", **fields} for name in ids]
        self.sandbox.control("evotor/products", store=TINY, upsert=goods)
        return ids

    def patch_all(self, ids: Iterable[str], **fields: Any) -> None:
        self.sandbox.control("evotor/products", store=TINY, patch=[{"id": name, **fields} for name in ids])

    def patch(self, product_id: str, **fields: Any) -> None:
        self.sandbox.patch_product(product_id, TINY, **fields)

    def drop(self, product_id: str) -> None:
        self.sandbox.drop_product(product_id, TINY)

    def rule(self, entity_type: EntityType, mode: FilterMode | None, *ids: str) -> None:
        set_rule(self.owner, entity_type, mode, *ids)

    def on_call(self, path: str, hook: Callable[[Callable[[], Response]], Response], times: int = 1) -> None:
        """Let `hook` have the next calls of that path; it gets the call itself, to make it or not."""
        self._hook(lambda called: called.endswith(path), hook, times)

    def on_batches_of(
        self, method: str, hook: Callable[[Callable[[], Response]], Response], times: int = 1_000
    ) -> None:
        """As `on_call`, of the requests that make many calls of this method."""
        real, left = Transport.send, [times]

        def send(transport: Transport, verb: str, called: str, **more: Any) -> Response:
            if left[0] > 0 and f"API.{method}(" in (more.get("data") or {}).get("code", ""):
                left[0] -= 1
                return hook(partial(real, transport, verb, called, **more))
            return real(transport, verb, called, **more)

        self._monkeypatch.setattr(Transport, "send", send)

    def on_uploads(self, hook: Callable[[Callable[[], Response]], Response]) -> None:
        """Of pictures; other threads make them."""
        self._hook(lambda called: "/upload/" in called, hook, times=1_000_000)

    def _hook(
        self, is_meant: Callable[[str], bool], hook: Callable[[Callable[[], Response]], Response], times: int
    ) -> None:
        real, left = Transport.send, [times]

        def send(transport: Transport, method: str, called: str, **more: Any) -> Response:
            if is_meant(called) and left[0] > 0:
                left[0] -= 1
                return hook(partial(real, transport, method, called, **more))
            return real(transport, method, called, **more)

        self._monkeypatch.setattr(Transport, "send", send)

    def stop_hooks(self) -> None:
        self._monkeypatch.setattr(Transport, "send", _SEND)

    def after_call(self, path: str, deed: Callable[[], object]) -> None:
        """Something happens when the next call of that path has been answered."""

        def hook(call: Callable[[], Response]) -> Response:
            answer = call()
            deed()
            return answer

        self.on_call(path, hook)

    def prices(self) -> dict[str, str]:
        """What buyers see."""
        return {product: item["price"] for product, item in self.sandbox.visible(self.club).items()}

    def albums(self) -> dict[str, list[str]]:
        """Our items by the titles of the albums that we made."""
        club = self.sandbox.dump()["vk"]["clubs"][str(self.club)]
        names = {item["id"]: str(item["sku"]).removeprefix("ev:") for item in club["items"]}
        return {
            album["title"]: sorted(names[item_id] for item_id in album["item_ids"])
            for album in club["albums"]
            if not album["foreign"]
        }

    def album_titles(self) -> list[str]:
        club = self.sandbox.dump()["vk"]["clubs"][str(self.club)]
        return sorted(album["title"] for album in club["albums"] if not album["foreign"])

    def item(self, product_id: str) -> dict[str, Any]:
        """The only item with this product's sku that VK has not deleted."""
        (item,) = [item for item in self.sandbox.items(self.club) if item["sku"] == f"ev:{product_id}"]
        return item

    def calls(self, target: str) -> int:
        return int(self.sandbox.dump()["calls"].get(f"vk.{target}", 0))

    def listing(self, product_id: str) -> Listing | None:
        db.session.remove()
        return db.session.scalar(sa.select(Listing).where(Listing.product_id == product_id))

    def last_run(self) -> SyncRun:
        """Also one that left no row."""
        db.session.remove()
        return records.latest(self.owner_id) or pytest.fail("no run")

    def entries(self, run_id: int | None = None) -> list[SyncRunEntry]:
        query = sa.select(SyncRunEntry).where(SyncRunEntry.run_id == (run_id or self.last_run().id))
        return list(db.session.scalars(query.order_by(SyncRunEntry.id)))

    def next_run_in(self) -> timedelta:
        state = self.owner.sync_state
        assert state is not None
        assert state.next_run_at is not None
        return state.next_run_at - self.clock.utcnow()

    def writes(self) -> int:
        return self.sandbox.writes()

    def forget_calls(self) -> None:
        self.sandbox.control("calls/reset")
