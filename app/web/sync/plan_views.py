"""What a run would change, and the owner's approval."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.listing.fitness import SkipReason
from app.domain.planning.changes import Reason
from app.models import RunStatus, SyncRun
from app.services.catalog.age import catalog_age
from app.services.errors import NotReady
from app.services.owner import config, rules, switch
from app.services.pages.goods.rule_summary import rule_summary
from app.services.pages.sync.goods_problems import empty_problem
from app.services.pages.sync.plan import PlanQuery, plan_overview
from app.services.planning import approvals, plans
from app.services.planning.readiness import readiness_of
from app.services.runs import records
from app.web.access import commit_on_success, owner
from app.web.address import requested_page, requested_words
from app.web.forms import text_of
from app.web.messages import message
from app.web.sync import blueprint, plan_explained, problem_cards
from app.web.sync.forms import ApproveForm
from app.web.sync.plan_rows import plan_rows
from app.web.sync.silence import queued

ROWS_A_PAGE = 100


@blueprint.get("/sync/plan")
def plan() -> str:
    user = owner()
    found = plan_overview(user, _plan_query())
    section = found.section(request.args.get("show"))
    page = found.page(section, requested_page(), ROWS_A_PAGE)
    scarcity = empty_problem(user, rule_summary(user).emptiness)
    return render_template(
        "sync/plan.html",
        found=found,
        words=plan_explained,
        waited=_waited(records.latest(user.id)),
        scarcity=scarcity,
        scarcity_words=problem_cards.card(scarcity, None) if scarcity else None,
        has_store=bool(rules.passing_stores(user)),
        section=section,
        page=page,
        rows=plan_rows(user.id, page.items),
        readiness=readiness_of(user, found.summary),
        skipped_address=problem_cards.skipped_address,
        age=catalog_age(user.id),
        market_read_at=user.sync_state.market_read_at if user.sync_state else None,
        run_obstacle=switch.run_obstacle(user),
        is_confirmed=config.config_of(user).confirmed_at is not None,
        confirm_obstacle=switch.confirmation_obstacle(user),
    )


def _plan_query() -> PlanQuery:
    """Any words; a reason that nobody knows counts as none."""
    code = request.args.get("reason", "")
    reason = next((reason for reason in (*SkipReason, *Reason) if reason == code), None)
    return PlanQuery(requested_words(), reason)


def _waited(run: SyncRun | None) -> bool:
    return run is not None and run.status == RunStatus.NEEDS_APPROVAL


@blueprint.post("/sync/approve")
@commit_on_success
def approve() -> ResponseReturnValue:
    form, user = ApproveForm(), owner()
    form.validate()
    try:
        approvals.approve(user, plans.plan_for(user), text_of(form.fingerprint))
    except NotReady as error:
        flash(message(error.code), "warning")
        return redirect(url_for(".plan"))
    flash(f"Одобрено. {queued()}", "success")
    return redirect(url_for(".show"))
