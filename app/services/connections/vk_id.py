"""Signing in with VK ID: begun here, ended when VK sends its person back (docs/contracts/vk.md §2.4).

What it gave waits until a community is chosen.
"""

import hashlib
import secrets
from datetime import timedelta

import sqlalchemy as sa

from app.clients.vk.client import MARKET_RIGHT
from app.clients.vk.errors import VkError
from app.clients.vk_id.client import Grant
from app.clients.vk_id.errors import VkIdError
from app.clock import utcnow
from app.context import settings
from app.db import db
from app.logs import get_logger, remember_secret
from app.models import ConnectionState, User, VkConnection, VkPendingAccess, VkSignIn
from app.services.accounts import sessions
from app.services.connections.state import record_state
from app.services.connections.vk import VkKeys, drop_pending
from app.services.errors import ConnectionRefused, SessionEnded
from app.services.vendors.clients import vk_client, vk_id_client
from app.services.vendors.connection_use import locked_or_new
from app.services.vendors.vk_renewal import expiry

log = get_logger()

LIFETIME = timedelta(minutes=15)
"""Of a sign-in from its beginning to the way back."""
MOST_BEGUN = 5
"""By one user at once: more are forgotten, the oldest first."""
PENDING = timedelta(hours=1)
NO_MARKET_RIGHT = "vk_id_no_market_right"
LONGEST_GIVEN = 2048


def is_offered() -> bool:
    return bool(settings().vk_client_id)


def begin(user: User, *, asks_who: bool = False) -> str:
    """Where this person signs in at VK; `asks_who`: also one whom VK knows already is asked. Flushes.

    Raises ConnectionRefused and SessionEnded.
    """
    device = sessions.still(user)
    if device is None:
        raise ConnectionRefused("vk_id_state")
    _forget_old(user)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    remember_secret(verifier)
    sign_in = VkSignIn(user_id=user.id, session_id=device.id, state_hash=_hash(state), verifier=verifier)
    sign_in.expires_at = utcnow() + LIFETIME
    db.session.add(sign_in)
    db.session.flush()
    with vk_id_client() as client:
        return client.authorize_url(state, verifier, asks_who=asks_who)


def _forget_old(user: User) -> None:
    """What is over, of whomever, and this user's oldest tries."""
    for model in (VkSignIn, VkPendingAccess):
        db.session.execute(sa.delete(model).where(model.expires_at <= utcnow()))
    mine = sa.select(VkSignIn.id).where(VkSignIn.user_id == user.id, VkSignIn.expires_at > utcnow())
    kept = db.session.scalars(mine.order_by(VkSignIn.id.desc()).limit(MOST_BEGUN - 1)).all()
    db.session.execute(sa.delete(VkSignIn).where(VkSignIn.user_id == user.id, VkSignIn.id.not_in(kept)))


def end(user: User, *, state: str, code: str, device_id: str, error: str) -> None:
    """What VK sent this person back with becomes a pending access. Commits.

    Raises ConnectionRefused and SessionEnded; then nothing that was stored before is another.
    """
    verifier = _take_back(user, state)
    if error:
        raise ConnectionRefused("vk_id_denied" if error == "access_denied" else "vk_id_refused")
    if not 0 < len(code) <= LONGEST_GIVEN:
        raise ConnectionRefused("vk_id_refused")
    if not 0 < len(device_id) <= LONGEST_GIVEN:
        raise ConnectionRefused("vk_id_no_device")
    for secret in (code, device_id):
        remember_secret(secret)
    grant = _exchanged(code, verifier, device_id, state)
    try:
        _take_up(user, grant, device_id)
    except (ConnectionRefused, SessionEnded):
        db.session.rollback()
        revoke(grant.access_token)
        raise


