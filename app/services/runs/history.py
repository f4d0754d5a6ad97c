"""What runs did: day by day, run by run, change by change. Only looks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Action, LinkState
from app.domain.texts import search
from app.models import EntryOutcome, Listing, RunStatus, SyncRun, SyncRunEntry
from app.models.run import ACTIVE
from app.services.runs import codes, quiet
from app.services.runs.quiet import local_day

Counts = Mapping[str, Mapping[str, int]]
"""{action: {outcome: number}}"""

DAYS = 30


_AFTER_ALL = 2**63
"""In place of a number: a run that began when the last quiet one ended was there before."""


class Show(StrEnum):
    EVENTS = ""
    """Runs that did something or met trouble; the quiet ones between them in one line."""
    CHANGES = "changes"
    PROBLEMS = "problems"
    ALL = "all"


class Calm(NamedTuple):
    """Runs of one day that found nothing to do: one after another, those without a row also round others of the day."""

    runs: int
    first: datetime
    last: datetime
    rows: int
    """How many of them have a row."""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """How the owner looks at the history; days are those of their own time zone."""

    zone: ZoneInfo
    show: Show = Show.EVENTS
    day: date | None = None


_QUIET = sa.and_(SyncRun.done == 0, SyncRun.status == RunStatus.SUCCEEDED)
_PASSES_BY_ITSELF = sa.and_(SyncRun.status == RunStatus.CONTINUED, SyncRun.error_code == codes.TIME_SLICE)
_REFUSED = (
    sa.select(SyncRunEntry.id)
    .where(SyncRunEntry.run_id == SyncRun.id, SyncRunEntry.outcome == EntryOutcome.FAILED)
    .exists()
)
_SHOWN: dict[Show, sa.ColumnElement[bool]] = {
    Show.EVENTS: sa.not_(_QUIET),
    Show.CHANGES: SyncRun.done > 0,
    Show.PROBLEMS: sa.or_(
        SyncRun.status.in_((RunStatus.FAILED, RunStatus.STOPPED, RunStatus.NEEDS_APPROVAL)),
        sa.and_(SyncRun.status == RunStatus.CONTINUED, sa.not_(_PASSES_BY_ITSELF)),
        _REFUSED,
    ),
    Show.ALL: sa.true(),
}


def timeline(user_id: int, asked: HistoryQuery, offset: int, limit: int) -> tuple[int, list[SyncRun | Calm]]:
    """How many runs there are to show, and some of them, newest first, with the quiet ones round them."""
    ours = _within(user_id, asked)
    shown = sa.select(SyncRun).where(*ours, _SHOWN[asked.show]).order_by(SyncRun.id.desc())
    total = db.session.scalar(sa.select(sa.func.count()).select_from(SyncRun).where(*ours, _SHOWN[asked.show])) or 0
    before = min(offset, 1)
    found = list(db.session.scalars(shown.offset(offset - before).limit(before + limit + 1)))
    page, newer, older = found[before:][:limit], found[:before], found[before:][limit:]
    if asked.show not in (Show.EVENTS, Show.ALL):
        return total, list(page)
    calm = [(found.last, _AFTER_ALL, found) for found in _without_rows(user_id, asked, newer, older)]
    if asked.show is Show.EVENTS:
        bounds = [SyncRun.id < run.id for run in newer] + [SyncRun.id > run.id for run in older]
        quiet_rows = sa.select(SyncRun.created_at, SyncRun.id).where(*ours, _QUIET, *bounds)
        calm += [(at, run_id, Calm(1, at, at, 1)) for at, run_id in db.session.execute(quiet_rows)]
    return total, list(_folded([*((run.created_at, run.id, run) for run in page), *calm], asked.zone))


def _without_rows(user_id: int, asked: HistoryQuery, newer: Sequence[SyncRun], older: Sequence[SyncRun]) -> list[Calm]:
    """Those whose last one ended between these runs."""
    days = quiet.days_of(user_id)
    some = [found for day, found in days.items() if asked.day is None or asked.day == day]
    return [
        Calm(found.runs, found.first, found.last, 0)
        for found in some
        if all(found.last < run.created_at for run in newer) and all(found.last >= run.created_at for run in older)
    ]


def _within(user_id: int, asked: HistoryQuery) -> list[sa.ColumnElement[bool]]:
    ours = [SyncRun.user_id == user_id]
    if asked.day is not None:
        begin, end = bounds_of(asked.day, asked.zone)
        ours += [SyncRun.created_at >= begin, SyncRun.created_at < end]
    return ours


def _folded(told: Iterable[tuple[datetime, int, SyncRun | Calm]], zone: ZoneInfo) -> Iterable[SyncRun | Calm]:
    """`told`: each with its moment, and its number for those of one moment."""

    def day_of(one: SyncRun | Calm) -> date | None:
        return local_day(one.last, zone) if isinstance(one, Calm) else None

    newest_first = (one for _, _, one in sorted(told, key=lambda row: row[:2], reverse=True))
    for day, group in groupby(newest_first, day_of):
        if day is None:
            yield from group
        else:
            yield _together([one for one in group if isinstance(one, Calm)])


def _together(series: Sequence[Calm]) -> Calm:
    return Calm(
        sum(one.runs for one in series),
        min(one.first for one in series),
        max(one.last for one in series),
        sum(one.rows for one in series),
    )


# Days


@dataclass(slots=True)
class Day:
    day: date
    runs: int = 0
    changes: int = 0
    failed: int = 0
    stopped: int = 0
    waited: int = 0


def last_days(user_id: int, zone: ZoneInfo) -> list[Day]:
    """The last 30 days, today included, oldest first; days without a run too."""
    today = local_day(utcnow(), zone)
    begin, _ = bounds_of(today - timedelta(days=DAYS - 1), zone)
    query = sa.select(SyncRun.created_at, SyncRun.status, SyncRun.done, SyncRun.counts)
    rows = db.session.execute(query.where(SyncRun.user_id == user_id, SyncRun.created_at >= begin))
    days = by_day(((at, status, _changes(done, counts)) for at, status, done, counts in rows), zone, today)
    without_rows = quiet.days_of(user_id)
    for day in days:
        if day.day in without_rows:
            day.runs += without_rows[day.day].runs
    return days


def by_day(runs: Iterable[tuple[datetime, str, int]], zone: ZoneInfo, today: date) -> list[Day]:
    """`runs`: when each began (naive UTC), its status, and how many changes it made."""
    days = [Day(today - timedelta(days=back)) for back in reversed(range(DAYS))]
    by_date = {day.day: day for day in days}
    for at, status, changes in runs:
        day = by_date.get(local_day(at, zone))
        if day is not None:
            day.runs += 1
            day.changes += changes
            day.failed += status == RunStatus.FAILED
            day.stopped += status == RunStatus.STOPPED
            day.waited += status == RunStatus.NEEDS_APPROVAL
    return days


def _changes(done: int, counts: Counts) -> int:
    """What was really changed; a run at work has no counts yet."""
    return sum(outcomes.get(EntryOutcome.DONE, 0) for outcomes in counts.values()) if counts else done


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Where the day begins and where it ends, in naive UTC."""
    begin, end = (datetime.combine(when, time.min, zone) for when in (day, day + timedelta(days=1)))
    return begin.astimezone(UTC).replace(tzinfo=None), end.astimezone(UTC).replace(tzinfo=None)


