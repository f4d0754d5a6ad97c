"""VK Market: docs/contracts/vk.md."""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import msgspec

from app.clients.answers import MalformedAnswer, decode
from app.clients.budget import Budget
from app.clients.http import Transport
from app.clients.line import Line
from app.clients.pacing import Shared
from app.clients.vk import answers
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.batches import MOST_CALLS, Batches
from app.clients.vk.calls import NO_HOOKS, CallHooks, Value, VkCaller, parsed
from app.clients.vk.errors import COMMUNITY_TOKEN, VkError
from app.clients.vk.failures import Failure
from app.clients.vk.lists import ListReader
from app.clients.vk.photos import MOST_PICTURES, ProductPhotos
from app.clients.vk.tokens import Tokens
from app.domain.market.categories import Category
from app.domain.market.items import Album, Community, ItemsById, MarketItems, Profile

MARKET_RIGHT = 1 << 27
"""Of the rights that `permissions` tells, the one without which no market can be kept."""
MOST_ITEMS_A_PAGE = 200
MOST_ALBUMS_A_PAGE = 100
MOST_IDS_A_CALL = 100
UPLOAD_SECONDS = 120.0
LARGEST_RECEIPT = 256 * 1024
_ITEM_ID = re.compile(r"\bitem_id\b")


def _nothing() -> None:
    """The hook of a caller that does not want one."""


