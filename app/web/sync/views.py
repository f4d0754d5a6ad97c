from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.situation import Situation
from app.models import User
from app.services.errors import NotReady
from app.services.owner import config, orders, run_requests, switch
from app.services.pages.sync.overview import SyncOverview
from app.services.planning import confirming
from app.services.vendors.clients import vk_window
from app.web.access import commit_on_success, is_htmx, owner, writing
from app.web.forms import ActionForm, sent
from app.web.messages import message
from app.web.sync import blueprint, notices, problem_cards
from app.web.sync.forms import ConfirmForm, ToggleForm
from app.web.sync.headline import headline
from app.web.sync.silence import queued


@blueprint.get("/sync")
def show() -> ResponseReturnValue:
    user = owner()
    if is_htmx() and request.args.get("seen") == SyncOverview(user).seen:
        return "", 204
    if user.sync_config is None or user.sync_state is None:
        writing(lambda: config.ensure_config(user))
    return _main_page("sync/show.html", user)


def _main_page(template: str, user: User, *, is_fragment: bool = False) -> str:
    sync = SyncOverview(user)
    cards = [(problem, problem_cards.card(problem, sync.only_store)) for problem in sync.told]
    return render_template(
        template,
        sync=sync,
        headline=headline(sync),
        cards=cards,
        skipped_address=problem_cards.skipped_address,
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
        flash(*notices.toggled(user, is_on))
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
        flash(*notices.confirmed(switch.run_obstacle(user)))
    return redirect(url_for(".show"))


@blueprint.post("/sync/run")
@commit_on_success
def run_now() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        run_requests.request_run(owner())
    except NotReady as error:
        flash(notices.obstacle_here(error.code), "warning")
    else:
        flash(queued(), "success")
    return redirect(url_for(".show"))


@blueprint.post("/sync/hide-all")
@commit_on_success
def hide_all() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        flash(*notices.hiding_all(orders.hide_all(owner())))
    except NotReady as error:
        flash(*notices.not_ordered(error.code, "Ничего не скрыто."))
    return redirect(url_for(".show"))


@blueprint.get("/sync/problems", endpoint="problems")
def problem_list() -> str:
    user = owner()
    sync = SyncOverview(user)
    return render_template(
        "sync/problems.html",
        cards=[(problem, problem_cards.card(problem, sync.only_store)) for problem in sync.problems],
        is_ok=sync.situation is Situation.OK,
    )
