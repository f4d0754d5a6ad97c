"""Kills a run at one of its requests to VK, lets others finish the work, and checks what the market holds then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from app.services.photos import cards
from tests.support.audit import Findings, check_final, our_items, strangers
from tests.support.crash_database import CrashDatabase, CrashSqlite
from tests.support.killing_proxy import MOMENTS, KillingProxy, Point
from tests.support.register import Register
from tests.support.sandbox import CLUB, EVOTOR_TOKEN, VK_TOKEN, Sandbox
from tests.support.zygote import Zygote

OWNER = "demo@example.ru"
LEFT_OUT = "GX"
PLACES = (None, "G1", "G2", "G3")
LEASE_SECONDS = READ_LAG_SECONDS = 1
DAYS_OUT = 8
MOST_RUNS = 5


@dataclass
class Scenario:
    """A synchronised shop, then about 70 changes of every kind at once, within the limits that ask for an approval."""

    register: Register
    redrawn: list[str] = field(default_factory=list)
    """Products whose picture must be a new one."""
    hidden: list[str] = field(default_factory=list)
    """Products whose items must be out of sight, but not deleted."""
    deleted: list[str] = field(default_factory=list)

    def stock_up(self) -> None:
        register = self.register
        for group, name in (("G1", "Чай"), ("G2", "Мёд"), ("G3", "Сушки"), ("G4", "Варенье")):
            register.put_group(group, name)
        register.put_group(LEFT_OUT, "Под прилавком", parent_id="G1")
        kinds = {"price": 10, "name": 6, "hide": 8, "show": 5, "delete": 5, "move": 5, "rename": 5, "keep": 12}
        for kind, number in kinds.items():
            for index in range(1, number + 1):
                group_id = "G4" if kind == "rename" else PLACES[index % len(PLACES)]
                register.put(f"{kind}{index}", group_id, price=100 + 10 * index)
        for index in range(1, 4):
            register.put(f"out{index}", LEFT_OUT)

    def add_strangers(self) -> None:
        """An item that looks like ours, and an album with the title of one that we are going to make."""
        sandbox = self.register.sandbox
        sandbox.control("vk/items", club=CLUB, add=[{"name": "Чужой товар", "price": 70, "sku": "ev:stranger"}])
        sandbox.control("vk/albums", club=CLUB, add=["Пряники"])

    def take_out(self) -> None:
        """What the measured run is to show again, and what it is to delete."""
        for index in range(1, 6):
            self.register.put(f"show{index}", quantity=0)
            self.register.drop(f"delete{index}")
            self.deleted.append(f"delete{index}")

    def change(self) -> None:
        register = self.register
        register.put_group("G5", "Пряники")
        register.put_group("G6", "Посуда")
        register.put_group("G4", "Варенье и мёд")
        for index in range(1, 11):
            register.put(f"add{index}", ("G1", "G2", "G5", "G5", "G6")[index % 5], name=f"Новый товар {index}")
            register.put(f"price{index}", price=105 + 10 * index)
        for index in range(1, 7):
            register.put(f"name{index}", name=f"Переименованный {index}")
        for index in range(1, 6):
            register.put(f"show{index}", quantity=3)
            register.put(f"move{index}", ("G5", "G1", "G2", "G1", "G2")[index - 1])
        register.put("show1", name="Снова в продаже")
        self._put_by_hand("move2", "Чай")
        self.redrawn = [*(f"add{index}" for index in range(1, 11)), *(f"name{index}" for index in range(1, 7)), "show1"]
        self._hide()

    def _put_by_hand(self, product_id: str, album: str) -> None:
        """So that one of several items stands where they are all to go, and our records do not know."""
        sandbox = self.register.sandbox
        club = sandbox.dump()["vk"]["clubs"][str(CLUB)]
        (item_id,) = [item["id"] for item in club["items"] if item["sku"] == f"ev:{product_id}"]
        (album_id,) = [one["id"] for one in club["albums"] if one["title"] == album and not one["foreign"]]
        form = {"owner_id": -CLUB, "item_ids": item_id, "album_ids": album_id, "access_token": VK_TOKEN, "v": "5.199"}
        answer = requests.post(f"{sandbox.vk_url}/market.addToAlbum", data=form, timeout=10).json()
        assert answer == {"response": 1}, answer

    def _hide(self) -> None:
        for first, deed in enumerate((self._unprice, self._sell_out, self.register.drop, self._put_under_counter)):
            for index in (2 * first + 1, 2 * first + 2):
                deed(f"hide{index}")
                self.hidden.append(f"hide{index}")

    def _unprice(self, product_id: str) -> None:
        self.register.put(product_id, price=0)

    def _sell_out(self, product_id: str) -> None:
        self.register.put(product_id, quantity=0)

    def _put_under_counter(self, product_id: str) -> None:
        self.register.put(product_id, LEFT_OUT)


class CrashBench:
    """One sandbox, one database, one proxy; every point begins from the same state of all of them."""

    def __init__(
        self, folder: Path, database: Callable[[Path], CrashDatabase] = CrashSqlite, *, one_by_one: bool = False
    ) -> None:
        """`one_by_one`: every call to VK is a request of its own."""
        self.database, self._one_by_one = database(folder), one_by_one
        self._clock, self._ahead = folder / "clock", timedelta(0)
        self._move(0)
        self.sandbox = Sandbox()
        self.proxy = KillingProxy(self.sandbox.url)
        self.flask = Zygote(self._environment(), folder / "product.log")
        self.scenario = Scenario(Register(self.sandbox, frozenset({LEFT_OUT})))
        self.requests: dict[int, str] = {}
        """Of the undisturbed run, by their numbers."""
        self.divisible: set[int] = set()
        """Those that VK can apply in part."""
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.flask.stop()
        self.proxy.stop()
        self.sandbox.stop()
        self.database.drop()

    def points(self) -> list[Point]:
        return [
            Point(number, moment)
            for number in sorted(self.requests)
            for moment in MOMENTS
            if moment != "middle" or number in self.divisible
        ]

    def undisturbed(self) -> Findings:
        """The run that nobody kills; what it sends gives the points."""
        self._restore()
        self.proxy.arm(None)
        self._run()
        self.requests, self.divisible = dict(self.proxy.requests), set(self.proxy.divisible)
        return self._finish()

    def crash(self, point: Point) -> Findings:
        self._restore()
        self.proxy.arm(point)
        code = self._run(on_start=self.proxy.victim.put)
        if code >= 0:
            return Findings(wrong=[f"the run was not killed: exit code {code}"])
        self._pass_end_of_lease()
        return self._finish()

    def _environment(self) -> dict[str, str]:
        single = {"VK_BATCH_SIZE": "1", "VK_PHOTO_BATCH_SIZE": "1"} if self._one_by_one else {}
        return {
            **single,
            "EVOSYNC_ENV": "development",
            "DATABASE_URL": self.database.url,
            "SECRET_KEY": "a secret of the bench that is long enough",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "EVOTOR_API_URL": self.sandbox.evotor_url,
            "VK_API_URL": f"{self.proxy.url}/method",
            "VK_REQUESTS_PER_SECOND": "10000",
            "EVOTOR_REQUESTS_PER_SECOND": "10000",
            "RUN_LEASE_SECONDS": str(LEASE_SECONDS),
            "VK_READ_LAG_SECONDS": str(READ_LAG_SECONDS),
            "EVOSYNC_CLOCK": str(self._clock),
        }

    def _move(self, seconds: float) -> None:
        """Time passes for all processes to come."""
        self._ahead += timedelta(seconds=seconds)
        self._clock.write_text(str(self._ahead.total_seconds()))

    def _prepare(self) -> None:
        self.sandbox.reset()
        self.scenario.register.open()
        self.scenario.stock_up()
        self.flask.run_well("db", "upgrade")
        keys = ("--evotor-token", EVOTOR_TOKEN, "--vk-token", VK_TOKEN, "--group-id", str(CLUB))
        self.flask.run_well("demo", "seed", *keys)
        self.flask.run_well("demo", "once")
        self.scenario.add_strangers()
        self.scenario.take_out()
        self.flask.run_well("sync", "run", OWNER)
        self.database.age_what_is_out(DAYS_OUT)
        self.scenario.change()
        self.sandbox.control("calls/reset")
        self.sandbox.control("snapshot")
        self.strangers = strangers(self.sandbox.dump(), CLUB)
        self.database.keep()

    def _restore(self) -> None:
        self.sandbox.control("restore")
        self.database.restore()

    def _run(self, on_start: Callable[[int], object] = int) -> int:
        return self.flask.run("sync", "run", OWNER, on_start=on_start)

    def _pass_end_of_lease(self) -> None:
        until = self.database.lease_until()
        if until is not None:
            left = until.replace(tzinfo=UTC) - datetime.now(UTC) - self._ahead
            self._move(max(0, left.total_seconds()) + 0.01)

    def _finish(self) -> Findings:
        """Runs until one succeeds, and one more that must have nothing to do."""
        for _ in range(MOST_RUNS):
            if (code := self._run()) == 0:
                break
            self._move(READ_LAG_SECONDS)
        found = self._check()
        if code != 0:
            found.wrong.append(f"{MOST_RUNS} runs did not succeed: exit code {code}")
        self.sandbox.control("calls/reset")
        self._run()
        if writes := self.sandbox.writes():
            found.wrong.append(f"{writes} writes by a further run")
        return found

    def _check(self) -> Findings:
        dump = self.sandbox.dump()
        found = check_final(dump, CLUB, self.strangers, self.scenario.register.shown())
        items = our_items(dump, CLUB)
        found.wrong += [f"{product} is not deleted" for product in self.scenario.deleted if product in items]
        found.wrong += [f"{product} is deleted" for product in self.scenario.hidden if product not in items]
        found.wrong += [f"{product} has another picture" for product in self._with_wrong_pictures(items)]
        return found

    def _with_wrong_pictures(self, items: dict[str, list[dict[str, Any]]]) -> list[str]:
        shown = self.scenario.register.shown()
        with requests.Session() as session:
            return [
                product
                for product in self.scenario.redrawn
                for item in items.get(product, [])
                if session.get(f"{self.sandbox.url}/photos/{item['photo_id']}/w.jpg", timeout=10).content
                != _picture(shown[product].name)
            ]


_pictures: dict[str, bytes] = {}


def _picture(name: str) -> bytes:
    if name not in _pictures:
        _pictures[name] = cards.draw(name)
    return _pictures[name]
