"""What the synchronisation pages show, read from what is stored; calls nobody and writes nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from app.db import db, utcnow
from app.domain.catalog import Group, GroupTree, Product, Store
from app.domain.changes import Action, Change, Reason
from app.domain.listing import ListingKey, SkipReason
from app.domain.plan import Plan
from app.domain.rules import EntityType, RuleSet, Status
from app.domain.selection import Shelf, verdicts
from app.models import (
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    ConnectionState,
    OwnerOrder,
    RunStatus,
    StoreState,
    SyncRun,
    User,
)
from app.models.run import ACTIVE
from app.services import approvals, hand_work, orders, planning, runs, sync_settings
from app.services.approvals import Verdict


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """How many rules there are, and what they do to the catalog."""

    stores: int
    groups: int
    products: int
    selected: int
    known: int
    shared: int
    """Barcodes that stand in more than one of the selected stores."""

    @property
    def rules(self) -> int:
        return self.stores + self.groups + self.products


@dataclass(frozen=True, slots=True)
class Problem:
    """A connection that does not work now."""

    vendor: str
    code: str
    passes: bool
    """The vendor's own trouble; nothing for the owner to do."""
    way_out: str | None = None
    """A page of VK's that the owner has to open first."""
    needs_owner: bool = False


@dataclass(frozen=True, slots=True)
class SyncOverview:
    status: Status
    is_enabled: bool
    confirmed_at: datetime | None
    has_evotor: bool
    has_vk: bool
    confirm_obstacle: str | None
    """Why the configuration may not be confirmed yet; a code."""
    run_obstacle: str | None
    pause_reason: str | None
    problems: Sequence["Problem"]
    stale: Sequence[str]
    """Names of the stores whose last read failed: their old copy serves."""
    rules: RuleSummary
    last_run: SyncRun | None
    next_run_at: datetime | None
    """None while no run is planned; a time that has passed means "in the next minutes"."""
    order: OwnerOrder | None
    live: int
    """Visible items of ours."""
    undoable: int
    """Items that the last run hid and that may be shown again."""
    questions: int
    """Answers that the owner owes about items in VK."""

    @property
    def waits_for_approval(self) -> bool:
        waits = self.last_run is not None and self.last_run.status == RunStatus.NEEDS_APPROVAL
        return waits and self.status is Status.ACTIVE

    @property
    def next_run_is_due(self) -> bool:
        return self.next_run_at is not None and self.next_run_at <= utcnow()

    @property
    def is_running(self) -> bool:
        return self.last_run is not None and self.last_run.status in ACTIVE


def sync_overview(user: User) -> SyncOverview:
    config, state = sync_settings.config_of(user), user.sync_state
    run_obstacle = sync_settings.run_obstacle(user)
    last_run = runs.latest(user.id)
    return SyncOverview(
        status=sync_settings.status_of(user),
        is_enabled=config.is_enabled,
        confirmed_at=config.confirmed_at,
        has_evotor=user.evotor is not None and user.evotor.is_connected,
        has_vk=user.vk is not None and user.vk.is_connected,
        confirm_obstacle=sync_settings.confirmation_obstacle(user),
        run_obstacle=run_obstacle,
        pause_reason=state.pause_reason if state else None,
        problems=_problems(user),
        stale=catalog_age(user.id).stale,
        rules=_rule_summary(user),
        last_run=last_run,
        next_run_at=((state.next_run_at if state else None) or utcnow()) if run_obstacle is None else None,
        order=orders.order_of(user),
        live=orders.live_count(user),
        undoable=orders.undoable(user, last_run) if last_run else 0,
        questions=hand_work.questions(user),
    )


def _problems(user: User) -> list[Problem]:
    connections = (("evotor", user.evotor), ("vk", user.vk))
    return [
        Problem(
            vendor,
            row.error_code,
            passes=row.state == ConnectionState.UNAVAILABLE,
            way_out=getattr(row, "way_out", None),
            needs_owner=row.state == ConnectionState.NEEDS_OWNER,
        )
        for vendor, row in connections
        if row is not None and row.is_connected and row.error_code
    ]


def _rule_summary(user: User) -> RuleSummary:
    rules = sync_settings.rules_of(user)
    counts = rules.count()
    selected = known = 0
    stores_of_barcode: Counter[str] = Counter()
    for shelf in _slim_shelves(user.id):
        known += len(shelf.products)
        chosen = _chosen(shelf, rules)
        selected += len(chosen)
        stores_of_barcode.update({barcode for product in chosen for barcode in product.barcodes})
    return RuleSummary(
        stores=counts[EntityType.STORE],
        groups=counts[EntityType.GROUP],
        products=counts[EntityType.PRODUCT],
        selected=selected,
        known=known,
        shared=sum(stores > 1 for stores in stores_of_barcode.values()),
    )


def _chosen(shelf: Shelf, rules: RuleSet) -> list[Product]:
    return [product for product, decision in verdicts(shelf, rules) if decision.included]


