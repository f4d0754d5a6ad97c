"""The page of those items, the owner's answers, and the wish for a new look at the market."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.paging import page_of
from app.services.errors import NotReady
from app.services.market import owner_answers
from app.services.owner import settings as owner_settings
from app.services.owner import switch
from app.services.planning import plans
from app.web.access import commit_on_success, owner, safe_next
from app.web.address import requested_page
from app.web.doors import limits
from app.web.errors import bad_request
from app.web.forms import ActionForm, sent
from app.web.market import blueprint, notices
from app.web.market.forms import DecisionForm
from app.web.market.rows import market_rows, section_of
from app.web.messages import message

ROWS_A_PAGE = 50
DECIDE = {
    "take": owner_answers.adopt_similar,
    "leave": owner_answers.dismiss_similar,
    "again": owner_answers.recreate_deleted,
    "keep": owner_answers.accept_deletion,
}


@blueprint.get("/sync/market")
def market() -> str:
    user = owner()
    found, settings = owner_answers.market_review(user), owner_settings.owner_settings(user)
    section = section_of(found, request.args.get("show"))
    page = page_of(getattr(found, section), requested_page(), ROWS_A_PAGE)
    wanted = plans.desired_for(user).wanted if section == "changed" and page.items else {}
    return render_template(
        "market/market.html",
        found=found,
        section=section,
        page=page,
        rows=market_rows(user.id, page.items, wanted, settings.edited_in_vk),
        edited_in_vk=settings.edited_in_vk,
        is_marked=request.args.get("marked") == "1",
        read_at=user.sync_state.market_read_at if user.sync_state else None,
        run_obstacle=switch.run_obstacle(user),
    )


@blueprint.post("/sync/market")
@commit_on_success
def decide() -> ResponseReturnValue:
    form = DecisionForm()
    if not form.validate():
        return bad_request("Не понимаем, что отмечено. Вернитесь, обновите страницу и попробуйте ещё раз.")
    decision, ids = form.decision.data or "", set(form.ids.data or ())
    flash(*notices.decided(decision, len(ids), DECIDE[decision](owner(), ids)))
    return redirect(safe_next(form.next.data) or url_for(".market"))


@blueprint.post("/sync/market/check")
@limits.CHECKS
@commit_on_success
def check_market() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        owner_answers.request_market_check(owner())
    except NotReady as error:
        flash(message(error.code), "warning")
    else:
        flash("Проверка поставлена в очередь: ближайшее обновление прочитает все товары в ВК.", "success")
    return redirect(url_for(".market"))
