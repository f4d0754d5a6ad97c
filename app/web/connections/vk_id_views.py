"""Signing in with VK ID, and choosing a community from those that VK names."""

from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.clients.vk.errors import ACCESS_DENIED, NO_ACCESS_TO_COMMUNITY, NO_MARKET_RIGHTS, NOT_PERMITTED, stored
from app.services.connections import vk_communities, vk_id
from app.services.connections.vk_communities import Choice
from app.services.errors import ConnectionRefused
from app.services.owner import shop_window
from app.web.access import commit_on_success, owner, writing
from app.web.asking import asks_vendors
from app.web.connections import blueprint
from app.web.connections.forms import CommunityForm
from app.web.connections.told import left_by, vk_connected
from app.web.doors import headers, limits
from app.web.forms import text_of
from app.web.messages import message

NOT_THEIRS = frozenset(map(stored, (NOT_PERMITTED, ACCESS_DENIED, NO_ACCESS_TO_COMMUNITY, NO_MARKET_RIGHTS)))
"""Codes of refusals: the person that is signed in does not manage the community."""


@blueprint.get("/vk/authorize")
@limits.SIGN_INS
def authorize_vk() -> ResponseReturnValue:
    """To VK, which sends its person back; nothing changes by that but that we expect it."""
    if not vk_id.is_offered():
        abort(404)
    is_other = request.args.get("person") == "other"
    return redirect(writing(lambda: vk_id.begin(owner(), asks_who=is_other)))


@blueprint.get("/vk/callback")
@asks_vendors(None, reads=True)
@commit_on_success
def vk_callback() -> ResponseReturnValue:
    if not vk_id.is_offered():
        abort(404)
    user, given = owner(), request.args
    try:
        vk_id.end(
            user,
            state=given.get("state", ""),
            code=given.get("code", ""),
            device_id=given.get("device_id", ""),
            error=given.get("error", ""),
        )
    except ConnectionRefused as error:
        # Who loads the address of the way back once more has come through already.
        has_come_through = error.code == "vk_id_state" and vk_id.pending(user) is not None
        if has_come_through:
            flash(message("vk_id_came_through"), "info")
        elif error.code != vk_id.NO_MARKET_RIGHT:
            flash(message(error.code), "warning")
        elif user.vk is not None and user.vk.is_connected:  # else the page says so as the state of the connection
            flash(message("vk_id_no_market_right_now"), "warning")
        return redirect(url_for(".vk_community" if has_come_through else ".vk"))
    if vk_communities.reconnect(user):
        name = user.vk.group_name if user.vk else ""
        flash(f"Вошли через ВК. Сообщество «{name}» снова подключено.", "success")
        return redirect(url_for(".vk"))
    return redirect(url_for(".vk_community"))


@blueprint.route("/vk/community", methods=["GET", "POST"])
@limits.CHECKS
@limits.LISTS
@asks_vendors("connections.vk", reads=True)
@commit_on_success
def vk_community() -> ResponseReturnValue:
    form, user = CommunityForm(), owner()
    if not vk_communities.may_choose(user):
        flash(message("vk_not_signed_in"), "warning")
        return redirect(url_for(".vk"))
    if form.validate_on_submit():
        try:
            left = left_by(user)
            is_other = vk_communities.choose(user, form.chosen or 0, text_of(form.listed_by) or None)
        except ConnectionRefused as error:
            form.refuse(form.group_id, message("vk_list_is_old" if error.code in NOT_THEIRS else error.code))
        else:
            flash(*vk_connected(user, left if is_other else None))
            return redirect(url_for(".show"))
    return _list(form), form.status


def _list(form: CommunityForm) -> Response:
    made_by = vk_communities.maker(owner())
    found, refusal = _choices()
    facts = {
        "choices": found,
        "refusal": refusal,
        "made_by": made_by,
        "person": "" if refusal else vk_communities.signed_in_as(owner()),
        "vk_id": vk_id.is_offered(),
        "connected": owner().vk,
        "window": shop_window.shop_window(owner()),
    }
    page = make_response(render_template("connections/community.html", form=form, **facts))
    headers.allow_pictures(page, (choice.picture for choice in found if choice.picture))
    return page


def _choices() -> tuple[list[Choice], ConnectionRefused | None]:
    try:
        return vk_communities.choices(owner()), None
    except ConnectionRefused as error:
        return [], error
