"""The number of the state of one user's records, as far as plans are made of them: every commit that changes some of
them makes it one more.

A session notes whose records it changes, through objects or through statements, and tells with the last statement of
its transaction: so the row of the number is held for no time, and by nobody who waits for something else.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState, Session

from app.db import Base, db, is_changed
from app.models import (
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    CatalogUnreadable,
    EvotorConnection,
    ForeignItem,
    KeptPlan,
    Listing,
    Photo,
    SyncConfig,
    SyncFilter,
    SyncState,
    User,
    VkAlbum,
    VkConnection,
)

_VERDICT = ("included", "level", "decided_by", "problem", "search_text", "sort_key")
_CHECKED = ("checked_at", "error_code", "state_since", "token")
UNASKED: Mapping[type[Base], frozenset[str]] = {
    CatalogStore: frozenset(
        {"error_code", "fetched_at", "read_whole_at", "since", "retry_after", "hinted_at", "heard", "heard_at"}
    ),
    CatalogGroup: frozenset(),
    CatalogProduct: frozenset(_VERDICT),
    CatalogUnreadable: frozenset({"name", "field", "sent"}),
    EvotorConnection: frozenset(
        {
            *(*_CHECKED, "evotor_user_id", "linked_id", "user_token_hash", "refresh_due_at"),
            *("installation_order", "subscription_order", "subscription_id", "subscription_number"),
            *("subscriptions", "is_uninstalled", "is_terminated"),
        }
    ),
    VkConnection: frozenset(
        {
            *(*_CHECKED, "state", "group_name", "vk_user_id", "vk_user_name", "refresh_token", "expires_at"),
            *("rights", "way_out", "resting", "device_id", "number", "renewals", "renewing_until", "renewal_failures"),
            "renew_after",
        }
    ),
    ForeignItem: frozenset({"title", "matched_by", "seen", "vk_item_id"}),
    Listing: frozenset(
        {
            *("sku", "photo_id", "written_at", "rendered", "rejection", "error_text", "album_error", "gone_answered"),
            *("evotor_asked_at", "hidden_reason", "hidden_run_id"),
        }
    ),
    Photo: frozenset({"width", "height", "created_at", "absent_since"}),
    SyncFilter: frozenset({"entity_name", "parent_entity_id", "created_at"}),
    SyncState: frozenset(
        {
            *(
                "next_run_at",
                "scheduled_at",
                "lane",
                "claimed_until",
                "hinted_run_at",
                "pause_reason",
                "market_read_at",
                "foreign_items",
                "rules_digest",
                "confirmation",
            ),
            *("confirmed_adds", "settled_digest", "alike", "strikes", "strike_code", "owner_order", "order_run_id"),
            *("quiet_run_id", "quiet_began_at", "quiet_at", "quiet_skipped", "quiet_runs", "quiet_days"),
        }
    ),
    VkAlbum: frozenset({"attempted_at", "error_code", "strangers", "vk_album_id"}),
}
"""What plans are made of, and the columns of it that no plan asks."""

_UNASKED_OF = {model.__tablename__: columns for model, columns in UNASKED.items()}
_KEY = "users whose plans are another"


def touched(user_id: int) -> None:
    """For what was changed past the session: plans of this user may be others now."""
    _noted(db.session()).add(user_id)


def is_touched(user_id: int) -> bool:
    """The open transaction has changed what this user's plans are made of. Flushes."""
    db.session.flush()
    return user_id in _noted(db.session())


def begin(user_id: int) -> None:
    """Number the user's states, where nobody did so far."""
    db.session.execute(_inserted(user_id).on_conflict_do_nothing(index_elements=[KeptPlan.user_id]))


def _noted(session: Session) -> set[int]:
    return cast(set[int], session.info.setdefault(_KEY, set()))


# Noting


