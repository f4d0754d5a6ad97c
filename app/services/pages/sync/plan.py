"""The plan in the sections in which the owner reads it; calls nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.paging import Page, page_of
from app.domain.planning.changes import Change, Reason
from app.domain.planning.summary import PlanSummary
from app.models import User
from app.services.planning import kept, kept_parts
from app.services.planning.approvals import SummaryCheck
from app.services.planning.kept import Kept
from app.services.planning.kept_parts import OUTDATED, SECTION_OF, SECTIONS, SKIPPED, UNCHANGED, Row
from app.services.planning.pending import pending_of


@dataclass(frozen=True, slots=True)
class Skipped:
    key: ListingKey
    reason: SkipReason | Reason
    name: str = ""
    """As the catalog had it when the plan was made."""


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """What of the plan the owner wants to see."""

    q: str = ""
    """Words of a name."""
    reason: SkipReason | Reason | None = None
    """Of what is skipped."""


@dataclass(frozen=True, slots=True)
class PlanOverview:
    kept: Kept
    query: PlanQuery
    places: Mapping[str, Sequence[int]]
    """By section, of the rows that the query lets through."""
    reasons: Mapping[str, int]
    """Of everything skipped that has the wanted name, the most frequent first."""
    brake_check: SummaryCheck

    @property
    def summary(self) -> PlanSummary:
        return self.kept.summary

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(places) for name, places in self.places.items()}

    @property
    def found(self) -> int:
        return sum(self.counts.values())

    def page(self, section: str, number: int, size: int) -> Page[Change | Skipped]:
        page = page_of(self.places[section], number, size)
        rows = kept_parts.read(self.kept.user_id, self.kept.made_of, section, page.items)
        return Page([_shown(row) for row in rows], page.number, page.size, page.total)

    def section(self, wanted: str | None) -> str:
        """The wanted section; where it does not exist, what waits for approval, else the first that holds something."""
        counts = self.counts
        if wanted in counts:
            return wanted
        if self.brake_check.needs_approval:
            return SECTION_OF[self.brake_check.brakes[0].first]
        return next((name for name, count in counts.items() if count), "add")


ALL = PlanQuery()


def plan_overview(user: User, query: PlanQuery = ALL) -> PlanOverview:
    """Of the kept plan. Commits where that has to be made."""
    found = kept.kept_plan(user)
    places: dict[str, Sequence[int]] = {**_everything(found.summary)}
    if query.q:
        places |= kept_parts.found(user.id, found.made_of, query.q)
    reasons = _reasons(found.summary, places[SKIPPED])
    if query.reason is not None:
        places[SKIPPED] = [place for place in places[SKIPPED] if place in _places_of(found.summary, query.reason)]
    return PlanOverview(found, query, places, reasons, pending_of(user, found).brake_check)


def _everything(summary: PlanSummary) -> dict[str, range]:
    counts: Counter[str] = Counter()
    for action, count in summary.counts.items():
        counts[SECTION_OF[action]] += count
    counts[SKIPPED] = sum(summary.skipped.values())
    counts[OUTDATED] = summary.outdated
    return {section: range(counts[section]) for section in (*SECTIONS, *UNCHANGED)}


def _places_of(summary: PlanSummary, reason: str) -> range:
    """What is skipped stands in the order of the reasons."""
    before = sum(count for other, count in summary.skipped.items() if other < reason)
    return range(before, before + summary.skipped.get(reason, 0))


def _reasons(summary: PlanSummary, places: Sequence[int]) -> dict[str, int]:
    if len(places) == sum(summary.skipped.values()):
        return dict(summary.skipped)
    spans = {reason: _places_of(summary, reason) for reason in summary.skipped}
    counted = Counter({reason: sum(place in span for place in places) for reason, span in spans.items()})
    return {reason: count for reason, count in counted.most_common() if count}


def _shown(row: Row) -> Change | Skipped:
    if row.action is not None:
        return kept_parts.change_of(row)
    assert row.key is not None and row.reason is not None, "what is skipped is a product, for a reason"
    return Skipped(row.key, kept_parts.reason_of(row.reason), row.name)
