"""The plan in the sections in which the owner reads it; calls nobody and writes nothing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Action, Change, Reason
from app.domain.planning.plan import Plan
from app.domain.texts import search
from app.models import User
from app.services.pages.goods.names import product_names
from app.services.planning import approvals, plans
from app.services.planning.approvals import BrakeCheck

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
class PlanQuery:
    """What of the plan the owner wants to see."""

    q: str = ""
    """Words of a name."""
    reason: SkipReason | Reason | None = None
    """Of what is skipped."""


@dataclass(frozen=True, slots=True)
class PlanOverview:
    plan: Plan
    query: PlanQuery
    sections: Mapping[str, Sequence[Change]]
    """As far as the query lets them through."""
    skipped: Sequence[Skipped]
    reasons: Mapping[SkipReason | Reason, int]
    """Of everything skipped that has the wanted name, the most frequent first."""
    brake_check: BrakeCheck

    @property
    def counts(self) -> dict[str, int]:
        return {**{name: len(changes) for name, changes in self.sections.items()}, "skipped": len(self.skipped)}

    @property
    def found(self) -> int:
        return sum(self.counts.values())

    def rows(self, section: str) -> Sequence[Change | Skipped]:
        return self.skipped if section == "skipped" else self.sections[section]

    def section(self, wanted: str | None) -> str:
        """The wanted section; where it does not exist, what waits for approval, else the first that holds something."""
        counts = self.counts
        if wanted in counts:
            return wanted
        if self.brake_check.needs_approval:
            return _SECTION_OF[self.brake_check.brakes[0].changes[0].action]
        return next((name for name, count in counts.items() if count), "add")


ALL = PlanQuery()


def plan_overview(user: User, query: PlanQuery = ALL) -> PlanOverview:
    plan = plans.plan_for(user)
    reads = search.matcher(query.q)
    sections: dict[str, list[Change]] = {name: [] for name in SECTIONS}
    for change in plan.changes:
        if reads(change.name):
            sections[_SECTION_OF[change.action]].append(change)
    named = _named(user.id, plan, reads) if query.q else plan.skipped
    skipped = [Skipped(key, reason) for key, reason in named.items() if query.reason in (None, reason)]
    return PlanOverview(
        plan=plan,
        query=query,
        sections=sections,
        skipped=sorted(skipped, key=lambda row: row.reason),
        reasons=dict(Counter(named.values()).most_common()),
        brake_check=approvals.check_brakes(user, plan),
    )


def _named(user_id: int, plan: Plan, reads: Callable[[str], bool]) -> dict[ListingKey, SkipReason | Reason]:
    names = product_names(user_id)
    return {key: reason for key, reason in plan.skipped.items() if reads(names.get(key, ""))}
