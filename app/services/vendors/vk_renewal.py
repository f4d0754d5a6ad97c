"""New tokens for a connection of VK ID, one process at a time: docs/decisions/0012-renewal-under-a-claim.md.

A refresh token may be spent once, and whoever spends it has to store the new pair. So it is claimed by one committed
UPDATE, VK is asked without a transaction, and the pair is stored by another one before anybody uses it. All of that on
connections of its own: what the caller's session holds stays as it is.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.clients.budget import Budget
from app.clients.vk.errors import VkError
from app.clients.vk.tokens import id_expired, id_unreachable
from app.clients.vk_id.client import Grant, VkIdClient
from app.clients.vk_id.errors import VkIdError
from app.clock import utcnow
from app.context import settings
from app.db import db, reading
from app.logs import get_logger, remember_secret
from app.models import VkConnection
from app.services import health

log = get_logger()

EARLY = timedelta(minutes=10)
"""So long before its end a token is renewed: a run's time slice fits into it."""
SELDOM = timedelta(minutes=1)
"""No token is renewed ahead of time more often, however short its life."""
CLAIM = timedelta(seconds=45)
"""Longer than VK is waited for and the pair is stored: what is older was left by a process that died."""
LOOK_EVERY, LONGEST_LOOK = 0.2, 20.0
"""Seconds between two looks at whether another process has the new pair, and of all of them."""
KEPT_FOR_READER = 5.0
"""Seconds of a reader's that waiting for another process leaves for the call itself."""
HOLDS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 20, 60))
"""VK ID is left alone for so long after it gave no answer, the first time, the second one, and so on."""


@dataclass(frozen=True, slots=True)
class Access:
    """A token as the connection of that number had it."""

    user_id: int
    number: int
    renewals: int
    token: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """What stands there now."""

    access: Access
    refresh_token: str | None = field(repr=False)
    device_id: str | None = field(repr=False)
    failures: int
    renew_after: datetime | None


def due(expires_at: datetime | None) -> bool:
    return expires_at is not None and utcnow() >= expires_at - EARLY


def over(expires_at: datetime | None) -> bool:
    return expires_at is not None and utcnow() >= expires_at


def renewed(held: Access, budget: Budget | None, *, is_usable: bool = False) -> Access | None:
    """Another access than the held one: stored meanwhile, or had from VK now. None where the connection is another.

    While another process is at it, its pair is waited for, but where the held token is usable. Raises VkError:
    `id_expired` where the owner has to sign in anew, `id_unreachable` where that passes.
    """
    ends = clock.monotonic() + (0 if is_usable else _patience(budget))
    while True:
        stored = _look(held)
        if stored is None:
            return None
        if stored.access.renewals != held.renewals:
            return stored.access
        if stored.refresh_token is None or stored.device_id is None:
            raise id_expired()
        if _is_ahead(stored.renew_after) and (is_usable or stored.failures):
            raise id_unreachable()
        if _claim(held, is_usable=is_usable):
            return _spent(stored, stored.refresh_token, stored.device_id, budget)
        if clock.monotonic() >= ends:
            raise id_unreachable()
        clock.sleep(LOOK_EVERY)


def _patience(budget: Budget | None) -> float:
    return LONGEST_LOOK if budget is None else min(LONGEST_LOOK, budget.left - KEPT_FOR_READER)


def _spent(stored: _Stored, refresh_token: str, device_id: str, budget: Budget | None) -> Access | None:
    """The claim is ours. Raises VkError."""
    held = stored.access
    remember_secret(refresh_token)
    try:
        with VkIdClient(settings().vk_id_url, settings().vk_client_id, budget=budget) as vk_id:
            grant = _refreshed(vk_id, refresh_token, device_id)
    except VkIdError as error:
        raise _failed(stored, error) from None
    remember_secret(grant.access_token)
    new = Access(held.user_id, held.number, held.renewals + 1, grant.access_token, expiry(grant.expires_in))
    kept = _store(
        held,
        {
            "token": new.token,
            "refresh_token": grant.refresh_token or refresh_token,
            "expires_at": new.expires_at,
            "renewals": new.renewals,
            "renewal_failures": 0,
            "renew_after": rest(new.expires_at),
        },
    )
    return new if kept else None


