"""Clients for the two vendors, made from the settings; and what their errors mean for a connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from app.clients.budget import Budget
from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment, VkError
from app.context import settings
from app.logs import remember_secret
from app.models import ConnectionState

MARKET_RIGHT = 1 << 27

_NO_RIGHT = {7, 15, 27, 28, 200, 203, 205}
_SHOP_CLOSED = {1438, 1525}


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Clients made inside share this time, and try every call once."""
    token = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(token)


def is_out_of_time() -> bool:
    budget = _budget.get()
    return budget is not None and budget.is_spent


def evotor_client(token: str) -> EvotorClient:
    remember_secret(token)
    per_second = settings().evotor_requests_per_second
    return EvotorClient(settings().evotor_api_url, token, per_second=per_second, budget=_budget.get())


def vk_client(token: str, *, slowest: float | None = None, **hooks: Any) -> VkClient:
    """`slowest`: calls per second that are not exceeded whatever the setting; `hooks` as of VkClient."""
    remember_secret(token)
    per_second = settings().vk_requests_per_second
    return VkClient(
        settings().vk_api_url,
        token,
        per_second=min(per_second, slowest or per_second),
        id_url=settings().vk_id_url,
        budget=_budget.get(),
        **hooks,
    )


def vk_window(group_id: int) -> str:
    """The address of a community's goods."""
    return VkAddresses(settings().vk_api_url).window(group_id)


def evotor_state(error: EvotorError) -> ConnectionState:
    if error.kind is EvotorFault.UNAUTHORIZED:
        return ConnectionState.TOKEN_REJECTED
    return ConnectionState.FORBIDDEN if error.kind is EvotorFault.FORBIDDEN else ConnectionState.UNAVAILABLE


def evotor_code(error: EvotorError) -> str:
    return f"evotor_{error.kind}"


def vk_state(error: VkError) -> ConnectionState:
    if error.token_rejected:
        return ConnectionState.TOKEN_REJECTED
    if error.code in _NO_RIGHT:
        return ConnectionState.FORBIDDEN
    if error.code in _SHOP_CLOSED:
        return ConnectionState.SHOP_CLOSED
    return ConnectionState.NEEDS_OWNER if error.action is Treatment.ASK else ConnectionState.UNAVAILABLE


def vk_code(error: VkError) -> str:
    """vk_205; vk_5_ip where the code alone does not tell."""
    return (
        "_".join(["vk", str(error.code), *filter(None, [error.reason])]) if error.code is not None else "vk_unreachable"
    )
