"""For whom a run may begin, as a condition of statements: nobody else is claimed.

It follows from what is stored, so that whoever becomes ready, in whatever way, is due by that alone (`tidying`).
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.rules import EntityType, FilterMode
from app.models import (
    CatalogStore,
    EvotorConnection,
    StoreState,
    SyncConfig,
    SyncFilter,
    SyncState,
    Vendor,
    VendorCircuit,
    VkConnection,
)
from app.services.runs.lease import is_halted

PROBE_EVERY = timedelta(seconds=20)
"""While a vendor answers nobody, so often one user's run asks whether it is back."""


def is_wanted() -> sa.ColumnElement[bool]:
    """Of a state: no obstacle stands before the user's order or synchronisation, as far as statements can tell.

    In words of one user: `run_obstacle` in services/owner/switch.py and `order_obstacle` in services/owner/orders.py.
    """
    is_ordered = SyncState.owner_order.is_not(None)
    return sa.and_(_has(VkConnection), sa.or_(is_ordered, _may_synchronise()), sa.not_(is_halted(SyncState.user_id)))


def waits_for_vendor(now: datetime) -> sa.ColumnElement[bool]:
    """Of a state: a vendor that the run needs answers nobody, and it is not the time to ask whether it does.

    Whom a run needs: `needed` in services/vendors/circuits.py.
    """
    is_needed = sa.or_(VendorCircuit.vendor == Vendor.VK, SyncState.owner_order.is_(None))
    # A moment further ahead than a question can be was set by a clock that went wrong.
    is_left_alone = (VendorCircuit.probe_after > now, VendorCircuit.probe_after <= now + PROBE_EVERY)
    return sa.select(VendorCircuit.vendor).where(*is_left_alone, is_needed).correlate(SyncState).exists()


def _has(model: type[EvotorConnection] | type[VkConnection]) -> sa.ColumnElement[bool]:
    connected = sa.select(model.id).where(model.user_id == SyncState.user_id, model.token.is_not(None))
    if issubclass(model, VkConnection):
        connected = connected.where(model.group_id.is_not(None))
    return connected.correlate(SyncState).exists()


def _may_synchronise() -> sa.ColumnElement[bool]:
    config = sa.select(SyncConfig.id).where(SyncConfig.user_id == SyncState.user_id)
    is_active = (SyncConfig.is_enabled, SyncConfig.confirmed_at.is_not(None))
    return sa.and_(config.where(*is_active, _lets_a_store_pass()).correlate(SyncState).exists(), _has(EvotorConnection))


def _lets_a_store_pass() -> sa.ColumnElement[bool]:
    """Of a configuration."""
    rule = sa.select(SyncFilter.id).where(
        SyncFilter.sync_config_id == SyncConfig.id, SyncFilter.entity_type == EntityType.STORE
    )
    of_store = rule.where(SyncFilter.entity_id == CatalogStore.store_id)
    included = of_store.where(SyncFilter.filter_mode == FilterMode.INCLUDE).correlate(SyncConfig, CatalogStore).exists()
    excluded = of_store.where(SyncFilter.filter_mode == FilterMode.EXCLUDE).correlate(SyncConfig, CatalogStore).exists()
    is_whitelist = rule.where(SyncFilter.filter_mode == FilterMode.INCLUDE).correlate(SyncConfig).exists()
    has_rule = rule.correlate(SyncConfig).exists()
    passes = sa.or_(included, sa.and_(has_rule, sa.not_(is_whitelist), sa.not_(excluded)))
    store = sa.select(CatalogStore.id).where(
        CatalogStore.user_id == SyncConfig.user_id, CatalogStore.state != StoreState.CLOSED, passes
    )
    return store.correlate(SyncConfig).exists()
