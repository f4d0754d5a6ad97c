"""The one thing that the page of the synchronisation says of the present. Every part of the page follows it."""

from dataclasses import dataclass
from enum import StrEnum


class Situation(StrEnum):
    """In the order in which one outranks another."""

    ORDERED = "ordered"
    """What the owner ordered in one piece is being done."""
    AT_WORK = "at_work"
    QUEUED = "queued"
    SETUP = "setup"
    """Not confirmed."""
    HIDDEN = "hidden"
    """Switched off, and buyers see nothing of ours any more."""
    OFF = "off"
    BLOCKED = "blocked"
    """Active, but no run may start."""
    TROUBLED = "troubled"
    """Something that a problem of its own tells keeps the window from being kept."""
    WAITING = "waiting"
    """The plan waits for the owner's word."""
    CONTINUING = "continuing"
    """A run left the rest to the next one."""
    FAILED = "failed"
    APPROVED = "approved"
    """The owner let through what a brake held; the next run does it."""
    NEVER_RAN = "never_ran"
    UNDONE = "undone"
    """The last run came through, but left something undone."""
    EMPTY = "empty"
    """It left nothing undone because there is next to nothing to show."""
    PENDING = "pending"
    OK = "ok"


class Ended(StrEnum):
    """How the last run ended, if one did since the confirmation."""

    NEVER = "never"
    WELL = "well"
    UNFINISHED = "unfinished"
    HELD = "held"
    """Before its first write, by a brake."""
    BADLY = "badly"


@dataclass(frozen=True, slots=True)
class Facts:
    is_enabled: bool = True
    is_confirmed: bool = True
    is_ordered: bool = False
    is_at_work: bool = False
    is_queued: bool = False
    is_held: bool = False
    """No run may start."""
    is_troubled: bool = False
    waits: bool = False
    is_approved: bool = False
    last: Ended = Ended.WELL
    undone: bool = False
    is_empty: bool = False
    pending: int = 0
    live: int = 0
    hidden: int = 0


def situation_of(facts: Facts) -> Situation:
    if facts.is_ordered:
        return Situation.ORDERED
    if facts.is_at_work:
        return Situation.AT_WORK
    if not (facts.is_enabled and facts.is_confirmed):
        return _at_rest(facts)
    if facts.is_held:
        return Situation.BLOCKED
    if facts.is_queued:
        return Situation.QUEUED
    return _between_runs(facts)


def _at_rest(facts: Facts) -> Situation:
    if not facts.is_enabled and facts.hidden and not facts.live:
        return Situation.HIDDEN
    return Situation.OFF if facts.is_confirmed else Situation.SETUP


def _between_runs(facts: Facts) -> Situation:
    answers = (
        (facts.is_troubled, Situation.TROUBLED),
        (facts.waits, Situation.WAITING),
        (facts.last is Ended.UNFINISHED, Situation.CONTINUING),
        (facts.last is Ended.BADLY, Situation.FAILED),
        (facts.is_approved, Situation.APPROVED),
        (facts.last is Ended.NEVER, Situation.NEVER_RAN),
        (facts.undone, Situation.UNDONE),
        (facts.is_empty, Situation.EMPTY),
        (facts.pending > 0 or facts.last is Ended.HELD, Situation.PENDING),
    )
    return next((found for is_so, found in answers if is_so), Situation.OK)
