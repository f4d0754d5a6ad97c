"""Many owners, each with a small shop at both emulators that stands in VK already."""

from dataclasses import dataclass
from typing import Any

from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import RunStatus, RunTrigger, User
from app.services.connections import evotor, vk
from app.services.engine import run as engine_run
from app.services.owner import switch
from bench.vk.laid import lay_market
from tests.factories import make_user, set_rule
from tests.support.sandbox import Sandbox

Json = dict[str, Any]

PERSON = 50001234
"""Who manages all communities at VK."""
FIRST_CLUB = 800_000_000


@dataclass(frozen=True)
class Owner:
    number: int

    @property
    def email(self) -> str:
        return f"owner{self.number}@example.ru"

    @property
    def account(self) -> str:
        return f"01-{self.number:015}"

    @property
    def store(self) -> str:
        return f"20260101-AAAA-4BBB-80CC-{self.number:012}"

    @property
    def club(self) -> int:
        return FIRST_CLUB + self.number

    @property
    def evotor_token(self) -> str:
        return f"0b9d8c1e-0000-4000-8000-{self.number:012}"

    @property
    def vk_token(self) -> str:
        return f"vk-{self.number:013}"

    def goods(self, size: int) -> list[Json]:
        return [
            {
                "id": f"P{self.number}-{place}",
                "name": f"Чай листовой {self.number}-{place}",
                "type": "NORMAL",
                "price": 100 + place,
                "quantity": 5,
                "measure_name": "шт",
                "allow_to_sell": True,
            }
            for place in range(size)
        ]


def open_shop(sandbox: Sandbox, owner: Owner, size: int) -> User:
    """Connected, chosen and confirmed; nothing of it stands in VK yet. Commits."""
    _at_the_vendors(sandbox, owner, size)
    user = make_user(owner.email)
    evotor.connect_evotor(user, owner.evotor_token)
    vk.connect_vk(user, owner.vk_token, owner.club)
    db.session.commit()
    set_rule(user, EntityType.STORE, FilterMode.INCLUDE, owner.store)
    switch.toggle(user, True)
    switch.confirm(user)
    db.session.commit()
    return user


def open_settled_shop(sandbox: Sandbox, owner: Owner, size: int) -> None:
    """The same after its first runs: all goods stand in VK, and nothing is left to do. Commits."""
    user = open_shop(sandbox, owner, size)
    lay_market(sandbox, user, owner.vk_token)
    outcome = engine_run.run_user(user, RunTrigger.COMMAND)
    if outcome.status != RunStatus.SUCCEEDED or outcome.done:
        raise RuntimeError(f"the run over what was laid: {outcome}")
    db.session.remove()


def reprice(sandbox: Sandbox, owner: Owner, price: int) -> None:
    """One product at the register."""
    sandbox.control("evotor/products", store=owner.store, patch=[{"id": f"P{owner.number}-0", "price": price}])


def _at_the_vendors(sandbox: Sandbox, owner: Owner, size: int) -> None:
    store = {"id": owner.store, "name": f"Лавка {owner.number}"}
    sandbox.control("evotor/stores", account=owner.account, upsert=[store])
    sandbox.control("evotor/settings", tokens={owner.evotor_token: {"user_id": owner.account}})
    sandbox.control("evotor/products", store=owner.store, upsert=owner.goods(size))
    sandbox.control("vk/clubs", id=owner.club, market_enabled=True, levels={str(PERSON): 3})
    sandbox.control("vk/tokens", value=owner.vk_token, user_id=PERSON, rights=["market", "photos", "groups", "offline"])
