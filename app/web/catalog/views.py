from flask import Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from app.services import browse, catalog_refresh, export, sync_settings
from app.services.catalog_refresh import CatalogUnavailable, StoreStillListed
from app.services.errors import UnknownEntity
from app.web.access import commit_on_success, is_htmx, owner, safe_next
from app.web.catalog import blueprint, words
from app.web.catalog.forms import BulkForm, RuleForm, look_params, requested_look
from app.web.errors import bad_request, not_in_catalog
from app.web.messages import message
from app.web.paging import Page


@blueprint.get("/catalog")
def stores() -> str:
    return render_template("catalog/stores.html", catalog=browse.overview(owner()), words=words, in_place=is_htmx())


@blueprint.get("/catalog/stores/<string:store_id>")
def store(store_id: str) -> str:
    try:
        shown = browse.store_page(owner(), store_id, requested_look())
    except UnknownEntity:
        abort(404)
    return render_template(
        "catalog/store.html",
        shown=shown,
        page=Page(shown.rows, shown.look.page, browse.PAGE_SIZE, shown.found),
        params={"store_id": store_id, **look_params(shown.look)},
        is_marked=request.args.get("marked") == "1",
        is_tree_open=request.args.get("groups") == "open",
        words=words,
        in_place=is_htmx(),
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
    try:
        count = sync_settings.set_rules(owner(), form.level, form.ids, form.mode)
    except UnknownEntity:
        return not_in_catalog()
    mode = sync_settings.rules_of(owner()).mode(form.level)
    flash(*words.rules_changed(form.level, count, form.mode, mode))
    return redirect(safe_next(form.next.data) or url_for(".stores"))


@blueprint.post("/catalog/refresh")
@commit_on_success
def refresh() -> ResponseReturnValue:
    try:
        flash(*words.refreshed(catalog_refresh.refresh(owner())))
    except CatalogUnavailable as error:
        flash(message(error.code), "danger")
    return redirect(url_for(".stores"))


@blueprint.post("/catalog/stores/<string:store_id>/closed")
@commit_on_success
def close_store(store_id: str) -> ResponseReturnValue:
    try:
        name = catalog_refresh.close_store(owner(), store_id)
        flash(f"Магазин «{name}» закрыт: его товары больше не выгружаются.", "success")
    except UnknownEntity:
        abort(404)
    except StoreStillListed as error:
        flash(message(error.code), "warning")
    return redirect(url_for(".stores"))


@blueprint.post("/catalog/stores/<string:store_id>/accept")
@commit_on_success
def accept(store_id: str) -> ResponseReturnValue:
    try:
        catalog_refresh.accept(owner(), store_id)
        flash("Магазин прочитан заново: теперь его товары такие, как в Эвоторе.", "success")
    except UnknownEntity:
        abort(404)
    except CatalogUnavailable as error:
        flash(message(error.code), "danger")
    return redirect(url_for(".stores"))


@blueprint.get("/catalog/export.csv")
def export_csv() -> Response:
    answer = Response(stream_with_context(export.csv_chunks(owner())), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=evosync-catalog.csv"
    return answer
