from collections.abc import Callable
from contextlib import ExitStack

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.domain.rules import EntityType, FilterMode, Mode
from app.services.catalog import refresh as catalog_refresh
from app.services.catalog import stores as catalog_stores
from app.services.catalog import unreadable as catalog_unreadable
from app.services.catalog.refresh import CatalogUnavailable
from app.services.catalog.stores import StoreStillListed
from app.services.errors import UnknownEntity
from app.services.owner import rule_changes, switch
from app.services.owner import rules as owner_rules
from app.services.owner.rule_changes import Changed, UndoTooLate
from app.services.pages.goods import csv_export, explanation, rule_list
from app.services.pages.goods import store as goods_store
from app.web.access import commit_on_success, is_htmx, owner, safe_next
from app.web.asking import asks_vendors
from app.web.catalog import blueprint, changes, standing, unreadable_words, why_words, words
from app.web.catalog.forms import BulkForm, RuleForm, UndoForm, query_params, requested_look
from app.web.doors import limits
from app.web.errors import bad_request, not_in_catalog, try_later
from app.web.formatting import quoted
from app.web.forms import ActionForm, sent
from app.web.messages import message
from app.web.paging import Page, requested_page


@blueprint.get("/catalog")
def stores() -> str:
    catalog = goods_store.catalog_page(owner())
    return render_template(
        "catalog/stores.html",
        catalog=catalog,
        standing=standing.standing(catalog.rules, catalog.tally.selected),
        status=switch.status_of(owner()),
        words=words,
        in_place=is_htmx(),
    )


@blueprint.get("/catalog/stores/<string:store_id>")
def store(store_id: str) -> str:
    try:
        shown = goods_store.store_page(owner(), store_id, requested_look())
    except UnknownEntity:
        abort(404)
    return render_template(
        "catalog/store.html",
        shown=shown,
        page=Page(shown.rows, shown.query.page, goods_store.PAGE_SIZE, shown.found),
        params={"store_id": store_id, **query_params(shown.query)},
        standing=standing.standing(shown.rules, shown.store.tally.selected),
        is_marked=request.args.get("marked") == "1",
        is_tree_open=request.args.get("groups") == "open",
        words=words,
        in_place=is_htmx(),
    )


@blueprint.get("/catalog/unreadable")
def unreadable() -> str:
    user, number = owner(), requested_page()
    found = catalog_unreadable.count(user.id)
    last = max(1, -(-found // goods_store.PAGE_SIZE))
    number = min(max(number, 1), last)
    rows = catalog_unreadable.first_rows(user.id, goods_store.PAGE_SIZE, (number - 1) * goods_store.PAGE_SIZE)
    page = Page(rows, number, goods_store.PAGE_SIZE, found)
    return render_template("catalog/unreadable.html", page=page, unreadable_words=unreadable_words)


@blueprint.get("/catalog/rules")
def rules() -> str:
    listed = rule_list.rule_list(owner())
    return render_template(
        "catalog/rules.html",
        listed=listed,
        standing=standing.standing(listed.rules, listed.tally.selected),
        words=words,
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
        "catalog/why.html", why=answer, why_words=why_words, here=changes.shown_page(), in_place=is_htmx()
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
        return redirect(_back_to(form.next.data))
    try:
        changed = rule_changes.change(owner(), form.level, form.ids, form.mode)
    except UnknownEntity:
        return not_in_catalog()
    done = words.rules_changed(form.level, changed.names, form.mode)
    only_left_out = form.mode is FilterMode.EXCLUDE and owner_rules.rules_of(owner()).mode(form.level) is Mode.EXCLUDE
    return _changed(changed, done, form.level, form.next.data, is_plain=only_left_out)


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
    return redirect(_back_to(form.next.data))


@blueprint.post("/catalog/stores/<string:store_id>/whole")
@commit_on_success
def show_whole(store_id: str) -> ResponseReturnValue:
    form = sent(ActionForm)
    try:
        changed = rule_changes.show_whole(owner(), store_id)
    except UnknownEntity:
        abort(404)
    return _changed(changed, changes.shown_whole(changed), EntityType.STORE, form.next.data)


def _changed(
    changed: Changed, done: str, level: EntityType, target: str | None, *, is_plain: bool = False
) -> ResponseReturnValue:
    """Says what was done and what holds now, with the button that takes it back."""
    back = _back_to(target)
    flash(
        changes.notice(owner(), changed, done, level, back, is_plain=is_plain), "success" if changed.token else "info"
    )
    return redirect(back)


def _back_to(target: str | None) -> str:
    return safe_next(target) or url_for(".stores")


@blueprint.post("/catalog/refresh")
@limits.REFRESHES
@asks_vendors("catalog.stores")
@commit_on_success
def refresh() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        flash(*words.refreshed(catalog_refresh.refresh(owner())))
    except CatalogUnavailable as error:
        flash(message(error.code), "danger")
    return redirect(url_for(".stores"))


@blueprint.post("/catalog/stores/<string:store_id>/closed")
@commit_on_success
def close_store(store_id: str) -> ResponseReturnValue:
    sent(ActionForm)
    try:
        name = catalog_stores.close_store(owner(), store_id)
        flash(f"Магазин {quoted(name)} закрыт: его товары больше не показываются.", "success")
    except UnknownEntity:
        abort(404)
    except StoreStillListed as error:
        flash(message(error.code), "warning")
    return redirect(url_for(".stores"))


@blueprint.post("/catalog/stores/<string:store_id>/accept")
@limits.REFRESHES
@asks_vendors("catalog.stores")
@commit_on_success
def accept(store_id: str) -> ResponseReturnValue:
    sent(ActionForm)
    try:
        catalog_refresh.refresh_trusted(owner(), store_id)
        flash("Магазин прочитан заново: теперь его товары такие, как в Эвоторе.", "success")
    except UnknownEntity:
        abort(404)
    except CatalogUnavailable as error:
        flash(message(error.code), "danger")
    return redirect(url_for(".stores"))


@blueprint.get("/catalog/export.csv")
@limits.EXPORTS
def export_csv() -> ResponseReturnValue:
    with ExitStack() as export_of_user:
        try:
            export_of_user.enter_context(limits.one_export(owner().id))
            with limits.making_an_export():
                file = export_of_user.enter_context(csv_export.csv_file(owner()))
        except (limits.ExportUnderWay, limits.TooManyExports) as error:
            return try_later(error)
        sending = export_of_user.pop_all()
    answer = send_file(file, mimetype="text/csv", as_attachment=True, download_name="evosync-catalog.csv")
    answer.headers["Cache-Control"] = "no-store"
    answer.direct_passthrough = False  # passed through, the file would be closed and nothing else
    answer.call_on_close(sending.close)
    return answer
