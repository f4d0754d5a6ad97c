"""One store as Evotor lists it, whole or by what changed: what is read of it, and nothing of the database."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.clients.evotor.client import EvotorClient, GroupList, ProductList
from app.clients.evotor.errors import EvotorError, EvotorFault

_NO_ANSWER_TO_SINCE = frozenset(
    {
        EvotorFault.BAD_REQUEST,
        EvotorFault.NOT_FOUND,
        EvotorFault.MALFORMED,
        EvotorFault.CHARSET,
        EvotorFault.SERVER_ERROR,
    }
)
"""What a list may answer that is asked for in this way alone."""


@dataclass(frozen=True, slots=True)
class StoreRead:
    groups: GroupList
    products: ProductList
    is_whole: bool
    """All products, not those alone that changed."""


def read_store(client: EvotorClient, store_id: str, since: int | None, on_page: Callable[[], None]) -> StoreRead:
    """`since`: where it is enough to ask what changed. Raises EvotorError."""
    groups = client.groups(store_id, on_page=on_page)
    if since is not None:
        try:
            return StoreRead(groups, client.changed_products(store_id, since, on_page=on_page), is_whole=False)
        except EvotorError as error:
            if error.kind not in _NO_ANSWER_TO_SINCE:
                raise
    return StoreRead(groups, client.products(store_id, on_page=on_page), is_whole=True)


def read_rest(client: EvotorClient, store_id: str, read: StoreRead, on_page: Callable[[], None]) -> StoreRead:
    """The same store whole, after all. Raises EvotorError."""
    return replace(read, products=client.products(store_id, on_page=on_page), is_whole=True)