def counts_within(user_id: int, asked: HistoryQuery) -> Counts:
    """What all runs of the day did together."""
    together: dict[str, Counter[str]] = {}
    query = sa.select(SyncRun.counts).where(*_within(user_id, asked), SyncRun.done > 0)
    for counts in db.session.scalars(query):
        for action, outcomes in counts.items():
            together.setdefault(action, Counter()).update(outcomes)
    return together


# Changes of one run


@dataclass(frozen=True, slots=True)
class EntryQuery:
    outcome: EntryOutcome | None = None
    action: Action | None = None
    q: str = ""


def counts_of(run: SyncRun) -> Counts:
    return count_entries(run.id) if run.status in ACTIVE else run.counts


def count_entries(run_id: int) -> dict[str, dict[str, int]]:
    query = (
        sa.select(SyncRunEntry.action, SyncRunEntry.outcome, sa.func.count())
        .where(SyncRunEntry.run_id == run_id)
        .group_by(SyncRunEntry.action, SyncRunEntry.outcome)
        .order_by(SyncRunEntry.action, SyncRunEntry.outcome)
    )
    counts: dict[str, dict[str, int]] = {}
    for action, outcome, number in db.session.execute(query):
        counts.setdefault(action, {})[outcome] = number
    return counts


_TROUBLE_FIRST = sa.case({EntryOutcome.FAILED: 0, EntryOutcome.UNKNOWN: 1}, value=SyncRunEntry.outcome, else_=2)


def entries(run_id: int, asked: EntryQuery, offset: int, limit: int) -> tuple[int, list[SyncRunEntry]]:
    """What went wrong first, the rest in the order in which it was done."""
    wanted = [SyncRunEntry.run_id == run_id]
    if asked.outcome is not None:
        wanted.append(SyncRunEntry.outcome == asked.outcome)
    if asked.action is not None:
        wanted.append(SyncRunEntry.action == asked.action)
    in_order = (_TROUBLE_FIRST, SyncRunEntry.id)
    if asked.q:
        ids = _named(sa.select(SyncRunEntry.id, SyncRunEntry.name).where(*wanted).order_by(*in_order), asked.q)
        total, wanted, begin = len(ids), [SyncRunEntry.id.in_(ids[offset : offset + limit])], 0
    else:
        total = db.session.scalar(sa.select(sa.func.count()).select_from(SyncRunEntry).where(*wanted)) or 0
        begin = offset
    query = sa.select(SyncRunEntry).where(*wanted).order_by(*in_order)
    return total, list(db.session.scalars(query.offset(begin).limit(limit)))


def _named(query: sa.Select[int, str], q: str) -> list[int]:
    """Searched here: a database does not know which letters a person takes for the same."""
    reads = search.matcher(q)
    return [row.id for row in db.session.execute(query) if reads(row.name)]


def communities_of(user_id: int, found: Iterable[SyncRunEntry]) -> dict[tuple[ListingKey, int], int]:
    """In which community the items stand that the entries are about: by product and item."""
    ids = {entry.vk_item_id for entry in found if entry.vk_item_id is not None}
    query = sa.select(Listing.store_id, Listing.product_id, Listing.vk_item_id, Listing.vk_group_id)
    stand = (Listing.user_id == user_id, Listing.vk_item_id.in_(ids), Listing.state != LinkState.GONE)
    rows = db.session.execute(query.where(*stand))
    return {(ListingKey(store, product), item): group for store, product, item, group in rows if item}
