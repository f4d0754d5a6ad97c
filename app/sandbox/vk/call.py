"""One checked VK call and the questions that every method asks about the community."""

from dataclasses import dataclass
from typing import Any

from app.sandbox.state import World
from app.sandbox.vk.params import VkError
from app.sandbox.vk.state import Club, Item, VkToken

EDITOR = 2
DELETED_ITEMS_KEPT_SECONDS = 24 * 3600


@dataclass
class Call:
    world: World
    method: str
    values: dict[str, Any]
    token: VkToken
    base_url: str

    @property
    def now(self) -> float:
        return self.world.clock.now()

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    def owned_club(self) -> Club:
        """The community of `owner_id`, where the caller is an editor and the shop is on."""
        if self.values["owner_id"] >= 0:
            raise VkError(100, "only groups supported")
        return self.editable_club(-self.values["owner_id"])

    def editable_club(self, group_id: int, shop_off_code: int = 1438) -> Club:
        club = self.world.vk.clubs.get(group_id)
        if club is None or club.levels.get(self.token.user_id, 0) < EDITOR:
            raise VkError(205)
        if not club.market_enabled:
            raise VkError(shop_off_code)
        return club

    def present_item(self, club: Club, item_id: int) -> Item:
        item = club.items.get(item_id)
        if item is None or item.deleted_at is not None:
            raise VkError(1403)
        return item

    def is_gone_for_good(self, item: Item) -> bool:
        return item.deleted_at is not None and self.now - item.deleted_at >= DELETED_ITEMS_KEPT_SECONDS
