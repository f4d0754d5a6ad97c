"""What the owner chose for the shop window."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.services import shop_settings
from app.web.access import commit_on_success, owner
from app.web.sync import blueprint
from app.web.sync.forms import settings_form


@blueprint.route("/sync/settings", methods=["GET", "POST"])
@commit_on_success
def settings() -> ResponseReturnValue:
    user = owner()
    now, types = shop_settings.owner_settings(user), shop_settings.types_in_review(user)
    form = settings_form(now, types)
    if form.validate_on_submit():
        shop_settings.change(user, **form.chosen(now, types))
        flash("Настройки сохранены. Они подействуют при следующем запуске.", "success")
        return redirect(url_for(".settings"))
    return render_template("sync/settings.html", form=form), form.status
