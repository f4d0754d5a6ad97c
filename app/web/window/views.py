"""What the owner chose for the shop window."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services.owner import settings as owner_settings
from app.services.pages.window import example, group_categories
from app.services.pages.window.example import Example
from app.services.planning import effect
from app.web.access import commit_on_success, is_htmx, owner
from app.web.window import blueprint, notices
from app.web.window.forms import ExampleForm, SettingsForm, settings_form


@blueprint.route("/sync/settings", methods=["GET", "POST"])
@commit_on_success
def settings() -> ResponseReturnValue:
    user = owner()
    now, types = owner_settings.owner_settings(user), owner_settings.types_in_review(user)
    form = settings_form(now, types, example.example_products(user))
    if form.validate_on_submit():
        owner_settings.change(user, **form.chosen(now, types))
        flash("Настройки сохранены.", "success")
        return redirect(url_for(".settings", effect=1))
    return _settings_page(form), form.status


@blueprint.post("/sync/settings/example")
@commit_on_success
def settings_example() -> ResponseReturnValue:
    """Stores nothing: shows a product under the settings as they were typed."""
    user = owner()
    now, types = owner_settings.owner_settings(user), owner_settings.types_in_review(user)
    if is_htmx():
        form = settings_form(now, types, _asked_for())
        form.validate()
        return render_template("window/_example.html", form=form, example=_example(form))
    form = settings_form(now, types, example.example_products(user))
    form.validate()
    return _settings_page(form), form.status


def _asked_for() -> dict[str, str]:
    """The product of the request, taken as it is: the long list to choose from is on the page already."""
    wanted = ExampleForm().example.data or ""
    return {wanted: ""} if wanted.isprintable() else {}


def _settings_page(form: SettingsForm) -> str:
    user = owner()
    return render_template(
        "window/settings.html",
        form=form,
        example=_example(form),
        default=group_categories.default_category(user),
        troubled=group_categories.unusable_choices(user),
        effect=effect.effect(user) if request.args.get("effect") == "1" else None,
        words=notices,
    )


def _example(form: SettingsForm) -> Example | None:
    """None while something that it depends on has to be mended first."""
    if form.window_errors or not form.example.data:
        return None
    tried = form.window(owner_settings.owner_settings(owner())) if form.is_submitted() else {}
    return example.example(owner(), form.example.data, tried)
