"""All filters, «Почему?», and every change of a rule."""

from collections.abc import Callable

from flask import abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from app.domain.rules import EntityType, FilterMode
from app.services.errors import UnknownEntity
from app.services.owner import rule_changes
from app.services.owner.rule_changes import Changed, UndoTooLate
from app.services.pages.goods import explanation, rule_list
from app.web.access import commit_on_success, is_htmx, owner, safe_next
from app.web.address import requested_page
from app.web.catalog import blueprint, notices, rules_summary, verdict_labels
from app.web.catalog import explanation as catalog_explanation
from app.web.catalog.forms import BulkForm, RuleForm, UndoForm
from app.web.catalog.in_place import shown_again
from app.web.errors import bad_request, not_in_catalog
from app.web.forms import ActionForm, sent
from app.web.messages import message


@blueprint.get("/catalog/rules")
def rules() -> str:
    listed = rule_list.rule_list(owner(), requested_page())
    return render_template(
        "catalog/rules.html",
        listed=listed,
        page=listed.page,
        standing=rules_summary.rules_summary(listed.rules, listed.tally.selected),
        words=verdict_labels,
        in_place=is_htmx(),
    )


@blueprint.get("/catalog/stores/<string:store_id>/products/<string:product_id>/why")
def why_product(store_id: str, product_id: str) -> str:
    return _why(lambda: explanation.explain_product(owner(), store_id, product_id))


@blueprint.get("/catalog/stores/<string:store_id>/groups/<string:group_id>/why")
def why_group(store_id: str, group_id: str) -> str:
    return _why(lambda: explanation.explain_group(owner(), store_id, group_id))


def _why(asked: Callable[[], explanation.Explanation]) -> str:
    try:
        answer = asked()
    except UnknownEntity:
        abort(404)
    return render_template(
        "catalog/why.html", why=answer, why_words=catalog_explanation, here=notices.shown_page(), in_place=is_htmx()
    )


@blueprint.post("/catalog/filters")
@commit_on_success
def set_rule() -> ResponseReturnValue:
    return _set_rules(RuleForm())


@blueprint.post("/catalog/filters/bulk")
@commit_on_success
def set_rules() -> ResponseReturnValue:
    return _set_rules(BulkForm())


def _set_rules(form: RuleForm | BulkForm) -> ResponseReturnValue:
    if not form.validate():
        return bad_request(form.complaint)
    if not form.ids:
        flash(message("nothing_marked"), "warning")
        return shown_again(_back_to(form.next.data))
    try:
        changed = rule_changes.change(owner(), form.level, form.ids, form.mode)
    except UnknownEntity:
        return not_in_catalog()
    done = notices.rules_changed(form.level, changed.names, form.mode)
    return _changed(changed, done, form.level, form.next.data, is_exclusion=form.mode is FilterMode.EXCLUDE)


@blueprint.post("/catalog/filters/undo")
@commit_on_success
def undo() -> ResponseReturnValue:
    form = UndoForm()
    form.validate()
    try:
        rule_changes.undo(owner(), form.token.data or "")
        flash("Отменено: фильтры снова такие, как до изменения.", "success")
    except UndoTooLate as error:
        flash(message(error.code), "warning")
    return shown_again(_back_to(form.next.data))


@blueprint.post("/catalog/stores/<string:store_id>/whole")
@commit_on_success
def show_whole(store_id: str) -> ResponseReturnValue:
    form = sent(ActionForm)
    try:
        changed = rule_changes.show_whole(owner(), store_id)
    except UnknownEntity:
        abort(404)
    return _changed(changed, notices.shown_whole(changed), EntityType.STORE, form.next.data)


def _changed(
    changed: Changed, done: str, level: EntityType, target: str | None, *, is_exclusion: bool = False
) -> ResponseReturnValue:
    """Says what was done and what holds now, with the button that takes it back."""
    back = _back_to(target)
    told = notices.notice(owner(), changed, done, level, back, is_exclusion=is_exclusion)
    flash(told, "success" if changed.token else "info")
    return shown_again(back)


def _back_to(target: str | None) -> str:
    return safe_next(target) or url_for(".stores")
