"""The ways of doing the work: EvoSync's command with its settings, and a loop over the library vk_api."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus
from app.services.catalog import refresh as catalog_refresh
from app.services.owner import rule_changes, switch
from app.services.photos import cards
from app.services.planning import approvals, plans
from bench.speed.own_environment import python_with
from bench.speed.processes import Ended, run_flask, run_process
from bench.speed.shop import BIG, OWNER, Shop, shop
from bench.vk import laid
from bench.vk.work import Assortment, Kind
from tests.support.sandbox import CLUB, VK_TOKEN, Sandbox

LIBRARY, VERSION = "vk_api", "11.10.1"
SCRIPT = Path(__file__).with_name("vk_api_loop.py")
AT_ONCE = 2_000


class Way(Protocol):
    sandbox: Sandbox
    assortment: Assortment

    def prepare(self, kind: Kind) -> bool:
        """Let it befall the goods; False where this way has no such work."""

    def work(self) -> Ended:
        """Bring the market to it."""


class EvoSync:
    """`flask sync run`, as cron starts it. `is_laid`: the goods stand in the market from the start."""

    def __init__(self, filled: Shop, assortment: Assortment, settings: Mapping[str, str], *, is_laid: bool) -> None:
        self.sandbox, self.assortment = filled.sandbox, assortment
        self._filled, self._settings, self._is_laid = filled, settings, is_laid
        filled.goods = assortment.at_register()
        filled.connect()
        with filled.owner() as user:
            rule_changes.change(user, EntityType.STORE, [BIG], FilterMode.INCLUDE)
            switch.toggle(user, True)
            switch.confirm(user)

    def prepare(self, kind: Kind) -> bool:
        if kind is Kind.NEW and self._is_laid:
            laid.lay(self._filled)
            return False
        patches = self.assortment.befall(kind)
        for start in range(0, len(patches), AT_ONCE):
            self.sandbox.control("evotor/products", store=BIG, patch=patches[start : start + AT_ONCE])
        if kind is Kind.GONE:
            ids = [one["id"] for one in self.assortment.goods.products]
            self.sandbox.control("evotor/products", store=BIG, delete=ids)
        if kind is Kind.MARKET_READ:
            with self._filled.owner() as user:
                assert user.sync_state is not None
                user.sync_state.market_read_at = None
        if kind in (Kind.HIDDEN, Kind.GONE, Kind.DELETED):
            self._approve()
        return True

    def _approve(self) -> None:
        """So much at once waits for the owner, who says yes."""
        with self._filled.owner() as user:
            catalog_refresh.refresh(user)
            plan = plans.plan_for(user)
            brake_check = approvals.check_brakes(user, plan)
            if brake_check.needs_approval:
                approvals.approve(user, plan, brake_check.fingerprint)

    def work(self) -> Ended:
        output = self._filled.folder / "outcome"
        environment = {**self._filled.environment, **self._settings, "FLASK_APP": "wsgi.py"}
        ended = run_flask(environment, "sync", "run", OWNER, output=output)
        outcome = json.loads(output.read_text())
        if outcome["outcome"] != RunStatus.SUCCEEDED:
            raise RuntimeError(f"the run: {outcome}")
        return ended


class VkApiLoop:
    """One call after another, without a memory: what the market holds is read every time."""

    def __init__(self, sandbox: Sandbox, assortment: Assortment, folder: Path, per_second: int) -> None:
        self.sandbox, self.assortment = sandbox, assortment
        self._python = python_with(LIBRARY, VERSION)
        self._job = folder / "job.json"
        picture = folder / "picture.jpg"
        picture.write_bytes(cards.draw("Товар"))
        self._facts: dict[str, Any] = {
            "url": sandbox.vk_url,
            "token": VK_TOKEN,
            "group_id": CLUB,
            "per_second": per_second,
            "picture": str(picture),
        }

    def prepare(self, kind: Kind) -> bool:
        if kind in (Kind.MARKET_READ, Kind.GONE):
            return False
        self.assortment.befall(kind)
        self._job.write_text(json.dumps({**self._facts, "items": self.assortment.items()}))
        return True

    def work(self) -> Ended:
        return run_process([str(self._python), "-I", str(SCRIPT), str(self._job)], {})


@contextmanager
def evosync(
    folder: Path,
    assortment: Assortment,
    per_second: int,
    server: str | None,
    settings: Mapping[str, str],
    *,
    is_laid: bool = False,
) -> Iterator[Way]:
    size = len(assortment.goods.products)
    with shop(folder, size, server=server, settings={"REMOVE_AFTER_DAYS": "0"}) as filled:
        pace = {"VK_REQUESTS_PER_SECOND": str(per_second)}
        yield EvoSync(filled, assortment, {**pace, **settings}, is_laid=is_laid)


@contextmanager
def vk_api_loop(folder: Path, assortment: Assortment, per_second: int) -> Iterator[Way]:
    sandbox = Sandbox()
    try:
        yield VkApiLoop(sandbox, assortment, folder, per_second)
    finally:
        sandbox.stop()