def note_objects(session: Session) -> None:
    owners = {_owner(row) for row in (*session.new, *session.deleted) if type(row) in UNASKED}
    for row in session.dirty:
        if type(row) in UNASKED and (owner := _owner(row)) not in owners and _is_another(row):
            owners.add(owner)
    for table, key in owners:
        _noted(session).update(_users(session, table, {key}))


def _owner(row: Any) -> tuple[Any, Any]:
    """The table of the row, and what tells there whose it is."""
    return row.__table__, getattr(row, _owner_key(row.__table__))


def _is_another(row: Any) -> bool:
    model: type[Base] = type(row)
    return is_changed(row, _asked(model))


@cache
def _asked(model: type[Base]) -> frozenset[str]:
    return frozenset(sa.inspect(model).column_attrs.keys()) - UNASKED[model]


def note_statement(asked: ORMExecuteState) -> None:
    statement: Any = asked.statement
    table = getattr(statement, "table", None)
    if table is None or table.name not in _UNASKED_OF:
        return
    if asked.is_insert:
        given: Any = asked.parameters or statement.compile().params  # those of one row where it bears its values
        owners = {row[_owner_key(table)] for row in (given if isinstance(given, list) else [given])}
    else:
        query = _owners_of_changed(statement, table)
        owners = set() if query is None else set(asked.session.scalars(query))
    _noted(asked.session).update(_users(asked.session, table, owners))


def _owners_of_changed(statement: Any, table: Any) -> Any:
    """Whose rows become others by an update or a deletion; where an update gives rows away, also to whom.

    None where it changes nothing that anybody asks.
    """
    key, values = _owner_key(table), getattr(statement, "_values", None)  # SQLAlchemy has no public word for it
    condition = sa.true() if statement.whereclause is None else statement.whereclause
    if not values:
        return sa.select(table.c[key]).where(condition).distinct()
    set_to = {getattr(column, "key", column): _plain(value) for column, value in values.items()}
    asked = set_to.keys() - _UNASKED_OF[table.name]
    if not asked:
        return None
    changed = sa.and_(condition, sa.or_(sa.false(), *(_differs(table.c[name], set_to[name]) for name in asked)))
    owners = [table.c[key], *([set_to[key]] if key in set_to else [])]
    return sa.union(*(sa.select(owner).select_from(table).where(changed) for owner in owners))


def _plain(value: Any) -> Any:
    """What is set, as a query can ask about it."""
    return sa.literal(value.value, value.type) if isinstance(value, sa.BindParameter) else value


def _differs(column: Any, value: Any) -> sa.ColumnElement[bool]:
    """PostgreSQL does not compare JSON."""
    return sa.true() if isinstance(column.type, sa.JSON) else column.is_distinct_from(value)


def _owner_key(table: Any) -> str:
    return "sync_config_id" if table.name == SyncFilter.__tablename__ else "user_id"


def _users(session: Session, table: Any, owners: set[Any]) -> set[int]:
    if not owners or _owner_key(table) == "user_id":
        return owners
    return set(session.scalars(sa.select(SyncConfig.user_id).where(SyncConfig.id.in_(owners))))


# Telling


def tell(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for user_id in sorted(_noted(session)):  # in one order, so that no two wait for each other
        known = sa.update(KeptPlan).where(KeptPlan.user_id == user_id).values(version=KeptPlan.version + 1)
        changed = session.execute(known.execution_options(synchronize_session=False))
        if getattr(changed, "rowcount", 0) != 1:
            new: Any = {"version": KeptPlan.version + 1}
            session.execute(_inserted(user_id).on_conflict_do_update(index_elements=[KeptPlan.user_id], set_=new))


def forget(session: Session) -> None:
    """The transaction has ended."""
    _noted(session).clear()


def _inserted(user_id: int) -> Any:
    """Nothing where the account is gone."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    owner = sa.select(User.id, sa.literal(1)).where(User.id == user_id)
    return insert(KeptPlan).from_select(["user_id", "version"], owner, include_defaults=False)
