from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.listing.fitness import SkipReason
from app.domain.planning.changes import Reason
from app.domain.situation import Situation
from app.models import RunStatus, SyncRun, User
from app.services.catalog.age import catalog_age
from app.services.errors import NotReady
from app.services.owner import config, orders, rules, run_requests, switch
from app.services.pages.goods.rule_summary import rule_summary
from app.services.pages.sync.goods_problems import empty_problem
from app.services.pages.sync.overview import sync_overview
from app.services.pages.sync.plan import PlanQuery, plan_overview
from app.services.planning import approvals, confirming, plans
from app.services.planning.readiness import readiness_of
from app.services.runs import records
from app.services.vendors.clients import vk_window
from app.web.access import commit_on_success, is_htmx, owner, writing
from app.web.forms import ActionForm, sent, text_of
from app.web.messages import message
from app.web.paging import page_of, requested_page, requested_text
from app.web.sync import blueprint, problem_words, words
from app.web.sync.forms import ApproveForm, ConfirmForm, ToggleForm
from app.web.sync.headline import headline
from app.web.sync.plan_rows import plan_rows

ROWS_A_PAGE = 100
LONGEST_QUESTION = 100


@blueprint.get("/sync")
def show() -> str:
    user = owner()
    if user.sync_config is None or user.sync_state is None:
        writing(lambda: config.ensure_config(user))
    return _main_page("sync/show.html", user)


def _main_page(template: str, user: User, *, is_fragment: bool = False) -> str:
    sync = sync_overview(user)
    cards = [(problem, problem_words.card(problem, sync.only_store)) for problem in sync.told]
    return render_template(
        template,
        sync=sync,
        headline=headline(sync),
        cards=cards,
        skipped_address=problem_words.skipped_address,
        window=vk_window(user.vk.group_id) if sync.window.live and user.vk and user.vk.group_id else None,
        is_fragment=is_fragment,
    )


@blueprint.post("/sync/toggle")
@commit_on_success
def toggle() -> ResponseReturnValue:
    form, user = sent(ToggleForm), owner()
    try:
        is_on = switch.toggle(user, form.wanted)
    except NotReady as error:
        flash(message(error.code), "warning")
    else:
        flash(*words.toggled(user, is_on))
    if is_htmx():
        return _main_page("sync/_main.html", user, is_fragment=True)
    return redirect(url_for(".show"))


@blueprint.post("/sync/confirm")
@commit_on_success
def confirm() -> ResponseReturnValue:
    sent(ConfirmForm)
    user = owner()
    try:
        confirming.confirm(user)
    except NotReady as error:
        flash(message(error.code), "warning")
    else:
        flash(*words.confirmed(switch.run_obstacle(user)))
    return redirect(url_for(".show"))


@blueprint.post("/sync/run")
@commit_on_success
def run_now() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        run_requests.request_run(owner())
    except NotReady as error:
        flash(message(error.code), "warning")
    else:
        flash("Обновление поставлено в очередь и скоро начнётся.", "success")
    return redirect(url_for(".show"))


@blueprint.post("/sync/hide-all")
@commit_on_success
def hide_all() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        flash(*words.hiding_all(orders.hide_all(owner())))
    except NotReady as error:
        flash(message(error.code), "warning")
    return redirect(url_for(".show"))


@blueprint.get("/sync/problems", endpoint="problems")
def problem_list() -> str:
    user = owner()
    sync = sync_overview(user)
    return render_template(
        "sync/problems.html",
        cards=[(problem, problem_words.card(problem, sync.only_store)) for problem in sync.problems],
        is_ok=sync.situation is Situation.OK,
    )


@blueprint.get("/sync/plan")
def plan() -> str:
    user = owner()
    found = plan_overview(user, _plan_look())
    section = found.section(request.args.get("show"))
    page = page_of(found.rows(section), requested_page(), ROWS_A_PAGE)
    scarcity = empty_problem(user, rule_summary(user).emptiness)
    return render_template(
        "sync/plan.html",
        found=found,
        words=words,
        waited=_waited(records.latest(user.id)),
        scarcity=scarcity,
        scarcity_words=problem_words.card(scarcity, None) if scarcity else None,
        has_store=bool(rules.passing_stores(user)),
        section=section,
        page=page,
        rows=plan_rows(user.id, page.items),
        readiness=readiness_of(user, found.plan),
        skipped_address=problem_words.skipped_address,
        age=catalog_age(user.id),
        market_read_at=user.sync_state.market_read_at if user.sync_state else None,
        run_obstacle=switch.run_obstacle(user),
        is_confirmed=config.config_of(user).confirmed_at is not None,
        confirm_obstacle=switch.confirmation_obstacle(user),
    )


def _plan_look() -> PlanQuery:
    """Any words; a reason that nobody knows counts as none."""
    code = request.args.get("reason", "")
    reason = next((reason for reason in (*SkipReason, *Reason) if reason == code), None)
    return PlanQuery(requested_text("q")[:LONGEST_QUESTION], reason)


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
    flash("Одобрено. Обновление поставлено в очередь и скоро начнётся.", "success")
    return redirect(url_for(".show"))
