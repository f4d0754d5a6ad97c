"""A vendor that answers nobody is left alone by all workers until it answers somebody: docs/decisions/0014.

What is known of it stands in the database, one row a vendor, for passes that end as for workers that stay. A row is
written only where somebody got no answer, and when that is over.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clients.budget import Budget
from app.clients.errors import ApiError
from app.clients.line import Line
from app.clock import utcnow
from app.db import db, once_while_reading
from app.logs import get_logger
from app.models import User, Vendor, VendorCircuit
from app.services.runs import schedule
from app.services.runs.lanes.ready import PROBE_EVERY
from app.services.vendors import clients
from app.services.vendors.connection_use import evotor_use, vk_use
from app.services.vendors.faults import EVOTOR_SILENT, UNREACHABLE

log = get_logger()

USERS = 3
"""So many of them, one after another, got no answer: then it is not about one of them."""
PROBE_SECONDS = 10.0
"""For one small question, which a vendor that is there answers within one."""
NEXT_TRY = timedelta(minutes=1)
"""Another user's run asks first the next time."""
TRIES = 5
"""To write what others write at the same time; who does not get to it is left out, as one user more or less may be."""
HEARSAY = timedelta(hours=1)
"""What was found so long ago says nothing of today."""


@dataclass(frozen=True, slots=True)
class Circuit:
    silent_to: tuple[int, ...] = ()
    """Ids of users, one after another without an answer between."""
    silent_since: datetime | None = None
    probe_after: datetime | None = None
    """Where it is open."""


class Silence(NamedTuple):
    vendor: Vendor
    since: datetime


class Way(Enum):
    """For a run that needs the vendor."""

    GO = auto()
    ASK = auto()
    """One small question first."""
    WAIT = auto()


class Entry(NamedTuple):
    """What a run finds before it begins."""

    away: Vendor | None = None
    """It answers nobody, so that no run begins."""
    doubted: frozenset[Vendor] = frozenset()
    """Somebody got no answer of late, this user perhaps."""


def way(circuit: Circuit, user_id: int, now: datetime) -> Way:
    if circuit.probe_after is None:
        # Who has noted it already tries on with all patience: one user alone says nothing of the vendor.
        is_told = not circuit.silent_to or user_id in circuit.silent_to or _is_hearsay(circuit.silent_since, now)
        return Way.GO if is_told else Way.ASK
    # A moment further ahead than a probe can be was set by a clock that went wrong.
    return Way.WAIT if now < circuit.probe_after <= now + PROBE_EVERY else Way.ASK


def after_silence(circuit: Circuit, user_id: int, now: datetime) -> Circuit:
    """This user got no answer either."""
    if circuit.probe_after is not None:
        return circuit
    if _is_hearsay(circuit.silent_since, now):
        circuit = Circuit()
    users = tuple(dict.fromkeys((*circuit.silent_to, user_id)))
    is_open = len(users) >= USERS
    return Circuit(users, circuit.silent_since or now, now + PROBE_EVERY if is_open else None)


def _is_hearsay(moment: datetime | None, now: datetime) -> bool:
    return moment is None or not now - HEARSAY < moment <= now


# What runs and pages do


def enter(user: User, vendors: Iterable[Vendor]) -> Entry:
    """Whether a run of this user's may begin that needs these vendors.

    Commits. A vendor in doubt is asked, for PROBE_SECONDS at most; whoever got no answer comes again after NEXT_TRY.
    """
    circuits = {vendor: circuit for vendor, circuit in _circuits().items() if circuit != Circuit()}
    for vendor in vendors:
        circuit = circuits.get(vendor, Circuit())
        found = way(circuit, user.id, utcnow())
        if found is Way.WAIT or (found is Way.ASK and not _answers(user, vendor, circuit)):
            db.session.commit()
            return Entry(vendor)
    db.session.commit()
    return Entry(doubted=frozenset(circuits))


def note(user_id: int, lines: Mapping[Vendor, Line], doubted: Container[Vendor] = ()) -> None:
    """How a run of this user found the vendors at its end. Commits where that is news."""
    for vendor, line in lines.items():
        if line.is_silent:
            _count(vendor, user_id)
        elif line.has_answered and vendor in doubted:
            _close(vendor)


def note_answers(lines: Mapping[Vendor, Line]) -> None:
    """Somebody has just asked these vendors. Commits."""
    for vendor, line in lines.items():
        if line.has_answered:
            _close(vendor)


def needed(*, is_order: bool) -> Sequence[Vendor]:
    """Whom a run has to ask; `is_order`: for what the owner ordered in one piece."""
    return (Vendor.VK,) if is_order else (Vendor.EVOTOR, Vendor.VK)


