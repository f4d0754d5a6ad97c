"""What there is to tell of active shops, found in what is stored: for all owners, or again for one before it is sent.

Owners whose address is not confirmed, or who do not want to hear of it, are passed over. Every question is answered by
an index, or by the few rows that there are of each owner.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.account.time_zones import zone_of
from app.models import (
    ConnectionState,
    EvotorConnection,
    MailKind,
    RunStatus,
    SyncConfig,
    SyncRun,
    SyncState,
    User,
    VkConnection,
)
from app.services.mail import preferences
from app.services.runs.records import latest_ids

DAY = timedelta(days=1)
DIGEST_WEEKDAY, DIGEST_HOUR = 0, 9
"""Monday, in the owner's time zone: from then on until the day ends."""
UNPAID = "evotor_payment_required"
_TOLD = {
    UNPAID: "unpaid",
    "evotor_uninstalled": "uninstalled",
    "evotor_terminated": "terminated",
    "vk_id_expired": "sign_in_ended",
}
"""Where the code tells more than the state."""
_DIED = (
    ConnectionState.TOKEN_REJECTED,
    ConnectionState.FORBIDDEN,
    ConnectionState.SHOP_CLOSED,
    ConnectionState.NEEDS_OWNER,
)


class Occasion(NamedTuple):
    user_id: int
    about: str = ""
    """Tells it from another of its kind; made of codes."""
    since: datetime | None = None
    """What was told before is of another time that it happened."""


def _owners(kind: MailKind, only: int | None) -> list[Any]:
    """Of a query over users and their switch: those who want such mails."""
    active: list[Any] = [
        preferences.wanting(kind),
        User.email_confirmed_at.is_not(None),
        SyncConfig.is_enabled,
        SyncConfig.confirmed_at.is_not(None),
    ]
    return active if only is None else [*active, User.id == only]


def dead_connections(only: int | None = None) -> list[Occasion]:
    """Those that only their owner can mend. `about`: «evotor unpaid», «evotor forbidden, vk token_rejected»."""
    found: dict[int, list[tuple[str, datetime | None]]] = {}
    query = sa.union_all(_dead("evotor", EvotorConnection, only), _dead("vk", VkConnection, only))
    for user_id, vendor, state, code, since in db.session.execute(query.order_by("user_id", "vendor")):
        found.setdefault(user_id, []).append((f"{vendor} {_TOLD.get(code, state)}", since))
    return [
        Occasion(
            user_id,
            ", ".join(trouble for trouble, _ in troubles),
            max((since for _, since in troubles if since), default=None),
        )
        for user_id, troubles in found.items()
    ]


def _dead(vendor: str, model: Any, only: int | None) -> sa.Select[Any]:
    trouble = sa.or_(model.state.in_(_DIED), model.error_code == UNPAID)
    columns = (model.state, model.error_code, model.state_since)
    whose = (model.user_id.label("user_id"), sa.literal(vendor).label("vendor"))
    of_owners = (
        sa.select(*whose, *columns).join(User, User.id == model.user_id).join(SyncConfig, SyncConfig.user_id == User.id)
    )
    return of_owners.where(*_owners(MailKind.CONNECTION, only), model.token.is_not(None), trouble)


def waiting_plans(only: int | None = None) -> list[Occasion]:
    """Held by a brake in the last run, with nothing asked for since. `about`: the fingerprint."""
    query = (
        sa.select(User.id, SyncRun.fingerprint)
        .join(SyncConfig, SyncConfig.user_id == User.id)
        .join(SyncRun, SyncRun.id == latest_ids())
        .join(SyncState, SyncState.user_id == User.id, isouter=True)
        .where(*_owners(MailKind.APPROVAL, only), SyncRun.status == RunStatus.NEEDS_APPROVAL)
        .where(sa.func.coalesce(SyncState.quiet_run_id, 0) < SyncRun.id)
    )
    return [Occasion(user_id, fingerprint or "") for user_id, fingerprint in db.session.execute(query)]


def without_a_good_run(only: int | None = None) -> list[Occasion]:
    """None came through, or got something done, for a day in which nobody touched the switch."""
    since = utcnow() - DAY
    is_good = sa.or_(
        SyncRun.status == RunStatus.SUCCEEDED, sa.and_(SyncRun.status == RunStatus.CONTINUED, SyncRun.done > 0)
    )
    good = sa.select(SyncRun.id).where(SyncRun.user_id == User.id, SyncRun.created_at > since, is_good)
    quiet = sa.select(SyncState.id).where(SyncState.user_id == User.id, SyncState.quiet_began_at > since)
    query = sa.select(User.id).join(SyncConfig, SyncConfig.user_id == User.id)
    is_older = (SyncConfig.confirmed_at <= since, SyncConfig.updated_at <= since)
    query = query.where(*_owners(MailKind.NO_GOOD_RUN, only), User.halted_at.is_(None), *is_older)
    query = query.where(~quiet.exists(), ~good.exists())
    return [Occasion(user_id) for user_id in db.session.scalars(query)]


def weeks_to_sum_up(only: int | None = None) -> list[Occasion]:
    """On Mondays. `about`: the day."""
    query = sa.select(User.id, User.time_zone).join(SyncConfig, SyncConfig.user_id == User.id)
    now = utcnow().replace(tzinfo=UTC)
    if (now + timedelta(hours=14)).weekday() != DIGEST_WEEKDAY and (now - DAY / 2).weekday() != DIGEST_WEEKDAY:
        return []  # nowhere on earth
    found = []
    for user_id, time_zone in db.session.execute(query.where(*_owners(MailKind.WEEKLY_DIGEST, only))):
        local = now.astimezone(zone_of(time_zone))
        if local.weekday() == DIGEST_WEEKDAY and local.hour >= DIGEST_HOUR:
            found.append(Occasion(user_id, f"{local:%Y-%m-%d}"))
    return found


FOUND_BY: Mapping[MailKind, Callable[[int | None], Iterable[Occasion]]] = {
    MailKind.CONNECTION: dead_connections,
    MailKind.APPROVAL: waiting_plans,
    MailKind.NO_GOOD_RUN: without_a_good_run,
    MailKind.WEEKLY_DIGEST: weeks_to_sum_up,
}


def still(kind: MailKind, user_id: int) -> Occasion | None:
    """As it stands now; None where there is nothing to tell any more."""
    return next(iter(FOUND_BY[kind](user_id)), None)
