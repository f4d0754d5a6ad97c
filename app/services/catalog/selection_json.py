"""What the owner's rules come to with the stored catalog, for other programs."""

from collections.abc import Iterable
from typing import Any

from app.domain.planning.selection import StoreGoods, decisions
from app.domain.rules import RuleSet, decide
from app.models import User
from app.services.catalog.age import catalog_age
from app.services.catalog.load import load_goods
from app.services.owner.configuration_json import iso
from app.services.owner.rules import rules_of


def selection_json(user: User) -> dict[str, Any]:
    """Reads ids, names and groups only: a large catalog is no matter."""
    catalog = load_goods(user.id, texts=False, facts=False)
    return {"fetched_at": iso(catalog_age(user.id).read_at), **selected_ids(catalog, rules_of(user))}


def selected_ids(catalog: Iterable[StoreGoods], rules: RuleSet) -> dict[str, list[str]]:
    """Sorted, each once: stores that pass, their groups that pass, products that are in. A closed store has left."""
    stores: set[str] = set()
    groups: dict[str, str] = {}
    products: set[str] = set()
    for goods in catalog:
        if goods.is_closed or not decide(rules, goods.store.id).included:
            continue
        stores.add(goods.store.id)
        for group in goods.tree.groups.values():
            if decide(rules, goods.store.id, goods.tree.lineage(group.id)).included:
                groups[group.id] = group.name
        products.update(product.id for product, decision in decisions(goods, rules) if decision.included)
    return {
        "store_ids": sorted(stores),
        "group_ids": sorted(groups),
        "product_ids": sorted(products),
        "group_names": sorted(set(groups.values())),
    }
