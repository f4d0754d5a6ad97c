"""What random sets of rules come to, against the text of the rules read once more in plain loops."""

import random

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import CatalogGroup, CatalogProduct, CatalogStore, StoreState, SyncConfig, SyncFilter, User
from app.services.catalog.selection_json import selection_json
from tests.factories import make_user, product_fields


@pytest.fixture
def user(app: Flask) -> User:
    return make_user()


class Shop:
    """Plain dictionaries, and the same as rows."""

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

    def rows(self, user: User) -> list[object]:
        here = {"user_id": user.id}
        return [
            *(CatalogStore(store_id=store, name=store, **here) for store in self.stores),
            *(
                CatalogGroup(store_id=store, group_id=group, name=name_of(group), parent_id=parent, **here)
                for group, (store, parent) in self.groups.items()
            ),
            *(
                CatalogProduct(store_id=store, product_id=product, group_id=group, **here, **product_fields("x"))
                for product, (store, group) in self.products.items()
            ),
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
    names = {name_of(one) for one in groups}
    found = {"store_ids": stores, "group_ids": groups, "product_ids": products, "group_names": names}
    return {name: sorted(ids) for name, ids in found.items()}


def name_of(group: str) -> str:
    return f"Имя {int(group[3:]) % 3}"


def rule_rows(rules: dict[str, dict[str, str]]) -> list[SyncFilter]:
    return [
        SyncFilter(entity_type=kind, entity_id=one, entity_name=one, filter_mode=mode)
        for kind, modes in rules.items()
        for one, mode in modes.items()
    ]


@pytest.mark.parametrize("part", range(3))
def test_the_lists_are_what_the_rules_say(user: User, part: int) -> None:
    for seed in range(part * 20, part * 20 + 20):
        chance = random.Random(seed)
        shop = Shop(chance)
        rules = shop.rules(chance)
        for model in (CatalogStore, CatalogGroup, CatalogProduct, SyncConfig):
            db.session.execute(sa.delete(model))
        db.session.expire_all()
        db.session.add_all([*shop.rows(user), SyncConfig(user_id=user.id, filters=rule_rows(rules))])
        db.session.commit()
        found = selection_json(user)
        assert {name: found[name] for name in found if name != "fetched_at"} == expected(shop, rules), (seed, rules)


def test_a_closed_store_has_left(user: User) -> None:
    db.session.add(CatalogStore(user_id=user.id, store_id="S", name="S", state=StoreState.CLOSED))
    db.session.add(CatalogGroup(user_id=user.id, store_id="S", group_id="G", name="Чай"))
    db.session.commit()
    assert not any(selection_json(user).values())