def silence(vendors: Iterable[Vendor]) -> Silence | None:
    """Of the first of them that answers nobody, which is what a run that needs them waits for."""
    known = silent_since()
    return next((Silence(vendor, known[vendor]) for vendor in vendors if vendor in known), None)


@once_while_reading
def silent_since() -> Mapping[Vendor, datetime]:
    """The vendors that answer nobody, as far as somebody has asked of late."""
    now = utcnow()
    return {
        vendor: circuit.silent_since
        for vendor, circuit in _circuits().items()
        if circuit.silent_since is not None and not _is_hearsay(circuit.probe_after, now + PROBE_EVERY)
    }


def _answers(user: User, vendor: Vendor, circuit: Circuit) -> bool:
    """Whether a run may begin, after one small question."""
    is_open = circuit.probe_after is not None
    if is_open and not _stored(vendor, circuit, replace(circuit, probe_after=utcnow() + PROBE_EVERY)):
        return False  # somebody else asks
    line = _ask(user, vendor)
    if line.has_answered:
        _close(vendor)
        return True
    if not (is_open or line.is_silent):
        return True  # it was not the vendor who could not be asked
    _count(vendor, user.id)
    schedule.not_before(user.id, utcnow() + NEXT_TRY)
    return False


def _ask(user: User, vendor: Vendor) -> Line:
    db.session.commit()
    with clients.listening() as lines, clients.within(Budget(PROBE_SECONDS)), suppress(ApiError):
        _QUESTIONS[vendor](user)
    return lines[vendor]


def _ask_evotor(user: User) -> None:
    if (use := evotor_use(user)) is not None:
        with clients.evotor_client(use.token) as client:
            client.stores()


def _ask_vk(user: User) -> None:
    if (use := vk_use(user)) is not None:
        with clients.vk_client(use) as client:
            client.look_in(use.group_id)


_QUESTIONS: dict[Vendor, Callable[[User], None]] = {Vendor.EVOTOR: _ask_evotor, Vendor.VK: _ask_vk}


def _count(vendor: Vendor, user_id: int) -> None:
    """Commits."""
    was, now = _changed(vendor, lambda circuit: after_silence(circuit, user_id, utcnow()))
    if was.probe_after is None and now.probe_after is not None:
        log.warning("vendor_away", vendor=vendor)


def _close(vendor: Vendor) -> None:
    """Those whose runs ended for its silence need not wait any longer. Commits."""
    was, _ = _changed(vendor, lambda _circuit: Circuit())
    if was.probe_after is not None:
        schedule.end_pauses_for(_CODES[vendor])
        db.session.commit()
        log.info("vendor_answers_again", vendor=vendor)


_CODES: dict[Vendor, Sequence[str]] = {Vendor.EVOTOR: EVOTOR_SILENT, Vendor.VK: (UNREACHABLE,)}
"""Why a run ends that met silence."""


# Statements


def _circuits() -> dict[Vendor, Circuit]:
    row = VendorCircuit
    found = db.session.execute(sa.select(row.vendor, row.silent_to, row.silent_since, row.probe_after))
    return {
        Vendor(vendor): Circuit(tuple(map(int, users.split())), since, probe_after)
        for vendor, users, since, probe_after in found
    }


def _changed(vendor: Vendor, change: Callable[[Circuit], Circuit]) -> tuple[Circuit, Circuit]:
    """As it was and as it is now, whoever changes it at the same time. Commits."""
    for _ in range(TRIES):
        seen = _circuits().get(vendor, Circuit())
        new = change(seen)
        if new == seen or _stored(vendor, seen, new):
            db.session.commit()
            return seen, new
    return seen, seen


def _stored(vendor: Vendor, seen: Circuit, new: Circuit) -> bool:
    """Only while nobody changed what was seen. Commits."""
    row = VendorCircuit
    is_same = (row.silent_to == _text(seen.silent_to), row.probe_after.is_not_distinct_from(seen.probe_after))
    values = {"silent_to": _text(new.silent_to), "silent_since": new.silent_since, "probe_after": new.probe_after}
    changed = sa.update(row).where(row.vendor == vendor, *is_same).values(values)
    executed = db.session.execute(changed.execution_options(synchronize_session=False))
    is_done: bool = getattr(executed, "rowcount", 0) == 1
    if not is_done and seen == Circuit():
        is_done = _inserted({"vendor": vendor, **values})
    db.session.commit()
    return is_done


def _inserted(values: Mapping[str, object]) -> bool:
    """False where the row is there already."""
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(VendorCircuit).values(values))
    except IntegrityError:
        return False
    return True


def _text(users: tuple[int, ...]) -> str:
    return " ".join(map(str, users))
