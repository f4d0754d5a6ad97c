"""Connecting Evotor and VK: checked with a live call before anything is stored."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clients.evotor.errors import EvotorError
from app.clients.vk.client import VkClient
from app.clients.vk.errors import VkError
from app.db import db, utcnow
from app.domain.catalog.goods import Store
from app.domain.market.categories import Category
from app.domain.market.items import RUSSIAN_ROUBLE, Community, Profile
from app.models import CatalogStore, ConnectionState, EventKind, EvotorConnection, User, VkConnection
from app.services import catalog_copy, catalog_refresh, events, runs, sync_settings, vk_categories
from app.services.connection_use import evotor_use, locked, locked_or_new, vk_use
from app.services.errors import ConnectionRefused, ServiceError
from app.services.vendors import MARKET_RIGHT, evotor_client, evotor_code, evotor_state, vk_client, vk_code, vk_state

NO_SUCH_ID = (100, 104, 125)
"""How VK answers a community id that it does not know."""

# Evotor


def connect_evotor(user: User, token: str) -> bool:
    """Store the token and make the first copy of the catalog; True if this is another account than before.

    Raises ConnectionRefused, and then nothing was stored.
    """
    db.session.commit()  # no transaction stays open while Evotor answers
    try:
        stores = evotor_client(token).stores()
    except EvotorError as error:
        raise ConnectionRefused(evotor_code(error)) from error
    owner_id = next((store.owner_id for store in stores if store.owner_id), None)
    db.session.expire_all()  # meanwhile another request or a run may have written
    connection = locked_or_new(EvotorConnection, user.id)
    is_other = _is_other_account(connection, owner_id, stores)
    connection.token = token
    connection.evotor_user_id = owner_id or (None if is_other else connection.evotor_user_id)
    _mark_ok(connection)
    user.evotor = connection
    if is_other:
        catalog_copy.drop_everything(user.id)
        sync_settings.take_confirmation_back(user, "other_evotor")
    events.record(EventKind.EVOTOR_CHANGED if is_other else EventKind.EVOTOR_CONNECTED, user.id)
    db.session.commit()
    # The token is good; what cannot be read is marked on the connection and the stores.
    with contextlib.suppress(ServiceError):
        catalog_refresh.refresh(user)
    return is_other


def _is_other_account(connection: EvotorConnection, owner_id: str | None, stores: list[Store]) -> bool:
    if owner_id and connection.evotor_user_id and owner_id != connection.evotor_user_id:
        return True
    ours = CatalogStore.user_id == connection.user_id
    known = set(db.session.scalars(sa.select(CatalogStore.store_id).where(ours)))
    return bool(known and stores) and known.isdisjoint(store.id for store in stores)


def check_evotor(user: User) -> ConnectionState:
    """Ask Evotor whether the stored token still works, and remember the answer."""
    use = evotor_use(user)
    if use is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    try:
        evotor_client(use.token).stores()
        failure = None
    except EvotorError as error:
        failure = error
    connection = use.current()
    if connection is None:
        return _as_it_stands(locked(EvotorConnection, use.user_id))
    return _mark(connection, evotor_state(failure), evotor_code(failure)) if failure else _mark_ok(connection)


def disconnect_evotor(user: User) -> None:
    """Forget the token; the catalog, the rules and what stands in VK stay."""
    connection = locked(EvotorConnection, user.id)
    if connection is None:
        return
    connection.token = None
    _mark(connection, ConnectionState.DISCONNECTED, None)
    runs.drop_queued(user.id)
    events.record(EventKind.EVOTOR_DISCONNECTED, user.id)


# VK


@dataclass(frozen=True, slots=True)
class _VkAccess:
    profile: Profile
    rights: int | None
    community: Community
    categories: Sequence[Category]
    """Empty where VK did not tell them; the owner may ask again on the page of the categories."""


def connect_vk(user: User, token: str, named: int | str) -> bool:
    """Store the token and the community, named by its number or its short name.

    True if it is another community than before. Raises ConnectionRefused.
    """
    db.session.commit()
    access = _vk_access(vk_client(token), named)
    group_id = access.community.id
    db.session.expire_all()  # meanwhile another request or a run may have written
    connection = locked_or_new(VkConnection, user.id)
    previous = connection.group_id or connection.last_group_id
    is_other = previous is not None and previous != group_id
    connection.group_id = connection.last_group_id = group_id
    connection.group_name = access.community.name
    connection.vk_user_id, connection.vk_user_name = access.profile.id, access.profile.name
    connection.token, connection.refresh_token, connection.expires_at = token, None, None
    connection.rights, connection.is_extended = access.rights, access.community.is_extended
    connection.resting, connection.refused_categories = {}, []
    user.vk = connection
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise ConnectionRefused("community_taken") from None
    _mark_ok(connection)
    if access.categories:
        vk_categories.keep(user, group_id, access.categories)
    if user.sync_state is not None:
        user.sync_state.market_read_at = None  # meanwhile the community may have been in other hands
    if is_other:
        sync_settings.take_confirmation_back(user, "other_vk")
    events.record(EventKind.VK_CHANGED if is_other else EventKind.VK_CONNECTED, user.id, group_id=group_id)
    return is_other


def _vk_access(client: VkClient, named: int | str) -> _VkAccess:
    """The wizard of contracts/vk.md 4.6. Raises ConnectionRefused."""
    try:
        profile = client.me()
        rights = _rights(client)
        if rights is not None and not rights & MARKET_RIGHT:
            raise ConnectionRefused("vk_no_market_right")
        community = client.community(named)
        if community is None:
            raise ConnectionRefused("community_not_found")
        if not community.market_enabled:
            raise ConnectionRefused("vk_1438")
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
    use = vk_use(user)
    if use is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    community = failure = None
    try:
        client = vk_client(use.token)
        community = client.community(use.group_id)
        client.market_page(use.group_id, 0, 1)
    except VkError as error:
        failure = error
    connection = use.current()
    if connection is None:
        return _as_it_stands(locked(VkConnection, use.user_id))
    if failure is not None:
        connection.way_out = failure.redirect_uri
        return _mark(connection, vk_state(failure), vk_code(failure))
    if community is None or not community.market_enabled:
        return _mark(connection, ConnectionState.SHOP_CLOSED, "vk_1438")
    connection.is_extended = community.is_extended
    return _mark_ok(connection)


def disconnect_vk(user: User) -> None:
    """Forget the tokens and free the community; links and what stands in VK stay."""
    connection = locked(VkConnection, user.id)
    if connection is None:
        return
    connection.group_id = None
    connection.token = connection.refresh_token = connection.expires_at = None
    _mark(connection, ConnectionState.DISCONNECTED, None)
    db.session.flush()
    sync_settings.withdraw_order(user)
    runs.drop_queued(user.id)
    events.record(EventKind.VK_DISCONNECTED, user.id)


def _as_it_stands(connection: EvotorConnection | VkConnection | None) -> ConnectionState:
    """Another token was stored during the check, or none is: the answer concerns nobody any more."""
    return ConnectionState(connection.state) if connection is not None else ConnectionState.DISCONNECTED


def _mark_ok(connection: EvotorConnection | VkConnection) -> ConnectionState:
    """A run that was held for the sake of this connection need not wait any longer."""
    if connection.state != ConnectionState.OK:
        runs.end_pause(connection.user_id)
    if isinstance(connection, VkConnection):
        connection.way_out = None
    return _mark(connection, ConnectionState.OK, None)


def _mark(
    connection: EvotorConnection | VkConnection, state: ConnectionState, code: str | None, now: datetime | None = None
) -> ConnectionState:
    connection.state, connection.error_code, connection.checked_at = state, code, now or utcnow()
    return state
