"""Connecting Evotor and VK: checked with a live call before anything is stored."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clients.errors import EvotorError, VkError
from app.clients.vk import VkClient
from app.db import db, utcnow
from app.domain.catalog import Store
from app.domain.categories import Category
from app.domain.market import RUSSIAN_ROUBLE, Community, Profile
from app.models import CatalogStore, ConnectionState, EvotorConnection, User, VkConnection
from app.services import catalog_copy, catalog_refresh, runs, sync_settings, vk_categories
from app.services.errors import ConnectionRefused, ServiceError
from app.services.vendors import MARKET_RIGHT, evotor_client, evotor_code, evotor_state, vk_client, vk_code, vk_state

NO_SUCH_ID = (100, 125)
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
    is_other = _is_other_account(user, owner_id, stores)
    connection = user.evotor or EvotorConnection(user_id=user.id)
    connection.token = token
    connection.evotor_user_id = owner_id or (None if is_other else connection.evotor_user_id)
    _mark_ok(connection)
    user.evotor = connection
    if is_other:
        catalog_copy.drop_everything(user.id)
        sync_settings.take_confirmation_back(user, "other_evotor")
    db.session.commit()
    # The token is good; what cannot be read is marked on the connection and the stores.
    with contextlib.suppress(ServiceError):
        catalog_refresh.refresh(user)
    return is_other


def _is_other_account(user: User, owner_id: str | None, stores: list[Store]) -> bool:
    if user.evotor is None:
        return False
    if owner_id and user.evotor.evotor_user_id and owner_id != user.evotor.evotor_user_id:
        return True
    known = set(db.session.scalars(sa.select(CatalogStore.store_id).where(CatalogStore.user_id == user.id)))
    return bool(known and stores) and known.isdisjoint(store.id for store in stores)


def check_evotor(user: User) -> ConnectionState:
    """Ask Evotor whether the stored token still works, and remember the answer."""
    connection = user.evotor
    if connection is None or connection.token is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    try:
        evotor_client(connection.token).stores()
    except EvotorError as error:
        return _mark(connection, evotor_state(error), evotor_code(error))
    return _mark_ok(connection)


def disconnect_evotor(user: User) -> None:
    """Forget the token; the catalog, the rules and what stands in VK stay."""
    if user.evotor is None:
        return
    user.evotor.token = None
    _mark(user.evotor, ConnectionState.DISCONNECTED, None)
    runs.drop_queued(user.id)


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
    connection = user.vk or VkConnection(user_id=user.id)
    previous = connection.group_id or connection.last_group_id
    is_other = previous is not None and previous != group_id
    connection.group_id = connection.last_group_id = group_id
    connection.group_name = access.community.name
    connection.vk_user_id, connection.vk_user_name = access.profile.id, access.profile.name
    connection.token, connection.refresh_token, connection.expires_at = token, None, None
    connection.rights, connection.is_extended = access.rights, access.community.is_extended
    connection.resting, connection.refused_categories = {}, []
    _mark_ok(connection)
    user.vk = connection
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise ConnectionRefused("community_taken") from None
    if access.categories:
        vk_categories.keep(user, group_id, access.categories)
    if user.sync_state is not None:
        user.sync_state.market_read_at = None  # meanwhile the community may have been in other hands
    if is_other:
        sync_settings.take_confirmation_back(user, "other_vk")
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
        raise ConnectionRefused("community_not_found" if error.code in NO_SUCH_ID else vk_code(error)) from error
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
    connection = user.vk
    if connection is None or connection.token is None or connection.group_id is None:
        return ConnectionState.DISCONNECTED
    db.session.commit()
    try:
        client = vk_client(connection.token)
        community = client.community(connection.group_id)
        client.market_page(connection.group_id, 0, 1)
    except VkError as error:
        connection.way_out = error.redirect_uri
        return _mark(connection, vk_state(error), vk_code(error))
    if community is None or not community.market_enabled:
        return _mark(connection, ConnectionState.SHOP_CLOSED, "vk_1438")
    connection.is_extended = community.is_extended
    return _mark_ok(connection)


def disconnect_vk(user: User) -> None:
    """Forget the tokens and free the community; links and what stands in VK stay."""
    if user.vk is None:
        return
    sync_settings.withdraw_order(user)
    user.vk.group_id = None
    user.vk.token = user.vk.refresh_token = user.vk.expires_at = None
    _mark(user.vk, ConnectionState.DISCONNECTED, None)
    runs.drop_queued(user.id)


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
