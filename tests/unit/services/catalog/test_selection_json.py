"""What 300 random sets of rules come to, against the text of the rules read once more in plain loops."""

import random

import pytest

from app.domain.catalog.goods import Group, GroupTree, Product, Store
from app.domain.planning.selection import StoreGoods
from app.domain.rules import EntityType, FilterMode, Rule, RuleSet
from app.services.catalog.selection_json import selected_ids

KINDS = {"store": EntityType.STORE, "group": EntityType.GROUP, "product": EntityType.PRODUCT}


class Shop:
    """Plain dictionaries, and the same as stores_goods."""

    def __init__(self, chance: random.Random) -> None:
        self.stores = [f"S{number}" for number in range(chance.randint(0, 3))]
        self.groups: dict[str, tuple[str, str | None]] = {}
        self.products: dict[str, tuple[str, str | None]] = {}
        for store in self.stores:
            for number in range(chance.randint(0, 6)):
                inside = [group for group, (where, _) in self.groups.items() if where == store]
                self.groups[f"{store}G{number}"] = store, chance.choice([None, *inside])
            inside = [group for group, (where, _) in self.groups.items() if where == store]
            for number in range(chance.randint(0, 12)):
                self.products[f"{store}P{number}"] = store, chance.choice([None, *inside])

    def stores_goods(self) -> list[StoreGoods]:
        return [
            StoreGoods(
                Store(store, store),
                GroupTree.of(
                    Group(group, f"Имя {int(group[3:]) % 3}", parent)
                    for group, (where, parent) in self.groups.items()
                    if where == store
                ),
                [Product(product, "x", group) for product, (where, group) in self.products.items() if where == store],
            )
            for store in self.stores
        ]

    def rules(self, chance: random.Random) -> dict[str, dict[str, str]]:
        ids = {"store": [*self.stores, "gone"], "group": [*self.groups, "gone"], "product": [*self.products, "gone"]}
        modes = chance.choice([["include"], ["exclude"], ["include", "exclude"]])
        return {
            kind: {one: chance.choice(modes) for one in chance.sample(known, chance.randint(0, min(3, len(known))))}
            for kind, known in ids.items()
        }


def passes(rules: dict[str, str], way: list[str]) -> bool:
    """`way`: the entity, then what holds it."""
    for one in way:
        if rules.get(one) == "exclude":
            return False
    if "include" in rules.values():
        return any(rules.get(one) == "include" for one in way)
    return True


def expected(shop: Shop, rules: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    def way(group: str | None) -> list[str]:
        return [] if group is None else [group, *way(shop.groups[group][1])]

    stores = [store for store in shop.stores if passes(rules["store"], [store])]
    groups = [one for one, (store, _) in shop.groups.items() if store in stores and passes(rules["group"], way(one))]
    products = [
        one
        for one, (store, group) in shop.products.items()
        if store in stores and passes(rules["group"], way(group)) and passes(rules["product"], [one])
    ]
    names = {f"Имя {int(one[3:]) % 3}" for one in groups}
    found = {"store_ids": stores, "group_ids": groups, "product_ids": products, "group_names": names}
    return {name: sorted(ids) for name, ids in found.items()}


@pytest.mark.parametrize("part", range(3))
def test_the_lists_are_what_the_rules_say(part: int) -> None:
    for seed in range(part * 100, part * 100 + 100):
        chance = random.Random(seed)
        shop = Shop(chance)
        rules = shop.rules(chance)
        made = RuleSet(
            tuple(
                Rule(KINDS[kind], one, FilterMode(mode)) for kind, modes in rules.items() for one, mode in modes.items()
            )
        )
        assert selected_ids(shop.stores_goods(), made) == expected(shop, rules), (seed, rules)


def test_a_closed_store_has_left() -> None:
    store_goods = StoreGoods(
        Store("S", "S"), GroupTree.of([Group("G", "Чай")]), [Product("P", "x", "G")], is_closed=True
    )
    assert not any(selected_ids([store_goods], RuleSet()).values())
