from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db
from app.models import User
from app.services.catalog.age import catalog_age
from app.services.connections import evotor as connections_evotor
from app.services.connections import vk as connections_vk
from app.services.connections import vk_id
from app.services.errors import ConnectionRefused
from app.services.owner import rules, shop_window
from app.services.pages.sync.overview import SyncOverview
from app.services.vendors import turns
from app.services.vendors.clients import evotor_cabinet
from app.services.vendors.turns import AllSeatsTaken, TurnTaken
from app.web.access import commit_on_success, is_htmx, owner
from app.web.asking import asks_vendors
from app.web.connections import blueprint, kept
from app.web.connections.forms import EvotorForm, VkForm
from app.web.connections.told import checked, evotor_connected, left_by, vk_connected
from app.web.doors import limits, seats
from app.web.forms import ActionForm, sent
from app.web.market.remains import stayed_everywhere
from app.web.messages import message
from app.web.sync.headline import briefly
from app.web.sync.silence import told_beside_connections


@blueprint.get("/connections")
def show() -> str:
    user = owner()
    sync = SyncOverview(user)
    return render_template(
        "connections/show.html",
        evotor=user.evotor,
        vk=user.vk,
        status=sync.status,
        situation=briefly(sync),
        age=catalog_age(user.id),
        silences=told_beside_connections(),
    )


@blueprint.route("/evotor", methods=["GET", "POST"])
@limits.CHECKS
@asks_vendors("connections.evotor", EvotorForm.keep_typed)
@commit_on_success
def evotor() -> ResponseReturnValue:
    form, user = EvotorForm(), owner()
    if form.validate_on_submit():
        try:
            is_other = connections_evotor.connect_evotor(user, form.key)
        except ConnectionRefused as error:
            form.refuse_connection(error)
        else:
            kept.forget(form.service)
            flash(*evotor_connected(user, is_other=is_other))
            return redirect(url_for(".show"))
    stage, is_awaited = _stage(user)
    if is_htmx() and request.args.get("seen") == stage:
        return "", 204
    facts = {
        "evotor": user.evotor,
        "age": catalog_age(user.id),
        "cabinet": evotor_cabinet(),
        "stage": stage,
        "is_awaited": is_awaited,
        "has_vk": user.vk is not None and user.vk.is_connected,
        "has_rules": bool(rules.rules_of(user).rules),
        "silences": told_beside_connections(),
        **_window(),
    }
    return render_template("connections/evotor.html", form=form, **facts), form.status


def _stage(user: User) -> tuple[str, bool]:
    """How far connecting Evotor has come, and whether its catalog is still to show by itself."""
    row, read_at = user.evotor, catalog_age(user.id).read_at
    if row is None:
        return "new", False
    is_awaited = row.is_unchecked or (row.is_connected and row.refresh_due_at is not None and read_at is None)
    known = (row.is_connected, bool(row.linked_id), row.is_unchecked, row.state, row.error_code, read_at is not None)
    return "-".join(map(str, (*known, row.withdrawn))), is_awaited


def _window() -> dict[str, object]:
    """What stands in VK, and whether it is being hidden: told where disconnecting is offered."""
    return {"window": shop_window.shop_window(owner())}


@blueprint.post("/evotor/check")
@limits.CHECKS
@asks_vendors("connections.evotor")
@commit_on_success
def check_evotor() -> ResponseReturnValue:
    sent(ActionForm)
    user = owner()
    state = connections_evotor.check_evotor(user)
    row = user.evotor
    flash(*checked(state, row.error_code or row.told if row else None, "evotor_missing"))
    return redirect(url_for(".evotor"))


@blueprint.post("/evotor/disconnect")
@commit_on_success
def disconnect_evotor() -> ResponseReturnValue:
    sent(ActionForm)
    is_done = connections_evotor.disconnect_evotor(owner())
    kept.forget(EvotorForm.service)
    what = (
        "Эвотор отключён." if is_done else "Эвотор уже был отключён: чтобы подключить его снова, вставьте ключ доступа."
    )
    flash(f"{what} Каталог и фильтры сохранены. {stayed_everywhere(shop_window.shop_window(owner()))}", "success")
    return redirect(url_for(".evotor"))


@blueprint.route("/vk", methods=["GET", "POST"])
@limits.CHECKS
@asks_vendors("connections.vk", VkForm.keep_typed)
@commit_on_success
def vk() -> ResponseReturnValue:
    form, user = VkForm(), owner()
    if form.validate_on_submit():
        replaced = user.vk.token if user.vk is not None and user.vk.is_signed_in else None
        try:
            left = left_by(user)
            is_other = connections_vk.connect_vk(user, form.key, form.community or 0)
        except ConnectionRefused as error:
            form.refuse_connection(error)
        else:
            kept.forget(form.service)
            flash(*vk_connected(user, left if is_other else None))
            db.session.commit()
            if replaced is not None and replaced != form.key and not vk_id.revoke(replaced):
                flash(message("vk_id_not_revoked"), "info")
            return redirect(url_for(".show"))
    offered = vk_id.is_offered()
    facts = {
        "vk": owner().vk,
        "vk_id": offered,
        "is_choosing": offered and vk_id.pending(owner()) is not None,
        "silences": told_beside_connections(),
    }
    return render_template("connections/vk.html", form=form, **facts, **_window()), form.status


@blueprint.post("/vk/check")
@limits.CHECKS
@asks_vendors("connections.vk")
@commit_on_success
def check_vk() -> ResponseReturnValue:
    sent(ActionForm)
    user = owner()
    state = connections_vk.check_vk(user)
    flash(*checked(state, user.vk.error_code if user.vk else None, "vk_missing"))
    return redirect(url_for(".vk"))


@blueprint.post("/vk/disconnect")
@commit_on_success
def disconnect_vk() -> ResponseReturnValue:
    sent(ActionForm)
    is_done, token = connections_vk.disconnect_vk(owner())
    kept.forget(VkForm.service)
    what = "ВК отключён." if is_done else "ВК уже был отключён. Подключить его снова можно ниже."
    flash(f"{what} {stayed_everywhere(shop_window.shop_window(owner()))}", "success")
    if token is not None and not _is_revoked(token):
        flash(message("vk_id_not_revoked"), "info")
    return redirect(url_for(".vk"))


def _is_revoked(token: str) -> bool:
    """VK is told only after we have forgotten the token ourselves, whoever else of this owner asks it now. Commits."""
    db.session.commit()
    seats.leave()
    try:
        with turns.turn(owner().id):
            return vk_id.revoke(token)
    except (TurnTaken, AllSeatsTaken):
        return False
