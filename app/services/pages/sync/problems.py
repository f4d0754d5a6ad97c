"""Everything that needs the owner, the heaviest first; read from what is stored.

Here what connections, the switch, orders and runs tell; goods and the market have modules of their own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from app.clients.vk.error_table import PASSING, classify
from app.domain.listing.emptiness import Emptiness
from app.domain.listing.fitness import SkipReason
from app.domain.rules import Status
from app.models import ConnectionState, EvotorConnection, User, VkConnection
from app.models.run import ACTIVE
from app.services.owner import config as owner_config
from app.services.owner import orders, shop_window, switch
from app.services.pages.sync.goods_problems import empty_problem, goods_problems, rule_problems, store_problems
from app.services.pages.sync.market_problems import market_problems
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.services.runs import records
from app.services.runs.codes import HALTED, TIME_SLICE
from app.services.vendors import circuits

STRANGE_ERRORS = "vk_strange_errors"
UNPAID = "evotor_payment_required"
STRIKES_THAT_WORRY = 3


def needs_somebody(code: str) -> bool:
    """After a run that ended so, waiting alone mends nothing: VK said no, and not «later»."""
    number = re.fullmatch(r"vk_(\d+)", code)
    return code == STRANGE_ERRORS or (number is not None and classify(int(number[1])).left not in PASSING)


def problems(
    user: User, held: Mapping[SkipReason, int], *, plan_waits: bool = False, empty: Emptiness | None = None
) -> list[Problem]:
    """`held`: selected products that buyers do not see, by the reason (pages.goods.rule_summary), and what that makes.

    `plan_waits`: the plan as it stands now needs the owner's word (planning.pending).
    """
    away = list(_of_vendors(user))
    found = [
        *_of_operators(user),
        *away,
        *(one for one in _of_connections(user) if not (one.passes and one.vendor in {other.vendor for other in away})),
        *_of_application(user),
        *_of_switch(user),
        *_of_order(user),
        *_of_runs(user, plan_waits=plan_waits, is_away=bool(away)),
        *filter(None, [empty_problem(user, empty)]),
        *store_problems(user),
        *market_problems(user),
        *goods_problems(user, held),
        *rule_problems(user),
    ]
    weight = list(Kind).index
    return sorted(found, key=lambda problem: (weight(problem.kind), -problem.count, problem.code))


def _of_operators(user: User) -> Iterator[Problem]:
    if user.halted_at is not None:
        yield Problem(Kind.HALTED, HALTED, names=[user.halt_reason] if user.halt_reason else [])


def _of_connections(user: User) -> Iterator[Problem]:
    connections: Iterable[tuple[str, EvotorConnection | VkConnection | None]]
    connections = (("evotor", user.evotor), ("vk", user.vk))
    for vendor, row in connections:
        if row is not None and row.is_connected and row.error_code:
            yield Problem(
                Kind.CONNECTION,
                row.error_code,
                vendor=vendor,
                state=ConnectionState(row.state),
                passes=row.state == ConnectionState.UNAVAILABLE and row.error_code != UNPAID,
                way_out=getattr(row, "way_out", None),
                needs_owner=row.state == ConnectionState.NEEDS_OWNER,
            )


def _of_application(user: User) -> Iterator[Problem]:
    row = user.evotor
    if row is not None and row.is_connected and row.told:
        yield Problem(Kind.WITHDRAWN, row.told, vendor="evotor")


def _of_vendors(user: User) -> Iterator[Problem]:
    """Only where a run waits for it."""
    order = shop_window.order_of(user)
    obstacle = orders.order_obstacle(user) if order else switch.run_obstacle(user)
    silence = circuits.silence(circuits.needed(is_order=order is not None)) if obstacle is None else None
    if silence is not None:
        yield Problem(Kind.AWAY, vendor=silence.vendor, silence=silence)


def _of_switch(user: User) -> Iterator[Problem]:
    state, config = user.sync_state, owner_config.config_of(user)
    if state is not None and state.pause_reason:
        yield Problem(Kind.RECONNECTED, state.pause_reason)
    if switch.run_obstacle(user) == "no_store_passes":
        yield Problem(Kind.NO_STORE)
    if config.confirmed_at is None and switch.confirmation_obstacle(user) is None:
        yield Problem(Kind.NOT_CONFIRMED)


def _of_runs(user: User, *, plan_waits: bool, is_away: bool) -> Iterator[Problem]:
    """A waiting plan of a sync that is switched off waits for nobody.

    `is_away`: a vendor answers nobody, which is told, and why runs failed.
    """
    last, state = records.latest(user.id), user.sync_state
    if last is None or state is None or switch.status_of(user) is not Status.ACTIVE:
        return
    if plan_waits and switch.run_obstacle(user) is None:
        yield Problem(Kind.APPROVAL)
    is_told_already = any(problem.code == state.strike_code for problem in _of_connections(user))
    worries = state.strikes >= (1 if needs_somebody(state.strike_code or "") else STRIKES_THAT_WORRY)
    if state.strike_code and worries and not (is_told_already or is_away):
        yield Problem(Kind.RUNS_FAIL, state.strike_code, count=state.strikes, run_id=last.id)


def _of_order(user: User) -> Iterator[Problem]:
    order, last = shop_window.order_of(user), records.latest(user.id)
    if order is None or user.halted_at is not None:
        return
    if obstacle := orders.order_obstacle(user):
        yield Problem(Kind.ORDER, obstacle, vendor=order, count=shop_window.live_count(user))
    elif last is not None and last.trigger == order and last.status not in ACTIVE and last.error_code != TIME_SLICE:
        yield Problem(
            Kind.ORDER, last.error_code or "", vendor=order, count=shop_window.live_count(user), run_id=last.id
        )
