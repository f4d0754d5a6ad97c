from contextlib import ExitStack

from flask import abort, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue

from app.domain.paging import fetch_page
from app.services.catalog import refresh as catalog_refresh
from app.services.catalog import stores as catalog_stores
from app.services.catalog import unreadable as catalog_unreadable
from app.services.catalog.refresh import CatalogUnavailable
from app.services.catalog.stores import StoreStillListed
from app.services.errors import UnknownEntity
from app.services.owner import switch
from app.services.pages.goods import csv_export
from app.services.pages.goods import store as goods_store
from app.web.access import commit_on_success, is_htmx, owner
from app.web.address import asked, requested_page
from app.web.asking import asks_vendors
from app.web.catalog import blueprint, notices, rows, rules_summary, unreadable_goods, verdict_labels
from app.web.catalog.forms import query_params, requested_query
from app.web.doors import limits
from app.web.errors import try_later
from app.web.formatting import quoted
from app.web.forms import ActionForm, sent
from app.web.messages import message


@blueprint.get("/catalog")
def stores() -> str:
    catalog = goods_store.catalog_page(owner())
    return render_template(
        "catalog/stores.html",
        catalog=catalog,
        standing=rules_summary.rules_summary(catalog.rules, catalog.tally.selected),
        status=switch.status_of(owner(), catalog.rules),
        words=verdict_labels,
        in_place=is_htmx(),
    )


@blueprint.get("/catalog/stores/<string:store_id>")
def store(store_id: str) -> str:
    try:
        shown = goods_store.store_page(owner(), store_id, requested_query())
    except UnknownEntity:
        abort(404)
    params, is_marked = {"store_id": store_id, **query_params(shown.query)}, asked().get("marked") == "1"
    return render_template(
        "catalog/store.html",
        shown=shown,
        page=shown.page,
        params=params,
        group_rows=rows.group_rows(shown, params),
        product_rows=rows.product_rows(shown, is_marked=is_marked),
        standing=rules_summary.rules_summary(shown.rules, shown.store.tally.selected),
        is_marked=is_marked,
        is_tree_open=asked().get("groups") == "open",
        words=verdict_labels,
        in_place=is_htmx(),
    )


@blueprint.get("/catalog/unreadable")
def unreadable() -> str:
    user = owner()
    page = fetch_page(
        lambda offset, limit: (
            catalog_unreadable.count(user.id),
            catalog_unreadable.first_rows(user.id, limit, offset),
        ),
        requested_page(),
        goods_store.PAGE_SIZE,
    )
    return render_template("catalog/unreadable.html", page=page, unreadable_words=unreadable_goods)


@blueprint.post("/catalog/refresh")
@limits.REFRESHES
@asks_vendors("catalog.stores")
@commit_on_success
def refresh() -> ResponseReturnValue:
    sent(ActionForm)
    try:
        flash(*notices.refreshed(catalog_refresh.refresh(owner())))
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
