from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.models import ConnectionState
from app.services.catalog.age import catalog_age
from app.services.connections import evotor as connections_evotor
from app.services.connections import vk as connections_vk
from app.services.errors import ConnectionRefused
from app.services.owner import rules, shop_window
from app.services.pages.sync.overview import SyncOverview
from app.web.access import commit_on_success, owner
from app.web.asking import asks_vendors
from app.web.connections import blueprint, kept
from app.web.connections.forms import EvotorForm, VkForm
from app.web.doors import limits
from app.web.forms import ActionForm, sent
from app.web.market.remains import stayed
from app.web.messages import message
from app.web.sync.headline import briefly


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
            next_step = "" if user.vk and user.vk.is_connected else " Теперь подключите сообщество ВК."
            flash(*_connected(f"Эвотор подключён.{next_step}", "other_evotor" if is_other else None))
            return redirect(url_for(".show"))
    age = catalog_age(user.id)
    return render_template("connections/evotor.html", form=form, evotor=user.evotor, age=age, **_window()), form.status


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
    flash(*_checked(state, user.evotor.error_code if user.evotor else None, "evotor_missing"))
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
    flash(f"{what} Каталог и фильтры сохранены. {stayed(shop_window.shop_window(owner()))}", "success")
    return redirect(url_for(".evotor"))


@blueprint.route("/vk", methods=["GET", "POST"])
@limits.CHECKS
@asks_vendors("connections.vk", VkForm.keep_typed)
@commit_on_success
def vk() -> ResponseReturnValue:
    form, user = VkForm(), owner()
    if form.validate_on_submit():
        try:
            is_other = connections_vk.connect_vk(user, form.key, form.community or 0)
        except ConnectionRefused as error:
            form.refuse_connection(error)
        else:
            kept.forget(form.service)
            next_step = "" if rules.rules_of(user).rules else " Теперь выберите товары в каталоге."
            flash(*_connected(f"Сообщество ВК подключено.{next_step}", "other_vk" if is_other else None))
            return redirect(url_for(".show"))
    return render_template("connections/vk.html", form=form, vk=owner().vk, **_window()), form.status


@blueprint.post("/vk/check")
@limits.CHECKS
@asks_vendors("connections.vk")
@commit_on_success
def check_vk() -> ResponseReturnValue:
    sent(ActionForm)
    user = owner()
    state = connections_vk.check_vk(user)
    flash(*_checked(state, user.vk.error_code if user.vk else None, "vk_missing"))
    return redirect(url_for(".vk"))


@blueprint.post("/vk/disconnect")
@commit_on_success
def disconnect_vk() -> ResponseReturnValue:
    sent(ActionForm)
    is_done = connections_vk.disconnect_vk(owner())
    kept.forget(VkForm.service)
    what = "ВК отключён." if is_done else "ВК уже был отключён: чтобы подключить его снова, укажите сообщество и ключ."
    flash(f"{what} {stayed(shop_window.shop_window(owner()))}", "success")
    return redirect(url_for(".vk"))


def _connected(text: str, pause_reason: str | None) -> tuple[str, str]:
    return (f"{text} {message(pause_reason)}", "warning") if pause_reason else (text, "success")


def _checked(state: ConnectionState, code: str | None, missing: str) -> tuple[str, str]:
    if state is ConnectionState.OK:
        return "Проверили: всё работает.", "success"
    return message(missing if state is ConnectionState.DISCONNECTED else code or missing), "danger"
