"""Whatever happened before: a run that ends without looking would have found nothing to do, had it looked."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain.listing.owner_settings import StockRule
from app.domain.rules import EntityType, FilterMode
from app.models import KeptPlan, Pictured, RunStatus
from app.services.catalog import store_refresh
from app.services.engine.synchronisation import Synchronisation
from app.services.errors import ServiceError
from app.services.market import owner_answers
from app.services.owner import settings as owner_settings
from app.services.owner import switch
from app.services.photos import gallery
from app.services.photos.gallery import Subject
from tests.support import owners
from tests.support.approval import approve
from tests.support.pictures import BLUE, RED, picture
from tests.support.sandbox import CLUB
from tests.support.shop import TINY, Shop

GOODS, GROUPS = ("P1", "P2", "P3", "P4", "P5"), ("G1", "G2")
STEPS = 14


class Watched:
    """How the runs of the shop went, and whether the short way was taken."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self._monkeypatch, self.short = shop, monkeypatch, 0
        self._took_short = False
        real = Synchronisation._is_settled

        def is_settled(synchronisation: Synchronisation) -> bool:
            self._took_short = real(synchronisation)
            return self._took_short

        monkeypatch.setattr(Synchronisation, "_is_settled", is_settled)

    def run(self) -> None:
        """Once as it comes; where that did not look, once more in full: it must come to the same."""
        self._took_short = False
        found = self.shop.run()
        if not self._took_short or found.status != RunStatus.SUCCEEDED:
            return
        self.short += 1
        version, writes = self._version(), self.shop.writes()
        with self._monkeypatch.context() as patch:
            patch.setattr(Synchronisation, "_is_settled", lambda _run: False)
            patch.setattr(store_refresh, "_is_as_heard", lambda _row, _read: False)
            in_full = self.shop.run()
        assert (in_full.status, in_full.done, in_full.skipped) == (found.status, 0, found.skipped)
        assert self.shop.writes() == writes
        assert self._version() == version, "the copy was not what was heard"

    def _version(self) -> int | None:
        db.session.remove()
        return db.session.scalar(sa.select(KeptPlan.version))


class Happenings:
    """Each by itself harmless; all may come in any order."""

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop, self.chance = shop, chance

    def next(self) -> None:
        kinds = (
            self._at_the_register,
            self._by_the_owner,
            self._in_vk,
            self._with_faults,
            self._in_time,
            self._in_time,
        )
        with suppress(ServiceError):  # not everything is to be done at any time
            self.chance.choice(self.chance.choice(kinds)())()
        db.session.commit()

    def _at_the_register(self) -> list[Callable[[], Any]]:
        shop, chance, one = self.shop, self.chance, self.chance.choice(GOODS)
        renamed = [{"id": "G1", "name": f"Чай {chance.random()}"}]
        return [
            lambda: shop.put(one, price=chance.randint(90, 110), parent_id=chance.choice(GROUPS)),
            lambda: shop.put(one, price=100, quantity=chance.choice((0, 5))),
            lambda: self._gone(one),
            lambda: shop.sandbox.control("evotor/groups", store=TINY, upsert=renamed),
        ]

    def _gone(self, product_id: str) -> None:
        """Whether or not it was there before."""
        self.shop.put(product_id)
        self.shop.drop(product_id)

    def _by_the_owner(self) -> list[Callable[[], Any]]:
        shop, chance = self.shop, self.chance
        mode, colour = chance.choice((*FilterMode, None)), chance.choice((RED, BLUE))
        return [
            lambda: shop.rule(EntityType.PRODUCT, mode, chance.choice(GOODS)),
            lambda: shop.rule(EntityType.GROUP, mode, chance.choice(GROUPS)),
            lambda: owner_settings.change(shop.owner, stock_rule=chance.choice(list(StockRule))),
            lambda: owner_settings.change(shop.owner, remove_after_days=chance.choice((0, 1, 7))),
            lambda: owner_settings.change(shop.owner, photo_required=chance.choice((True, False))),
            lambda: owner_settings.change(shop.owner, with_albums=chance.choice((True, False))),
            lambda: gallery.put(shop.owner, Subject(Pictured.GROUP, TINY, "G1"), picture(colour=colour)),
            lambda: gallery.remove(shop.owner, Subject(Pictured.GROUP, TINY, "G1")),
            lambda: switch.confirm(shop.owner),
            self._off_and_on,
            lambda: approve(shop),
        ]

    def _off_and_on(self) -> None:
        owners.toggle(self.shop, False)
        owners.toggle(self.shop, True)

    def _in_vk(self) -> list[Callable[[], Any]]:
        items = [item["id"] for item in self.shop.sandbox.items(CLUB)]
        edit = [{"id": self.chance.choice(items), "name": "Сменили в ВК"}] if items else []
        delete = [self.chance.choice(items)] if items else []
        return [
            lambda: self.shop.sandbox.control("vk/items", club=CLUB, edit=edit),
            lambda: self.shop.sandbox.control("vk/items", club=CLUB, delete=delete),
            lambda: self._answer(owner_answers.recreate_deleted),
            lambda: self._answer(owner_answers.accept_deletion),
            lambda: owner_answers.request_market_check(self.shop.owner),
        ]

    def _answer(self, how: Callable[..., object]) -> None:
        owner = self.shop.owner
        how(owner, [row.id for row in owner_answers.market_review(owner).gone])

    def _with_faults(self) -> list[Callable[[], Any]]:
        evotor = self.chance.choice(("partial", "402", "500", "empty_list"))
        vk = self.chance.choice(("error:100", "drop_after", "error:9"))
        return [
            lambda: self.shop.sandbox.fault("evotor", evotor, "products", times=1),
            lambda: self.shop.sandbox.fault("vk", vk, times=1),
        ]

    def _in_time(self) -> list[Callable[[], Any]]:
        spans: tuple[dict[str, float], ...] = ({"minutes": 16}, {"hours": 7}, {"days": 1, "minutes": 1}, {"days": 8})
        return [partial(self.shop.clock.move, **span) for span in spans]


@pytest.mark.parametrize("seed", range(6))
def test_a_run_that_does_not_look_would_have_found_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, watched = random.Random(seed), Watched(shop, monkeypatch)
    for _ in range(3):
        watched.run()
    happenings = Happenings(shop, chance)
    for _ in range(STEPS):
        happenings.next()
        for _ in range(chance.randint(1, 3)):
            watched.run()
            shop.clock.move(minutes=chance.choice((0, 1, 15)))
    assert watched.short
