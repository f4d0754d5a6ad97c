"""Run after run while both services fail by chance and the goods change at the register."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.db import db
from app.domain.planning.changes import Action
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from app.services.catalog import refresh
from app.services.owner import switch
from app.services.planning import approvals, plans
from tests.support.audit import Findings, check_always, check_final, strangers
from tests.support.register import Register
from tests.support.shop import Shop

LEFT_OUT = "GX"
GOODS_IN_A_GROUP = 12
CHANGED_IN_A_ROUND = 0.04
BACKLOG = 0.02
"""While more than this part of the goods stands otherwise than it should, the register stays as it is."""
BETWEEN_RUNS = (timedelta(minutes=15), timedelta(hours=12))
HOLDS_ARE_OVER = timedelta(hours=25)
RUNS_TO_CONVERGE = 5


@dataclass
class Report:
    runs: Counter[str] = field(default_factory=Counter)
    """By how they ended."""
    rounds_with_changes: int = 0
    runs_to_converge: int = 0
    calls: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        return not (self.twice or self.lost or self.wrong or self.foreign)

    def add(self, found: Findings) -> None:
        self.twice.update(found.twice)
        self.lost.update(found.lost)
        self.wrong.update(found.wrong)
        self.foreign.update(found.foreign)


class Soak:
    """Waits cost no time: our clock and the sandbox's are moved instead."""

    def __init__(
        self, shop: Shop, *, goods: int, seed: int, probability: float, kinds: Sequence[str] = (), lag: float = 0.5
    ) -> None:
        """`kinds` of chaos: all, if none are named; `lag` stays below the one that the runs reckon with."""
        self.shop = shop
        self.chaos = {"probability": probability, "seed": seed, "kinds": list(kinds), "lag": lag}
        self.random = random.Random(seed)
        self.register = Register(shop.sandbox, frozenset({LEFT_OUT}))
        self.report = Report()
        self.ever_shown: set[str] = set()
        self._stock_up(goods)
        self._select()
        self.strangers = strangers(shop.sandbox.dump(), self.shop.club)
        self._changes: list[Callable[[str], None]] = [
            *(self._reprice, self._reprice, self._rename, self._sell_out, self._restock, self._move),
            *(self._add, self._drop, self._unprice, self._put_under_counter),
        ]

    def run_until(self, calls: int, on_run: Callable[[int], object] = lambda _calls: None) -> Report:
        """Chaos until so many calls were made, then none, and the market must come right.

        `on_run` hears after each run how many there were.
        """
        self.shop.forget_calls()
        self.shop.sandbox.control("chaos", **self.chaos)
        while self._calls() < calls:
            if self._backlog() <= BACKLOG * len(self.register.products):
                self._change_goods()
            self._run()
            on_run(self._calls())
            self.shop.clock.move(seconds=self.random.choice(BETWEEN_RUNS).total_seconds())
        self.report.calls, self.report.faults = self._calls(), self.shop.sandbox.chaos()["hits"]
        self.shop.sandbox.control("chaos", probability=0)
        self._converge()
        return self.report

    def _stock_up(self, goods: int) -> None:
        self.groups = [f"G{number}" for number in range(1, 3 + goods // GOODS_IN_A_GROUP)]
        for group_id in self.groups:
            self.register.put_group(group_id, f"Полка {group_id}")
        self.register.put_group(LEFT_OUT, "Под прилавком", parent_id="G1")
        for number in range(1, goods + 1):
            self.register.put(f"P{number}", self.random.choice(self.groups), price=self.random.randint(50, 5000))
        for number in range(goods // 20 + 1):
            self.register.put(f"secret{number}", LEFT_OUT)
            self.register.put(f"priceless{number}", "G1", price=0)
        self.shop.sandbox.control(
            "vk/items", club=self.shop.club, add=[{"name": "Чужой", "price": 70, "sku": "ev:stranger"}]
        )

    def _select(self) -> None:
        refresh.refresh(self.shop.owner)
        self.shop.rule(EntityType.GROUP, FilterMode.EXCLUDE, LEFT_OUT)
        switch.confirm(self.shop.owner)
        db.session.commit()
        self._note_who_is_shown()

    def _note_who_is_shown(self) -> None:
        self.ever_shown |= self.register.shown().keys()

    def _approve(self) -> None:
        """The owner says yes where what waits is what the register says."""
        owner = self.shop.owner
        plan = plans.plan_for(owner)
        brake_check = approvals.check_brakes(owner, plan)
        shown = self.register.shown()
        for change in (change for brake in brake_check.brakes for change in brake.changes):
            if change.action in (Action.HIDE, Action.DELETE) and change.key and change.key.product_id in shown:
                self.report.wrong.add(f"{change.key.product_id} waits to be taken away and must not be")
        approvals.approve(owner, plan, brake_check.fingerprint)
        db.session.commit()

    def _run(self) -> str:
        outcome = self.shop.run()
        self.report.runs[f"{outcome.status} {outcome.error or ''}".strip()] += 1
        if outcome.error == "internal":
            self.report.wrong.add(f"run {outcome.run_id} broke")
        if outcome.status == RunStatus.NEEDS_APPROVAL:
            self._approve()
        self.report.add(check_always(self.shop.sandbox.dump(), self.shop.club, self.strangers, self.ever_shown))
        return outcome.status

    def _converge(self) -> None:
        for number in range(1, RUNS_TO_CONVERGE + 1):
            self.report.runs_to_converge = number
            self.shop.clock.move(seconds=HOLDS_ARE_OVER.total_seconds())
            if self._run() == RunStatus.SUCCEEDED and not self._difference():
                break
        else:
            self.report.add(self._difference())
            self.report.wrong.add("the last runs did not come to an end")
        self.shop.forget_calls()
        self._run()
        if writes := self.shop.writes():
            self.report.wrong.add(f"{writes} writes by a further run")

    def _difference(self) -> Findings:
        return check_final(self.shop.sandbox.dump(), self.shop.club, self.strangers, self.register.shown())

    def _backlog(self) -> int:
        difference = self._difference()
        return len(difference.lost) + len(difference.wrong)

    def _calls(self) -> int:
        return sum(self.shop.sandbox.dump()["calls"].values())

    # The register

    def _change_goods(self) -> None:
        self.report.rounds_with_changes += 1
        for _ in range(max(1, int(CHANGED_IN_A_ROUND * len(self.register.products)))):
            self.random.choice(self._changes)(self._any_product())
        if self.random.random() < 0.1:
            group_id = self.random.choice(self.groups)
            self.register.put_group(group_id, f"Полка {group_id} {self._new_number()}")
        self._note_who_is_shown()

    def _any_product(self) -> str:
        return self.random.choice([product for product in self.register.products if product.startswith("P")])

    def _new_number(self) -> int:
        return self.random.randrange(10**6)

    def _reprice(self, product_id: str) -> None:
        price = self.register.products[product_id]["price"] or self.random.randint(50, 5000)
        self.register.put(product_id, price=round(price * self.random.uniform(0.8, 1.3), 2))

    def _rename(self, product_id: str) -> None:
        self.register.put(product_id, name=f"Товар {product_id} новый {self._new_number()}")

    def _sell_out(self, product_id: str) -> None:
        self.register.put(product_id, quantity=0)

    def _restock(self, product_id: str) -> None:
        empty = [name for name, product in self.register.products.items() if product["quantity"] == 0]
        self.register.put(self.random.choice(empty or [product_id]), quantity=self.random.randint(1, 9))

    def _move(self, product_id: str) -> None:
        self.register.put(product_id, self.random.choice(self.groups))

    def _add(self, _product_id: str) -> None:
        new = f"P{self._new_number()}-new"
        self.register.put(new, self.random.choice(self.groups), price=self.random.randint(50, 5000))

    def _drop(self, product_id: str) -> None:
        self.register.drop(product_id)

    def _unprice(self, product_id: str) -> None:
        self.register.put(product_id, price=0)

    def _put_under_counter(self, product_id: str) -> None:
        self.register.put(product_id, LEFT_OUT)
