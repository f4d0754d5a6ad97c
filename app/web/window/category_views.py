"""Which category of VK the products of each group go to."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.paging import page_of
from app.services.errors import NotReady, UnknownEntity, VkUnavailable
from app.services.market import categories as market_categories
from app.services.pages.window import group_categories
from app.web.access import commit_on_success, owner, safe_next
from app.web.address import requested_page, requested_words
from app.web.asking import asks_vendors
from app.web.doors import limits
from app.web.errors import not_in_catalog
from app.web.forms import ActionForm, sent
from app.web.messages import message
from app.web.window import blueprint, notices
from app.web.window.forms import CategoryForm

ROWS_A_PAGE = 100


@blueprint.get("/sync/settings/categories")
def categories() -> str:
    q = requested_words()
    found = group_categories.categories_page(owner(), q)
    page = page_of(found.groups, requested_page(), ROWS_A_PAGE)
    return render_template("window/categories.html", found=found, page=page, q=q, vk=owner().vk)


@blueprint.post("/sync/settings/categories")
@commit_on_success
def choose_category() -> ResponseReturnValue:
    form = CategoryForm()
    form.validate()
    try:
        market_categories.choose_category(owner(), form.group_id, form.category_id)
    except UnknownEntity:
        return not_in_catalog()
    except NotReady as error:
        flash(message(error.code), "warning")
    else:
        flash(notices.category_chosen(is_given=form.category_id is not None), "success")
    return redirect(safe_next(form.next.data) or url_for(".categories"))


@blueprint.post("/sync/settings/categories/refresh")
@limits.REFRESHES
@asks_vendors("window.categories")
@commit_on_success
def refresh_categories() -> ResponseReturnValue:
    form = sent(ActionForm)
    try:
        flash(notices.categories_read(market_categories.refresh_categories(owner())), "success")
    except (NotReady, VkUnavailable) as error:
        flash(message(error.code), "danger")
    return redirect(safe_next(form.next.data) or url_for(".categories"))


@blueprint.get("/sync/settings/category")
def category() -> str:
    """Without `group` for the whole shop."""
    q, group_id = requested_words(), request.args.get("group", "")
    if not group_id.isprintable():
        abort(404)
    try:
        choosing = group_categories.category_picker(owner(), group_id or None, q)
    except UnknownEntity:
        abort(404)
    return render_template(
        "window/category.html",
        choosing=choosing,
        page=page_of(choosing.found, requested_page(), ROWS_A_PAGE),
        q=q,
        group_id=group_id,
        next=safe_next(request.args.get("next")),
    )
