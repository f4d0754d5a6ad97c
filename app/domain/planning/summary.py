"""A plan in numbers: what pages tell of it, and what brakes have to know, without its thousands of changes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.listing.fitness import SkipReason
from app.domain.planning.brakes import Brake, BrakeKind, Hold, braked, brakes_on, fingerprint, hold_on_additions, named
from app.domain.planning.changes import Action, Change
from app.domain.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class BrakeSummary:
    """A brake, and its changes in numbers."""

    kind: BrakeKind
    count: int
    live: int
    """Live listings before the plan."""
    first: Action
    is_tenfold: bool = False
    is_beyond_confirmed: bool = False
    deletes: bool = False
    """Some of it is deleted."""
    is_of_live: bool = True
    """All of it stands in the window before the plan."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """The most frequent first."""


@dataclass(frozen=True, slots=True)
class PlanSummary:
    counts: Mapping[Action, int]
    skipped: Mapping[str, int]
    """Products that stay out of the window, by the reason, the most frequent first."""
    products: int
    """Products that are touched."""
    live: int
    in_view: int
    sold_out: int
    shared: int
    alike: int
    crowds: Mapping[str, int]
    """As the plan has them."""
    fields: Mapping[str, int]
    """Items by the field that an edit changes; new photos count as one."""
    titles_left: Sequence[str]
    """Of albums that get another one."""
    titles_given: Sequence[str]
    """Of albums that are made or renamed."""
    brakes: Sequence[BrakeSummary]
    """Those that hold whatever was confirmed, and the additions, which are held or not by that."""
    fingerprint: str
    """Of what is held whatever was confirmed."""
    fingerprint_with_additions: str
    outdated: int = 0
    """As the plan has them."""

    @property
    def changes(self) -> int:
        return sum(self.counts.values())

    @property
    def unseen(self) -> Counter[str]:
        """Selected products that buyers do not see after the plan, by the reason."""
        return Counter(self.skipped) + Counter({SkipReason.SOLD_OUT.value: self.sold_out})


def summary_of(plan: Plan) -> PlanSummary:
    brakes = brakes_on(plan, rules_changed=False)
    additions = [change for change in plan.changes if change.action is Action.ADD]
    renames = [change for change in plan.changes if change.action is Action.ALBUM_RENAME]
    made = [change for change in plan.changes if change.action in (Action.ALBUM_ADD, Action.ALBUM_RENAME)]
    summaries = [summarized(brake, plan) for brake in brakes]
    if additions:
        candidate = Brake(BrakeKind.ADDITIONS, tuple(additions), plan.live)
        summaries.append(summarized(candidate, plan))
    return PlanSummary(
        counts=dict(plan.counts),
        skipped=plan.out_of_view,
        products=len({change.key for change in plan.changes if change.key is not None}),
        live=plan.live,
        in_view=plan.in_view,
        sold_out=plan.sold_out,
        shared=plan.shared,
        alike=len(plan.alike),
        crowds=dict(plan.crowds),
        fields=_fields(plan.changes),
        titles_left=[str(change.before["album"]) for change in renames],
        titles_given=[change.album for change in made if change.album is not None],
        brakes=sorted(summaries, key=lambda brake: _IN_ORDER.index(brake.kind)),
        fingerprint=fingerprint(held_names(plan, False)),
        fingerprint_with_additions=fingerprint(held_names(plan, True)),
        outdated=plan.outdated,
    )


def held_names(plan: Plan, with_additions: bool) -> frozenset[str]:
    """As an approval names them: what a brake holds whatever was confirmed, and the additions where it holds these."""
    additions = (named(change) for change in plan.changes if with_additions and change.action is Action.ADD)
    return braked(brakes_on(plan, rules_changed=False)).union(additions)


_IN_ORDER = tuple(BrakeKind)


def summarized(brake: Brake, plan: Plan) -> BrakeSummary:
    reasons = Counter(change.reason for change in brake.changes if change.reason is not None)
    return BrakeSummary(
        brake.kind,
        len(brake.changes),
        brake.live,
        brake.changes[0].action,
        is_tenfold=brake.is_tenfold,
        is_beyond_confirmed=brake.is_beyond_confirmed,
        deletes=any(change.action is Action.DELETE for change in brake.changes),
        is_of_live=all(change.key in plan.live_keys for change in brake.changes),
        reasons=dict(reasons.most_common()),
    )


def _fields(changes: Iterable[Change]) -> dict[str, int]:
    edits = [change for change in changes if change.action in (Action.EDIT, Action.SHOW, Action.HIDE)]
    fields = Counter(name for change in edits for name in change.fields)
    fields["photo"] = sum(change.photo is not None for change in edits)
    return dict(fields)


def brakes_of(summary: PlanSummary, *, rules_changed: bool, confirmed_adds: int | None) -> Sequence[BrakeSummary]:
    """As `brakes_on` the plan itself."""
    brakes = []
    for brake in summary.brakes:
        if brake.kind is not BrakeKind.ADDITIONS:
            brakes.append(brake)
            continue
        hold = hold_on_additions(brake.count, brake.live, rules_changed=rules_changed, confirmed_adds=confirmed_adds)
        if hold is not None:
            brakes.append(replace(brake, is_beyond_confirmed=hold is Hold.BEYOND_CONFIRMED))
    return brakes
