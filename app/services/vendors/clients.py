"""Clients for the two vendors, made from the settings. Whoever asks for one closes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from app.clients.budget import Budget
from app.clients.evotor import addresses
from app.clients.evotor.client import EvotorClient
from app.clients.line import Line
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.calls import NO_HOOKS, CallHooks
from app.clients.vk.client import VkClient
from app.clients.vk_id.client import VkIdClient
from app.context import settings
from app.logs import remember_secret
from app.models import Vendor
from app.services.vendors.connection_use import VkUse
from app.services.vendors.shared_pace import shared_pace
from app.services.vendors.vk_tokens import StoredTokens

Lines = Mapping[Vendor, Line]

_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)
_lines: ContextVar[Lines | None] = ContextVar("lines", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Clients made inside share this time, and try every call once."""
    token = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(token)


@contextmanager
def listening() -> Iterator[Lines]:
    """Of each vendor, whether it answers the clients that are made inside. What goes to VK's upload servers tells of
    those alone, and is left out.
    """
    lines = {vendor: Line() for vendor in Vendor}
    token = _lines.set(lines)
    try:
        yield lines
    finally:
        _lines.reset(token)


def _line(vendor: Vendor) -> Line | None:
    lines = _lines.get()
    return lines[vendor] if lines is not None else None


def is_out_of_time() -> bool:
    budget = _budget.get()
    return budget is not None and budget.is_spent


def evotor_client(token: str) -> EvotorClient:
    remember_secret(token)
    per_second, budget = settings().evotor_requests_per_second, _budget.get()
    return EvotorClient(
        settings().evotor_api_url,
        token,
        per_second=per_second,
        budget=budget,
        shared_pace=shared_pace(Vendor.EVOTOR, token.strip(), per_second, is_reader=budget is not None),
        line=_line(Vendor.EVOTOR),
    )


def vk_client(access: str | VkUse, *, slowest: float | None = None, hooks: CallHooks = NO_HOOKS) -> VkClient:
    """`access`: a token, or a connection, whose token is renewed on the way where VK ID gave it.

    `slowest`: calls per second that are not exceeded whatever the settings, nor by many calls in one request.
    """
    token = access if isinstance(access, str) else access.token
    remember_secret(token)
    per_second, budget = settings().vk_requests_per_second, _budget.get()
    whose = f"{access.user_id} {access.number}" if isinstance(access, VkUse) and access.is_signed_in else token.strip()
    return VkClient(
        settings().vk_api_url,
        access if isinstance(access, str) else _tokens(access),
        per_second=min(per_second, slowest or per_second),
        batch_size=settings().vk_batch_size if slowest is None else 1,
        photo_batch_size=settings().vk_photo_batch_size if slowest is None else 1,
        id_url=settings().vk_id_url,
        budget=budget,
        hooks=hooks,
        shared_pace=shared_pace(Vendor.VK, whose, per_second, is_reader=budget is not None),
        line=_line(Vendor.VK),
    )


def _tokens(use: VkUse) -> StoredTokens:
    is_renewable = use.is_signed_in and bool(settings().vk_client_id)
    return StoredTokens(use.access, is_renewable=is_renewable, budget=_budget.get())


def vk_id_client() -> VkIdClient:
    """Only where VK_CLIENT_ID is set."""
    redirect_uri = f"{settings().public_url}/vk/callback"
    return VkIdClient(settings().vk_id_url, settings().vk_client_id, redirect_uri=redirect_uri, budget=_budget.get())


def vk_community_page(group_id: int) -> str:
    """The address of a community, from where its settings are reached."""
    return VkAddresses(settings().vk_api_url).community(group_id)


def vk_picture(address: str) -> str | None:
    """The address, if it is a picture of VK's that a page of ours may show."""
    return VkAddresses(settings().vk_api_url, settings().vk_id_url).picture(address)


def evotor_cabinet() -> str | None:
    """The address of Evotor's cabinet; None where installing the application there would tell us nothing."""
    return addresses.cabinet(settings().evotor_api_url) if settings().evotor_webhook_secret else None


def vk_window(group_id: int) -> str:
    """The address of a community's goods."""
    return VkAddresses(settings().vk_api_url).window(group_id)
