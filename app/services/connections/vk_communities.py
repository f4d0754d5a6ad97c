"""Choosing a community from those that a person may edit, by what VK ID gave or with the key that is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from app.clients.vk.client import VkClient
from app.clients.vk.errors import ACCESS_DENIED, SHOP_OFF, VkError, stored
from app.clients.vk.tokens import ID_EXPIRED
from app.db import db
from app.domain.market.items import RUSSIAN_ROUBLE, Community
from app.models import Listing, User
from app.services.connections import vk, vk_id
from app.services.errors import ConnectionRefused
from app.services.vendors.clients import vk_client, vk_community_page, vk_picture
from app.services.vendors.connection_use import vk_use
from app.services.vendors.faults import vk_code

EDITOR, MODERATOR = "editor", "moder"
MOST_COUNTED = 10
"""Communities of which we say how many items stand there already."""
LOW_ROLE = "vk_role"


@dataclass(frozen=True, slots=True)
class Choice:
    """One community as its card shows it."""

    id: int
    name: str
    members: int | None
    page: str
    """Where its settings are reached."""
    obstacle: str | None
    """Why it cannot be chosen, as a code; None: it can."""
    is_ours: bool
    """Connected now or before."""
    is_connected: bool = False
    """Now, and with a key that nothing waits to replace: there is nothing to choose."""
    goods: int | None = None
    """How many items stand there, ours among them; None where that is not known."""
    picture: str | None = None
    """Its address at VK."""

    @property
    def initial(self) -> str:
        return next((sign for sign in self.name if sign.isalnum()), "?").upper()


def may_choose(user: User) -> bool:
    return vk_id.pending(user) is not None or vk_use(user) is not None


def maker(user: User) -> str:
    """Names what a list is made with now and a choice would be carried out with, and tells nothing of it."""
    keys = vk_id.pending(user)
    made_with = keys.token if keys is not None else f"connection {user.vk.number if user.vk else 0}"
    return sha256(made_with.encode()).hexdigest()[:16]


def choices(user: User) -> list[Choice]:
    """Those that can be chosen come first. Commits before it asks. Raises ConnectionRefused."""
    ours, connected = _connected_before(user), _connected_now(user)
    with _asking(user) as client:
        communities = client.communities(EDITOR)
        usable = [one for one in communities if _obstacle(one) is None]
        sizes = _sizes(client, [one.id for one in usable[:MOST_COUNTED]])
        edited = {one.id for one in communities}
        others = [one for one in _moderated(client) if one.id not in edited]
    found = [_choice(one, _obstacle(one), ours, connected, sizes.get(one.id)) for one in communities]
    found += [_choice(one, LOW_ROLE, ours, connected, None) for one in others]
    return sorted(found, key=lambda choice: (choice.obstacle is not None, not choice.is_ours))


def _connected_before(user: User) -> set[int]:
    """With what is connected now."""
    known = db.session.scalars(sa.select(Listing.vk_group_id).where(Listing.user_id == user.id).distinct())
    return {user.market_id, *known}


def _connected_now(user: User) -> int | None:
    return user.vk.group_id if user.vk is not None and vk_id.pending(user) is None else None


def _choice(one: Community, obstacle: str | None, ours: set[int], connected: int | None, goods: int | None) -> Choice:
    return Choice(
        one.id,
        one.name,
        one.members,
        vk_community_page(one.id),
        obstacle,
        one.id in ours,
        one.id == connected,
        goods,
        vk_picture(one.picture),
    )


def _obstacle(community: Community) -> str | None:
    if not community.market_enabled:
        return stored(SHOP_OFF)
    return None if community.currency_id in (None, RUSSIAN_ROUBLE) else "vk_currency"


def _sizes(client: VkClient, group_ids: list[int]) -> dict[int, int]:
    """A failure here keeps nobody from choosing."""
    try:
        return client.market_sizes(group_ids)
    except VkError:
        return {}


def _moderated(client: VkClient) -> list[Community]:
    try:
        return client.communities(MODERATOR)
    except VkError:
        return []


def signed_in_as(user: User) -> str:
    """Whose communities these are; empty where VK does not tell. Commits before it asks."""
    if vk_id.pending(user) is None:
        return user.vk.vk_user_name if user.vk is not None else ""
    try:
        with _asking(user) as client:
            return client.me().name
    except ConnectionRefused:
        return ""


@contextmanager
def _asking(user: User) -> Iterator[VkClient]:
    """Raises ConnectionRefused for whatever VK refuses inside, too."""
    keys, use = vk_id.pending(user), vk_use(user)
    access = keys.token if keys is not None else use
    if access is None:
        raise ConnectionRefused("vk_missing")
    db.session.commit()
    try:
        with vk_client(access) as client:
            yield client
    except VkError as error:
        code = "vk_id_no_groups_right" if error.code == ACCESS_DENIED else vk_code(error)
        raise _refused(error, code, is_waiting=keys is not None) from error


def _refused(error: VkError, code: str, *, is_waiting: bool) -> ConnectionRefused:
    """What VK ID gave and waits for a community cannot be renewed: its person signs in anew."""
    return ConnectionRefused(ID_EXPIRED if is_waiting and error.token_rejected else code, error.redirect_uri)


def choose(user: User, group_id: int, listed_by: str | None = None) -> bool:
    """Connect that one; True if it is another community than before. Flushes. Raises ConnectionRefused and
    SessionEnded.

    `listed_by`: the `maker` of the list that it was chosen from; another one may be another person's key.
    A community that will not do loses nothing: what VK ID gave goes on waiting for another.
    """
    if listed_by is not None and listed_by != maker(user):
        raise ConnectionRefused("vk_list_of_another")
    keys = vk_id.pending(user)
    if keys is None:
        return vk.move_to(user, group_id)
    try:
        return vk.connect_with(user, keys, group_id)
    except ConnectionRefused as error:
        if isinstance(error.__cause__, VkError):
            raise _refused(error.__cause__, error.code, is_waiting=True) from error.__cause__
        raise


def reconnect(user: User) -> bool:
    """After a new sign-in: the community that is connected anyway, where this person may edit it. Flushes."""
    connected = user.vk.group_id if user.vk is not None else None
    if connected is None:
        return False
    try:
        with _asking(user) as client:
            is_editable = any(one.id == connected for one in client.communities(EDITOR))
        if is_editable:
            choose(user, connected)
    except ConnectionRefused:
        return False  # the page of the choice says why
    return is_editable
