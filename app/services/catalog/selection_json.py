"""What the owner's rules come to with the stored catalog, for other programs."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain.catalog.goods import Group, GroupTree
from app.domain.rules import RuleSet, decide
from app.models import CatalogGroup, CatalogProduct, CatalogStore, User
from app.services.catalog.age import catalog_age
from app.services.catalog.verdicts import stored
from app.services.owner.configuration_json import iso
from app.services.owner.rule_entities import open_stores


def selection_json(user: User) -> dict[str, Any]:
    """Sorted, each once: stores that pass, their groups that pass, products that are in. A closed store has left."""
    rules = stored.ensure_current(user).rules
    stores = [store_id for store_id in _open_stores(user.id) if decide(rules, store_id).included]
    groups = _passing_groups(rules, _groups(user.id, stores))
    return {
        "fetched_at": iso(catalog_age(user.id).read_at),
        "store_ids": sorted(stores),
        "group_ids": sorted(groups),
        "product_ids": sorted(_selected(user.id, stores)),
        "group_names": sorted(set(groups.values())),
    }


def _open_stores(user_id: int) -> Collection[str]:
    query = open_stores().where(CatalogStore.user_id == user_id).with_only_columns(CatalogStore.store_id)
    return db.session.scalars(query).all()


def _groups(user_id: int, store_ids: Collection[str]) -> Mapping[str, GroupTree]:
    """By store."""
    group = CatalogGroup.__table__.c
    query = sa.select(group.store_id, group.group_id, group.name, group.parent_id).where(
        group.user_id == user_id, group.store_id.in_(store_ids)
    )
    found: dict[str, list[Group]] = {}
    for store_id, *fields in db.session.execute(query):
        found.setdefault(store_id, []).append(Group(*fields))
    return {store_id: GroupTree.of(groups) for store_id, groups in found.items()}


def _passing_groups(rules: RuleSet, trees: Mapping[str, GroupTree]) -> dict[str, str]:
    """{id: name}"""
    return {
        group.id: group.name
        for store_id, tree in trees.items()
        for group in tree.groups.values()
        if decide(rules, store_id, tree.lineage(group.id)).included
    }


def _selected(user_id: int, store_ids: Collection[str]) -> Collection[str]:
    product = CatalogProduct.__table__.c
    query = sa.select(product.product_id).where(
        product.user_id == user_id, product.store_id.in_(store_ids), product.included.is_(True)
    )
    return set(db.session.scalars(query))