class VkClient:
    """One user token. `group_id` is always positive. Every method may raise VkError.

    `on_page` is called after each answer with pages, so that a long read can renew its lease. `batch_size`: how many
    calls may go in one request, `photo_batch_size` how many pictures; 1 makes all of them single. With a `budget`
    every call is tried once. Whoever makes a client closes it, best by `with`.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Tokens,
        *,
        per_second: float = 3,
        batch_size: int = MOST_CALLS,
        photo_batch_size: int = MOST_PICTURES,
        hooks: CallHooks = NO_HOOKS,
        id_url: str = "https://id.vk.ru",
        budget: Budget | None = None,
        shared_pace: Shared | None = None,
        line: Line | None = None,
    ) -> None:
        self._addresses = VkAddresses(base_url, id_url)
        self._vk = VkCaller(
            self._addresses,
            token,
            budget=budget,
            per_second=per_second,
            hooks=hooks,
            shared_pace=shared_pace,
            line=line,
        )
        self._batches = Batches(self._vk, hooks, batch_size)
        self._lists = ListReader(self._vk, self._batches)
        # Uploads go to another host without the token and do not count against the pace.
        self._uploads = Transport(
            read_seconds=UPLOAD_SECONDS,
            largest_body=LARGEST_RECEIPT,
            public_only=not self._addresses.is_emulator,
            budget=budget,
        )
        self.photos = ProductPhotos(
            self._vk,
            self._batches,
            self._uploads,
            hooks,
            address_of=self._addresses.upload,
            size=photo_batch_size,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._vk.close()
        self._uploads.close()

    @property
    def has_answered(self) -> bool:
        """VK said yes to at least one call of this client's."""
        return self._vk.has_answered

    @property
    def room(self) -> int:
        """How many changes one request may hold now; 1: they are made one by one."""
        return self._batches.room

    def me(self) -> Profile:
        """users.get, §2.5: whose token this is. Code 27 or 28 if it is not a user's."""
        found = self._vk.read("users.get", {}, answers.profiles)
        if not found:
            self.permissions()  # only for users: VK says there whether this is a community's token or a service one
            raise Failure(code=COMMUNITY_TOKEN, status=200).error()
        return found[0]

    def permissions(self) -> int:
        """account.getAppPermissions, §2.5: the bit mask of §2.2."""
        return self._vk.read("account.getAppPermissions", {}, answers.rights)

    def community(self, named: int | str) -> Community | None:
        """groups.getById, §3.1: by its number or its short name."""
        return self._vk.read("groups.getById", {"group_id": named, "fields": "market"}, answers.community)

    def communities(self, role: str) -> list[Community]:
        """groups.get, §3.1: those in which this person is at least `moder`, `editor` or `admin`."""
        asked: dict[str, Value] = {"filter": role, "extended": True, "fields": "market,members_count", "count": 1000}
        return self._vk.read("groups.get", asked, answers.communities)

    def market_sizes(self, group_ids: Sequence[int]) -> dict[int, int]:
        """market.get, §4.6: how many items stand in each, hidden ones included; without those that VK does not tell."""
        asked: list[dict[str, Value]] = [{**_market(group_id), "count": 1} for group_id in group_ids]
        told = self._batches.ask("market.get", asked) if len(asked) > 1 else None
        pages: Iterable[object]
        if told is None:
            pages = [self._vk.call("market.get", one) for one in asked]
        else:
            pages = [decode(one, object) if isinstance(one, msgspec.Raw) else None for one in told]
        sizes: dict[int, int] = {}
        for group_id, page in zip(group_ids, pages, strict=True):
            with contextlib.suppress(MalformedAnswer):
                sizes[group_id] = answers.page(page)[0]
        return sizes

    def market_page(self, group_id: int, offset: int, count: int = MOST_ITEMS_A_PAGE) -> tuple[int, MarketItems]:
        """market.get, §4.6: the total and one page, hidden items included, newest first."""
        total, items = self._market_page(group_id, offset, count)
        return total, parsed(answers.market_items, items)

    def market(self, group_id: int, on_page: Callable[[], None] = _nothing) -> MarketItems:
        """market.get, §4.6: all items, hidden ones included, each once."""
        found = ItemsById()
        for elements in self._lists.pages("market.get", _market(group_id), MOST_ITEMS_A_PAGE, on_page):
            page = parsed(answers.market_items, elements)
            found.update((item.id, item) for item in page)
            found.odd |= page.odd
        return MarketItems(found.values(), found.odd)

    def look_in(self, group_id: int) -> None:
        """market.get, §4.6: the smallest question that token, right, community and shop must pass."""
        self._market_page(group_id, 0, 1)

    def items_by_id(self, group_id: int, ids: Sequence[int]) -> ItemsById:
        """market.getById, §4.6: those that VK still knows, removed ones included."""
        items: list[Any] = []
        for start in range(0, len(ids), MOST_IDS_A_CALL):
            names = ",".join(f"-{group_id}_{item_id}" for item_id in ids[start : start + MOST_IDS_A_CALL])
            items += self._vk.read("market.getById", {"item_ids": names, "extended": True}, answers.elements)
        found = parsed(answers.market_items, items)
        return ItemsById(found, found.odd)

    def albums(self, group_id: int) -> list[Album]:
        """market.getAlbums, §9."""
        elements = self._lists.read("market.getAlbums", {"owner_id": -group_id}, MOST_ALBUMS_A_PAGE, _nothing)
        return list({album.id: album for album in parsed(answers.albums, elements)}.values())

    def albums_by_id(self, group_id: int, ids: Sequence[int]) -> list[Album]:
        """market.getAlbumById, §9: those that VK still knows."""
        found: list[Album] = []
        for start in range(0, len(ids), MOST_IDS_A_CALL):
            names = ",".join(map(str, ids[start : start + MOST_IDS_A_CALL]))
            params: dict[str, Value] = {"owner_id": -group_id, "album_ids": names}
            found += parsed(answers.albums, self._vk.read("market.getAlbumById", params, answers.elements))
        return found

    def categories(self, group_id: int) -> list[Category]:
        """market.getCategories, §7: every category that may be an item's."""
        return self._vk.read("market.getCategories", {"group_id": group_id}, answers.categories)

    def add_item(self, group_id: int, fields: Mapping[str, Value]) -> int:
        """market.add, §4.2: the id of the new item. Never repeated after an unclear outcome."""
        return self._vk.create("market.add", {**fields, "owner_id": -group_id}, "market_item_id")

    def add_items(self, group_id: int, items: Iterable[Mapping[str, Value]]) -> list[int | VkError | None]:
        """As many `add_item` as there is room for, by one request, which is never repeated after an unclear outcome.

        Of each, what it returns, or its error; None where it surely was not made and is still to be made by itself.
        """
        given = [{**fields, "owner_id": -group_id} for fields in items]
        return self._batches.create("market.add", given, "market_item_id")

    def edit_item(self, group_id: int, item_id: int, fields: Mapping[str, Value]) -> bool:
        """market.edit, §4.3: only the fields given change; False if VK held them before this was first sent."""
        params = {**fields, "owner_id": -group_id, "item_id": item_id}
        return self._vk.write("market.edit", params) or self._vk.is_own_doing

    def delete_item(self, group_id: int, item_id: int) -> None:
        """market.delete, §4.4: an item already gone is a success."""
        self._vk.write("market.delete", {"owner_id": -group_id, "item_id": item_id})

    def edit_items(
        self, group_id: int, edits: Iterable[tuple[int, Mapping[str, Value]]]
    ) -> list[bool | VkError | None]:
        """As many `edit_item` as there is room for, by one request.

        Of each, what it returns, or its error; None where it is still to be made by itself.
        """
        given = [{**fields, "owner_id": -group_id, "item_id": item_id} for item_id, fields in edits]
        return self._batches.change("market.edit", given)

    def delete_items(self, group_id: int, item_ids: Iterable[int]) -> list[bool | VkError | None]:
        """As many `delete_item` likewise; False for an item already gone."""
        return self._batches.change(
            "market.delete", [{"owner_id": -group_id, "item_id": item_id} for item_id in item_ids]
        )

    def add_album(self, group_id: int, title: str) -> int:
        """market.addAlbum, §9: the id of the new album. Never repeated after an unclear outcome."""
        return self._vk.create("market.addAlbum", {"owner_id": -group_id, "title": title}, "market_album_id")

    def add_albums(self, group_id: int, titles: Iterable[str]) -> list[int | VkError | None]:
        """As many `add_album` likewise."""
        given: list[dict[str, Value]] = [{"owner_id": -group_id, "title": title} for title in titles]
        return self._batches.create("market.addAlbum", given, "market_album_id")

    def rename_album(self, group_id: int, album_id: int, title: str) -> None:
        """market.editAlbum, §9."""
        self._vk.write("market.editAlbum", {"owner_id": -group_id, "album_id": album_id, "title": title})

    def put_in_album(self, group_id: int, item_ids: Sequence[int], album_id: int) -> bool:
        """market.addToAlbum, §9: an item already there is a success.

        False where one of several was there already, which says nothing of the others.
        """
        fixed = {"owner_id": -group_id, "album_ids": album_id}
        is_one = len(item_ids) == 1
        try:
            is_done = self._vk.write("market.addToAlbum", {**fixed, "item_ids": ",".join(map(str, item_ids))})
        except VkError as error:
            if not (is_one and _ITEM_ID.search(error.suffix)):
                raise
            is_done = self._vk.write("market.addToAlbum", {**fixed, "item_id": item_ids[0]})
        return is_done or is_one

    def remove_from_album(self, group_id: int, item_id: int, album_id: int) -> None:
        """market.removeFromAlbum, §9."""
        self._vk.write("market.removeFromAlbum", _standing(group_id, item_id, album_id))

    def remove_from_albums(self, group_id: int, standing: Iterable[tuple[int, int]]) -> list[bool | VkError | None]:
        """As many `remove_from_album`, each given by item and album, by one request; told as by `edit_items`."""
        return self._batches.change("market.removeFromAlbum", [_standing(group_id, *ids) for ids in standing])

    def _market_page(self, group_id: int, offset: int, count: int) -> tuple[int, list[Any]]:
        return self._vk.read("market.get", {**_market(group_id), "offset": offset, "count": count}, answers.page)


def _standing(group_id: int, item_id: int, album_id: int) -> dict[str, Value]:
    return {"owner_id": -group_id, "item_id": item_id, "album_ids": album_id}


def _market(group_id: int) -> dict[str, Value]:
    return {"owner_id": -group_id, "extended": True, "with_disabled": True}
