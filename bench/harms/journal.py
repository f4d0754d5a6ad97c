"""What became of every run, whichever worker was at it: the database itself notes it, also of rows that go."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from app.models import RunStatus

_MAKE = """
CREATE TABLE bench_journal (
    id bigserial PRIMARY KEY, at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    user_id bigint, run_id bigint, status text, error text);
CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO bench_journal (user_id, run_id, status) VALUES (OLD.user_id, OLD.id, 'succeeded');
    ELSIF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
        INSERT INTO bench_journal (user_id, run_id, status, error)
        VALUES (NEW.user_id, NEW.id, NEW.status, NEW.error_code);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bench_notes AFTER INSERT OR UPDATE OR DELETE ON sync_runs FOR EACH ROW EXECUTE FUNCTION bench_note();
"""
"""The row of a run that found nothing to do is deleted when it succeeds."""


@dataclass
class Span:
    """A run."""

    user_id: int
    run_id: int
    began: datetime
    ended: datetime | None = None
    status: str = RunStatus.RUNNING
    error: str | None = None

    @property
    def is_served(self) -> bool:
        return self.status == RunStatus.SUCCEEDED


def make_journal(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(_MAKE)


def spans(engine: sa.Engine, since: datetime) -> list[Span]:
    """Runs that began since then, in their order."""
    noted = sa.text("SELECT at, user_id, run_id, status, error FROM bench_journal WHERE at >= :since ORDER BY id")
    found: dict[int, Span] = {}
    with engine.connect() as connection:
        for at, user_id, run_id, status, error in connection.execute(noted, {"since": since}):
            if status == RunStatus.RUNNING:
                found[run_id] = Span(user_id, run_id, at)
            elif run_id in found:
                span = found[run_id]
                span.ended, span.status, span.error = at, status, error
    return list(found.values())


def second_servings(runs: Sequence[Span], interval: timedelta) -> list[Span]:
    """Runs of users whose run before had come through, earlier than the next one was to come."""
    by_user: dict[int, list[Span]] = defaultdict(list)
    for run in runs:
        by_user[run.user_id].append(run)
    return [later for own in by_user.values() for first, later in pairwise(own) if _is_early(first, later, interval)]


def _is_early(first: Span, later: Span, interval: timedelta) -> bool:
    return first.is_served and first.ended is not None and later.began < first.ended + interval


def overlaps(runs: Sequence[Span]) -> list[Span]:
    """Runs that began while another one of the same user was at work."""
    last: dict[int, Span] = {}
    found = []
    for run in runs:
        before = last.get(run.user_id)
        if before is not None and (before.ended is None or before.ended > run.began):
            found.append(run)
        last[run.user_id] = run
    return found


def interleaved(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Calls of one token by two runs at once, as the emulator heard them: every run has connections of its own.

    One that got no answer is used no more: so the calls of one connection lie between two of another only where two
    runs are at work.
    """
    heard: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        whose = entry.get("token") if entry["service"] == "vk" else entry.get("store")
        if whose and not entry.get("inside"):
            heard[entry["service"], whose][entry["peer"]].append(entry["at"])
    return [
        f"{service} heard two runs of {whose} at once"
        for (service, whose), by_peer in heard.items()
        for (_, end), (begin, _) in pairwise(sorted((times[0], times[-1]) for times in by_peer.values()))
        if begin < end
    ]
