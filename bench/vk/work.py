"""The goods of a shop, what befalls them at the register, and what has to stand in the market then."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bench.speed.goods import Goods, make_goods
from tests.support.sandbox import CLUB, Sandbox

Json = dict[str, Any]

GOODS_A_GROUP = 150
"""15,000 goods fill as many albums as VK allows."""
STAYS = {"id": "STAYS", "name": "Пакет", "type": "NORMAL", "measure_name": "шт", "allow_to_sell": True, "quantity": 99}
"""A product without a price, which no market shows: a store that has nothing at all would look like a bad read."""


class Kind(StrEnum):
    """Of work, in the order in which it is done."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MARKET_READ = "unchanged, market read"
    EDITED = "edited"
    HIDDEN = "sold out"
    SHOWN = "back in stock"
    GONE = "gone from the register"
    DELETED = "deleted"

    @property
    def changes_goods(self) -> bool:
        return self not in (Kind.UNCHANGED, Kind.MARKET_READ)


PATCHES: dict[Kind, Callable[[Json], Json]] = {
    Kind.EDITED: lambda one: {"price": one["price"] + 7},
    Kind.HIDDEN: lambda _: {"quantity": 0},
    Kind.SHOWN: lambda _: {"quantity": 5},
}


@dataclass
class Assortment:
    """One store, all of whose goods may be sold and stand in a group."""

    goods: Goods
    is_dropped: bool = False
    is_deleted: bool = False

    @classmethod
    def of(cls, size: int, names: Path | None) -> "Assortment":
        goods = make_goods(size, names)
        groups = [{"id": f"G{number}", "name": f"Отдел {number + 1}"} for number in range(-(-size // GOODS_A_GROUP))]
        usual = {"price": 100, "type": "NORMAL", "quantity": 5}
        products = [
            {**usual, **one, "type": "NORMAL", "quantity": 5, "parent_id": f"G{number // GOODS_A_GROUP}"}
            for number, one in enumerate(goods.products)
        ]
        return cls(Goods(goods.prefix, groups, products))

    def befall(self, kind: Kind) -> list[Json]:
        """How the products change at the register."""
        self.is_dropped = self.is_dropped or kind is Kind.GONE
        self.is_deleted = self.is_deleted or kind is Kind.DELETED
        if kind not in PATCHES:
            return []
        patches = [{"id": one["id"], **PATCHES[kind](one)} for one in self.goods.products]
        self.goods.products = [{**one, **patch} for one, patch in zip(self.goods.products, patches, strict=True)]
        return patches

    def at_register(self) -> Goods:
        return Goods(self.goods.prefix, self.goods.groups, [*self.goods.products, STAYS])

    def items(self) -> list[Json]:
        """What has to stand in the market."""
        names = {group["id"]: group["name"] for group in self.goods.groups}
        return [
            {
                "sku": f"ev:{one['id']}",
                "name": one["name"],
                "description": one["description"],
                "price": one["price"],
                "is_hidden": self.is_dropped or one["quantity"] == 0,
                "album": names[one["parent_id"]],
            }
            for one in ([] if self.is_deleted else self.goods.products)
        ]

    def check(self, sandbox: Sandbox) -> None:
        """Raises RuntimeError where the market is another."""
        market = sandbox.dump()["vk"]["clubs"][str(CLUB)]
        titles = {album["id"]: album["title"] for album in market["albums"]}
        found = {item["sku"]: _state(item, titles) for item in market["items"] if not item["deleted"]}
        wanted = {
            item["sku"]: (round(item["price"] * 100), item["is_hidden"], [item["album"]], True) for item in self.items()
        }
        for sku in wanted.keys() | found.keys():
            # Whether a hidden item stands in an album is of no concern to buyers.
            one, other = wanted.get(sku), found.get(sku)
            if one is None or other is None or one[:2] != other[:2] or (not one[1] and one != other):
                raise RuntimeError(f"{sku} stands in the market as {other}, not as {one}")


def _state(item: Json, titles: dict[int, str]) -> tuple[int, bool, list[str], bool]:
    albums = [titles[album_id] for album_id in item["album_ids"]]
    return int(item["price_hundredths"]), item["hidden"], albums, item["photo_id"] is not None
