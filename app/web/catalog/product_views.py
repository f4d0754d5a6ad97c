"""One product and one group."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from app.domain.rules import EntityType
from app.services.errors import UnknownEntity
from app.services.owner import rules
from app.services.pages.goods import group as goods_group
from app.services.pages.goods import product as goods_product
from app.services.pages.window import group_categories
from app.services.runs import history
from app.web.access import owner
from app.web.catalog import blueprint, unreadable_goods, verdict_labels
from app.web.catalog.forms import PhotoForm
from app.web.change_rows import change_rows, entry_rows, item_address


@blueprint.get("/catalog/stores/<string:store_id>/products/<string:product_id>")
def product(store_id: str, product_id: str) -> ResponseReturnValue:
    return product_page(store_id, product_id, PhotoForm())


def product_page(store_id: str, product_id: str, form: PhotoForm) -> ResponseReturnValue:
    try:
        shown = goods_product.product_page(owner(), store_id, product_id)
    except UnknownEntity:
        abort(404)
    listing = shown.listing
    return render_template(
        "catalog/product.html",
        shown=shown,
        form=form,
        address=item_address(listing.vk_group_id, listing.vk_item_id) if listing and listing.vk_item_id else None,
        pending=change_rows(shown.pending),
        entries=entry_rows(shown.entries, history.communities_of(owner().id, shown.entries)),
        words=verdict_labels,
        has_store=rules.rules_of(owner()).count()[EntityType.STORE] > 0,
        unreadable_words=unreadable_goods,
    ), form.status


@blueprint.get("/catalog/stores/<string:store_id>/groups/<string:group_id>")
def group(store_id: str, group_id: str) -> ResponseReturnValue:
    return group_page(store_id, group_id, PhotoForm())


def group_page(store_id: str, group_id: str, form: PhotoForm) -> ResponseReturnValue:
    try:
        shown = goods_group.group_page(owner(), store_id, group_id)
        category = group_categories.category_picker(owner(), group_id).present
    except UnknownEntity:
        abort(404)
    return render_template("catalog/group.html", shown=shown, category=category, form=form), form.status
