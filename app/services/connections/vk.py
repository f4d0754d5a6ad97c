"""Connecting VK: token and community are checked with live calls before they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clients.vk.client import MARKET_RIGHT, VkClient
from app.clients.vk.errors import BAD_GROUP_ID, NOT_FOUND, SHOP_OFF, WRONG_PARAMETER, VkError, stored
from app.db import db
from app.domain.market.categories import Category
from app.domain.market.items import RUSSIAN_ROUBLE, Community, Profile
from app.models import ConnectionState, EventKind, User, VkConnection, VkPendingAccess
from app.services.accounts import events, sessions
from app.services.connections.state import record_ok, record_state, stored_state
from app.services.errors import ConnectionRefused
from app.services.market import categories as market_categories
from app.services.owner import switch
from app.services.runs import queue
from app.services.vendors.clients import vk_client
from app.services.vendors.connection_use import CONNECTION_CHANGED, locked, locked_or_new, vk_use
from app.services.vendors.faults import vk_code, vk_state
from app.services.vendors.vk_renewal import rest

NO_SUCH_ID = (WRONG_PARAMETER, NOT_FOUND, BAD_GROUP_ID)
"""How VK answers a community id that it does not know."""


@dataclass(frozen=True, slots=True)
class VkKeys:
    """What a connection is made with: a pasted token alone, or what VK ID gave."""

    token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    device_id: str | None = field(default=None, repr=False)
    market_is_granted: bool | None = None
    """VK ID named the right among those that it gave; None where it named none."""


@dataclass(frozen=True, slots=True)
class _VkAccess:
    profile: Profile
    rights: int | None
    community: Community
    categories: Sequence[Category]
    """Empty where VK did not tell them; the owner may ask again on the page of the categories."""


def connect_vk(user: User, token: str, named: int | str) -> bool:
    """Store a pasted token and the community, named by its number or its short name.

    True if it is another community than before. Raises ConnectionRefused and SessionEnded.
    """
    return connect_with(user, VkKeys(token), named)


def connect_with(user: User, keys: VkKeys, named: int | str) -> bool:
    """The same with what VK ID gave. Commits before it asks, and flushes."""
    db.session.commit()
    with vk_client(keys.token) as client:
        access = _vk_access(client, named, keys.market_is_granted)
    db.session.expire_all()  # meanwhile another request or a run may have written
    sessions.still(user)
    connection = locked_or_new(VkConnection, user.id)
    if connection.token != keys.token:
        connection.number = (connection.number or 0) + 1
        connection.renewals, connection.renewal_failures = 0, 0
        connection.renewing_until, connection.renew_after = None, rest(keys.expires_at)
    connection.token, connection.refresh_token, connection.expires_at = keys.token, keys.refresh_token, keys.expires_at
    connection.device_id = keys.device_id
    is_other = _take_up(user, connection, access)
    drop_pending(user)
    return is_other


def drop_pending(user: User) -> None:
    """What VK ID gave and no community was chosen for."""
    db.session.execute(sa.delete(VkPendingAccess).where(VkPendingAccess.user_id == user.id))


def move_to(user: User, named: int) -> bool:
    """Another community with the key that is stored. As `connect_vk`."""
    use = vk_use(user)
    if use is None:
        raise ConnectionRefused("vk_missing")
    db.session.commit()
    with vk_client(use) as client:
        access = _vk_access(client, named, None)
    db.session.expire_all()
    sessions.still(user)
    connection = use.current()
    if connection is None:
        raise ConnectionRefused(CONNECTION_CHANGED)
    return _take_up(user, connection, access)


def _take_up(user: User, connection: VkConnection, access: _VkAccess) -> bool:
    """The community and what VK told of it. True if it is another one than before. Raises ConnectionRefused."""
    group_id = access.community.id
    previous = connection.market_id
    is_other = previous is not None and previous != group_id
    _fill(connection, access)
    user.vk = connection
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise ConnectionRefused("community_taken") from None
    if is_other:
        switch.take_confirmation_back(user, "other_vk")
    record_ok(connection)
    if access.categories:
        market_categories.store_categories(user, group_id, access.categories)
    if user.sync_state is not None:
        user.sync_state.market_read_at = None  # meanwhile the community may have been in other hands
    events.record(EventKind.VK_CHANGED if is_other else EventKind.VK_CONNECTED, user.id, group_id=group_id)
    return is_other


def _fill(connection: VkConnection, access: _VkAccess) -> None:
    connection.group_id = connection.last_group_id = access.community.id
    connection.group_name = access.community.name
    connection.vk_user_id, connection.vk_user_name = access.profile.id, access.profile.name
    connection.rights, connection.is_extended = access.rights, access.community.is_extended
    connection.resting, connection.refused_categories = {}, []


def _vk_access(client: VkClient, named: int | str, market_is_granted: bool | None) -> _VkAccess:
    """The wizard of docs/contracts/vk.md §2.5. Raises ConnectionRefused."""
    try:
        profile = client.me()
        rights = _rights(client)
        if not market_is_granted and rights is not None and not rights & MARKET_RIGHT:
            raise ConnectionRefused("vk_no_market_right")
        community = client.community(named)
        if community is None:
            raise ConnectionRefused("community_not_found")
        if not community.market_enabled:
            raise ConnectionRefused(stored(SHOP_OFF))
        if community.currency_id not in (None, RUSSIAN_ROUBLE):
            raise ConnectionRefused("vk_currency")
        client.market_page(community.id, 0, 1)
    except VkError as error:
        code = "community_not_found" if error.code in NO_SUCH_ID else vk_code(error)
        raise ConnectionRefused(code, error.redirect_uri) from error
    return _VkAccess(profile, rights, community, _categories(client, community.id))


def _categories(client: VkClient, group_id: int) -> Sequence[Category]:
    try:
        return client.categories(group_id)
    except VkError:
        return ()


def _rights(client: VkClient) -> int | None:
    """None where VK does not tell this token its own rights; the reads that follow show what is missing."""
    try:
        return client.permissions()
    except VkError as error:
        if error.token_rejected:
            raise
        return None


def check_vk(user: User) -> ConnectionState:
    """Ask VK whether the stored token still works for the community, and remember the answer."""
    use = vk_use(user)
    if use is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    community = failure = None
    try:
        with vk_client(use) as client:
            community = client.community(use.group_id)
            client.market_page(use.group_id, 0, 1)
    except VkError as error:
        failure = error
    connection = use.current()
    if connection is None:
        return stored_state(locked(VkConnection, use.user_id))
    if failure is not None:
        connection.way_out = failure.redirect_uri
        return record_state(connection, vk_state(failure), vk_code(failure))
    if community is None or not community.market_enabled:
        return record_state(connection, ConnectionState.SHOP_CLOSED, stored(SHOP_OFF))
    connection.is_extended = community.is_extended
    return record_ok(connection)


def disconnect_vk(user: User) -> tuple[bool, str | None]:
    """Forget the tokens and free the community; links and what stands in VK stay.

    Returns whether there was anything to forget, and the token that VK ID gave, if any, so that VK can be told to
    forget it as well.
    """
    drop_pending(user)
    connection = locked(VkConnection, user.id)
    if connection is None or (connection.token is None and connection.group_id is None):
        return False, None
    token = connection.token if connection.is_signed_in else None
    connection.group_id = None
    connection.token = connection.refresh_token = connection.expires_at = connection.device_id = None
    connection.number += 1
    record_state(connection, ConnectionState.DISCONNECTED, None)
    db.session.flush()
    queue.drop_queued(user.id)
    switch.withdraw_order(user)  # touches the state, so it comes after the runs
    events.record(EventKind.VK_DISCONNECTED, user.id)
    return True, token