def _refreshed(vk_id: VkIdClient, refresh_token: str, device_id: str) -> Grant:
    """Once more only where VK surely did not see the token. Raises VkIdError."""
    state = secrets.token_urlsafe(32)
    try:
        return vk_id.refresh(refresh_token, device_id=device_id, state=state)
    except VkIdError as error:
        if error.sent:
            raise
    return vk_id.refresh(refresh_token, device_id=device_id, state=state)


def expiry(seconds: int | None) -> datetime | None:
    return None if seconds is None else utcnow() + timedelta(seconds=seconds)


def rest(expires_at: datetime | None) -> datetime | None:
    """Until when a token that VK gave now is good enough: all of its life but the last quarter, where that is shorter
    than EARLY. None: EARLY alone tells.
    """
    if expires_at is None:
        return None
    now = utcnow()
    quarter = (expires_at - now) / 4
    return None if quarter >= EARLY else max(expires_at - quarter, now + SELDOM)


def _failed(stored: _Stored, error: VkIdError) -> VkError:
    """Noted, and what to raise."""
    held = stored.access
    if error.is_refusal:
        log.warning("vk_id_refuses_renewal", user_id=held.user_id, error=error.error)
        _store(held, {"refresh_token": None, "renew_after": None})
        return id_expired()
    log.warning("vk_id_unreachable", user_id=held.user_id, error=error.error or error.status)
    hold = HOLDS[min(stored.failures, len(HOLDS) - 1)]
    _store(held, {"renewal_failures": stored.failures + 1, "renew_after": utcnow() + hold})
    return id_unreachable()


def _is_ahead(moment: datetime | None) -> bool:
    """And no further than a hold lasts: then a wrong clock has set it."""
    return moment is not None and utcnow() < moment <= utcnow() + HOLDS[-1]


# Statements, each in a transaction of its own


def _look(held: Access) -> _Stored | None:
    query = sa.select(
        VkConnection.renewals,
        VkConnection.token,
        VkConnection.expires_at,
        VkConnection.refresh_token,
        VkConnection.device_id,
        VkConnection.renewal_failures,
        VkConnection.renew_after,
    ).where(VkConnection.user_id == held.user_id, VkConnection.number == held.number)
    with reading(), db.engine.begin() as connection:
        row = connection.execute(query).first()
    if row is None or row.token is None:
        return None
    access = Access(held.user_id, held.number, row.renewals, row.token, row.expires_at)
    return _Stored(access, row.refresh_token, row.device_id, row.renewal_failures, row.renew_after)


def _claim(held: Access, *, is_usable: bool) -> bool:
    """Only while what was looked at still stands: nobody was refused or told to wait since.

    That a token is young enough keeps it from being renewed ahead of time, and not when VK takes it no more.
    """
    now = utcnow()
    is_time = _is_over(VkConnection.renew_after, now, HOLDS[-1])
    # A moment far ahead of any claim was set by a clock that went wrong; one just behind ours may have come first.
    return _updated(
        held,
        {"renewing_until": now + CLAIM},
        VkConnection.refresh_token.is_not(None),
        _is_over(VkConnection.renewing_until, now, 2 * CLAIM),
        is_time if is_usable else is_time | (VkConnection.renewal_failures == 0),
    )


def _is_over(column: InstrumentedAttribute[datetime | None], now: datetime, longest: timedelta) -> Any:
    return column.is_(None) | ~column.between(now, now + longest)


def _store(held: Access, values: Mapping[str, Any]) -> bool:
    """Ends the claim; what VK gave comes only once, so a database that was away is waited for.

    False where the owner made another connection meanwhile: its tokens stay.
    """
    values = {**values, "renewing_until": None}
    try:
        return _updated(held, values)
    except (OperationalError, InterfaceError):
        if not health.comes_back():
            raise
    return _updated(held, values)


def _updated(held: Access, values: Mapping[str, Any], *conditions: sa.ColumnElement[bool]) -> bool:
    statement = sa.update(VkConnection).where(
        VkConnection.user_id == held.user_id,
        VkConnection.number == held.number,
        VkConnection.renewals == held.renewals,
        VkConnection.token.is_not(None),
        *conditions,
    )
    with reading(False), db.engine.begin() as connection:
        return connection.execute(statement.values(values)).rowcount == 1
