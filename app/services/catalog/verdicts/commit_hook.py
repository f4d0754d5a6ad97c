"""No commit without its verdicts: what a session changed of that which they follow from is settled before."""

from typing import Any

from sqlalchemy.orm import Session

from app.db import db, is_changed
from app.models import (
    CatalogGroup,
    CatalogProduct,
    Listing,
    Photo,
    Pictured,
    SyncConfig,
    SyncFilter,
    SyncState,
    User,
    VkConnection,
)
from app.services.catalog.verdicts import marks, stored
from app.services.owner.rules import rules_of


def note(session: Session) -> None:
    """Before the session is flushed."""
    changed = (row for row in session.dirty if type(row) in _NOTES and is_changed(row))
    for row in (*session.new, *changed, *session.deleted):
        if (note := _NOTES.get(type(row))) is not None:
            note(row)


def settle() -> None:
    """Before it commits."""
    for user_id in marks.take_any():
        stored.settle(user_id)


def _note_rule(row: SyncFilter) -> None:
    """The rules as they were are read once: they still stand in the database."""
    config = row.sync_config or db.session.get(SyncConfig, row.sync_config_id)
    user = (config.user or db.session.get(User, config.user_id)) if config is not None else None
    if user is not None:
        noted = marks.of(user.id)
        noted.rules_before = noted.rules_before or rules_of(user)


def _note_settings(row: SyncState) -> None:
    if is_changed(row, {"settings"}):
        marks.of(row.user_id).is_all = True


def _note_community(row: VkConnection) -> None:
    if is_changed(row, {"group_id", "last_group_id"}):
        marks.of(row.user_id).is_all = True


def _note_photo(row: Photo) -> None:
    if row.entity_type == Pictured.GROUP:
        marks.of(row.user_id).groups.add((row.store_id, row.entity_id))
    else:
        marks.of(row.user_id).products.add(row.entity_id)


def _note_picture_in_vk(row: Listing) -> None:
    if row.keeps_photo or row.drift or is_changed(row, {"keeps_photo", "drift"}):
        marks.of(row.user_id).products.add(row.product_id)


def _note_goods(row: CatalogProduct | CatalogGroup) -> None:
    noted = marks.of(row.user_id)
    noted.is_all = noted.has_new_texts = True


_NOTES: dict[type[Any], Any] = {
    SyncFilter: _note_rule,
    SyncState: _note_settings,
    VkConnection: _note_community,
    Photo: _note_photo,
    Listing: _note_picture_in_vk,
    CatalogProduct: _note_goods,
    CatalogGroup: _note_goods,
}