def _take_back(user: User, state: str) -> str:
    """The verifier of the sign-in that this device began; it is good for once. Commits. Raises ConnectionRefused."""
    device = sessions.current(user)
    query = sa.select(VkSignIn).where(
        VkSignIn.state_hash == _hash(state),
        VkSignIn.user_id == user.id,
        VkSignIn.session_id == (device.id if device else None),
    )
    begun = db.session.scalar(query)
    if begun is None:
        raise ConnectionRefused("vk_id_state")
    verifier, is_late = begun.verifier, begun.expires_at <= utcnow()
    taken = db.session.execute(
        sa.delete(VkSignIn).where(VkSignIn.id == begun.id).execution_options(synchronize_session=False)
    )
    db.session.expunge(begun)
    db.session.commit()
    if is_late or not verifier or getattr(taken, "rowcount", 0) != 1:
        raise ConnectionRefused("vk_id_state")
    return verifier


def _exchanged(code: str, verifier: str, device_id: str, state: str) -> Grant:
    try:
        with vk_id_client() as client:
            grant = client.exchange(code, verifier=verifier, device_id=device_id, state=state)
    except VkIdError as error:
        log.warning("vk_id_sign_in_failed", error=error.error or error.status)
        raise ConnectionRefused("vk_id_refused" if error.is_refusal else "vk_id_no_answer") from None
    remember_secret(grant.access_token)
    remember_secret(grant.refresh_token or "")
    return grant


def _take_up(user: User, grant: Grant, device_id: str) -> None:
    """Commits. Raises ConnectionRefused and SessionEnded."""
    market_is_granted = _market_is_granted(grant)
    device = sessions.still(user)
    if market_is_granted is False:
        _note_no_right(user)
        raise ConnectionRefused(NO_MARKET_RIGHT)
    if device is None:
        raise SessionEnded
    _keep(user, device.id, grant, device_id, market_is_granted)
    db.session.commit()


def _market_is_granted(grant: Grant) -> bool | None:
    """By the scope of the answer, else by what VK's API says of the token; None where neither tells."""
    if grant.scope is not None:
        return "market" in grant.scope
    try:
        with vk_client(grant.access_token) as client:
            return bool(client.permissions() & MARKET_RIGHT)
    except VkError:
        return None


def _note_no_right(user: User) -> None:
    """A state of the connection, unless there is one that works by another key. Commits."""
    connection = locked_or_new(VkConnection, user.id)
    if not connection.is_connected:
        record_state(connection, ConnectionState.FORBIDDEN, NO_MARKET_RIGHT)
    db.session.commit()


def _keep(user: User, session_id: int, grant: Grant, device_id: str, market_is_granted: bool | None) -> None:
    drop_pending(user)
    token_expires_at = expiry(grant.expires_in)
    until = utcnow() + PENDING
    db.session.add(
        VkPendingAccess(
            user_id=user.id,
            session_id=session_id,
            token=grant.access_token,
            refresh_token=grant.refresh_token,
            device_id=device_id,
            token_expires_at=token_expires_at,
            market_is_granted=market_is_granted,
            expires_at=min(until, token_expires_at or until),
        )
    )
    db.session.flush()


def pending(user: User) -> VkKeys | None:
    """What VK ID gave and no community was chosen for yet."""
    query = sa.select(VkPendingAccess).where(VkPendingAccess.user_id == user.id, VkPendingAccess.expires_at > utcnow())
    row = db.session.scalar(query)
    if row is None or not row.token or not row.device_id:
        return None
    return VkKeys(row.token, row.refresh_token, row.token_expires_at, row.device_id, row.market_is_granted)


def given_tokens(user: User) -> list[str]:
    """What VK ID gave this user: of the connection, and what no community was chosen for."""
    connection = db.session.scalar(sa.select(VkConnection).where(VkConnection.user_id == user.id))
    waiting = db.session.scalar(sa.select(VkPendingAccess).where(VkPendingAccess.user_id == user.id))
    of_connection = connection.token if connection is not None and connection.is_signed_in else None
    return list(dict.fromkeys(token for token in (of_connection, waiting and waiting.token) if token))


def revoke(token: str) -> bool:
    """Whether VK forgot the token. No transaction may be open; never raises for what VK says or does not."""
    if not is_offered():
        return False
    try:
        with vk_id_client() as client:
            client.revoke(token)
    except VkIdError as error:
        log.info("vk_id_not_revoked", error=error.error or error.status)
        return False
    return True


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()
