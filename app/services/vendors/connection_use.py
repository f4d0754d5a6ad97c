"""A connection as a call's token found it: what a vendor answered holds only while that token is the stored one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.models import EvotorConnection, User, VkConnection
from app.services.vendors.vk_renewal import Access

CONNECTION_CHANGED = "connection_changed"
"""Why an answer is of no use any more."""

C = TypeVar("C", EvotorConnection, VkConnection)


def locked(model: type[C], user_id: int) -> C | None:
    """The user's connection as stored now; it stays so until the transaction ends. Flushes.

    Whoever writes several rows of a user begins with the user, then goes to the connection, the switch, runs and the
    state: two who lock in another order wait for each other.
    """
    query = sa.select(model).where(model.user_id == user_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def locked_or_new(model: type[C], user_id: int) -> C:
    """The same, made where there is none. Raises IntegrityError where there is no user any more."""
    if (found := locked(model, user_id)) is not None:
        return found
    try:
        with db.session.begin_nested():
            made = model(user_id=user_id)
            db.session.add(made)
    except IntegrityError:
        if (found := locked(model, user_id)) is None:
            raise
        return found
    return made


@dataclass(frozen=True, slots=True)
class EvotorUse:
    user_id: int
    token: str = field(repr=False)

    def current(self) -> EvotorConnection | None:
        """The connection, locked; None where another token is stored by now, or none. Flushes."""
        connection = locked(EvotorConnection, self.user_id)
        return connection if connection is not None and connection.token == self.token else None


@dataclass(frozen=True, slots=True)
class VkUse:
    """Goes on being good while its token is renewed, by whomever."""

    user_id: int
    token: str = field(repr=False)
    group_id: int
    number: int = 0
    renewals: int = 0
    expires_at: datetime | None = None
    is_signed_in: bool = False
    """By VK ID."""

    @property
    def access(self) -> Access:
        return Access(self.user_id, self.number, self.renewals, self.token, self.expires_at)

    def current(self) -> VkConnection | None:
        """The connection, locked; None where it is another one by now, or another community. Flushes."""
        connection = locked(VkConnection, self.user_id)
        if connection is None or (connection.number, connection.group_id) != (self.number, self.group_id):
            return None
        is_renewed = connection.renewals > self.renewals and connection.token is not None
        return connection if is_renewed or connection.token == self.token else None


def evotor_use(user: User) -> EvotorUse | None:
    """None where Evotor is not connected."""
    return EvotorUse(user.id, user.evotor.token) if user.evotor and user.evotor.token else None


def vk_use(user: User) -> VkUse | None:
    """None where VK is not connected."""
    vk = user.vk
    if vk is None or vk.token is None or vk.group_id is None:
        return None
    return VkUse(user.id, vk.token, vk.group_id, vk.number, vk.renewals, vk.expires_at, vk.is_signed_in)