def _slim_shelves(user_id: int) -> list[Shelf]:
    """Only what the rules look at, and barcodes where stores may share them: this page is opened often."""
    stores = list(db.session.scalars(sa.select(CatalogStore.store_id).where(CatalogStore.user_id == user_id)))
    groups = _slim_groups(user_id)
    products = _slim_products(user_id, with_barcodes=len(stores) > 1)
    return [
        Shelf(Store(store_id, ""), GroupTree.of(groups.get(store_id, [])), products.get(store_id, []))
        for store_id in stores
    ]


def _slim_groups(user_id: int) -> dict[str, list[Group]]:
    query = sa.select(CatalogGroup.store_id, CatalogGroup.group_id, CatalogGroup.parent_id)
    groups: dict[str, list[Group]] = {}
    for store_id, group_id, parent_id in db.session.execute(query.where(CatalogGroup.user_id == user_id)):
        groups.setdefault(store_id, []).append(Group(group_id, "", parent_id))
    return groups


def _slim_products(user_id: int, *, with_barcodes: bool) -> dict[str, list[Product]]:
    barcodes = (CatalogProduct.barcodes,) if with_barcodes else ()
    query = sa.select(CatalogProduct.store_id, CatalogProduct.product_id, CatalogProduct.group_id, *barcodes)
    products: dict[str, list[Product]] = {}
    for store_id, product_id, group_id, *codes in db.session.execute(query.where(CatalogProduct.user_id == user_id)):
        product = Product(product_id, "", group_id, barcodes=tuple(codes[0]) if codes else ())
        products.setdefault(store_id, []).append(product)
    return products


# The catalog's age


@dataclass(frozen=True, slots=True)
class CatalogAge:
    """Of the copy that plans are made from."""

    read_at: datetime | None
    """When the oldest store in it was read whole."""
    stale: Sequence[str]
    """Names of the stores whose last read failed."""
    stores: int


def catalog_age(user_id: int) -> CatalogAge:
    query = sa.select(CatalogStore.name, CatalogStore.state, CatalogStore.fetched_at)
    ours = (CatalogStore.user_id == user_id, CatalogStore.state != StoreState.CLOSED)
    rows = db.session.execute(query.where(*ours).order_by(CatalogStore.name)).all()
    read = [row.fetched_at for row in rows if row.fetched_at is not None]
    stale = [row.name for row in rows if row.state != StoreState.OK]
    return CatalogAge(read_at=min(read, default=None), stale=stale, stores=len(rows))


# The plan in sections


SECTIONS: dict[str, frozenset[Action]] = {
    "add": frozenset({Action.ADD}),
    "edit": frozenset({Action.EDIT, Action.SHOW}),
    "hide": frozenset({Action.HIDE}),
    "delete": frozenset({Action.DELETE}),
    "albums": frozenset({Action.ALBUM_ADD, Action.ALBUM_RENAME, Action.ALBUM_PUT, Action.ALBUM_REMOVE}),
}
_SECTION_OF = {action: name for name, actions in SECTIONS.items() for action in actions}


@dataclass(frozen=True, slots=True)
class Skipped:
    key: ListingKey
    reason: SkipReason | Reason


@dataclass(frozen=True, slots=True)
class PlanOverview:
    plan: Plan
    sections: dict[str, list[Change]]
    skipped: list[Skipped]
    verdict: Verdict

    @property
    def counts(self) -> dict[str, int]:
        return {**{name: len(changes) for name, changes in self.sections.items()}, "skipped": len(self.skipped)}

    def rows(self, section: str) -> Sequence[Change | Skipped]:
        return self.skipped if section == "skipped" else self.sections[section]

    def section(self, wanted: str | None) -> str:
        """The wanted section; where it does not exist, what waits for approval, else the first that holds something."""
        counts = self.counts
        if wanted in counts:
            return wanted
        if self.verdict.needs_approval:
            return _SECTION_OF[self.verdict.brakes[0].changes[0].action]
        return next((name for name, count in counts.items() if count), "add")


def plan_overview(user: User) -> PlanOverview:
    plan = planning.plan_for(user)
    sections: dict[str, list[Change]] = {name: [] for name in SECTIONS}
    for change in plan.changes:
        sections[_SECTION_OF[change.action]].append(change)
    skipped = sorted((Skipped(key, reason) for key, reason in plan.skipped.items()), key=lambda row: row.reason)
    return PlanOverview(plan, sections, skipped, approvals.judge(user, plan))


@dataclass(frozen=True, slots=True)
class Names:
    products: dict[ListingKey, str]
    stores: dict[str, str]
    prices: dict[ListingKey, Decimal | None]


def names_of(user_id: int, keys: Iterable[ListingKey]) -> Names:
    """Names, and prices at the register, for the rows of one page."""
    wanted = {key.product_id for key in keys}
    query = sa.select(
        CatalogProduct.store_id, CatalogProduct.product_id, CatalogProduct.name, CatalogProduct.price
    ).where(CatalogProduct.user_id == user_id, CatalogProduct.product_id.in_(wanted))
    rows = [(ListingKey(row.store_id, row.product_id), row) for row in db.session.execute(query)]
    stores = db.session.execute(
        sa.select(CatalogStore.store_id, CatalogStore.name).where(CatalogStore.user_id == user_id)
    )
    return Names(
        products={key: row.name for key, row in rows},
        stores={row.store_id: row.name for row in stores},
        prices={key: row.price for key, row in rows},
    )
