"""One product and one group, and the photos that their owner gives them."""

import re

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.models import Pictured
from app.services.errors import BadPhoto, UnknownEntity
from app.services.pages.goods import group as goods_group
from app.services.pages.goods import product as goods_product
from app.services.pages.window import group_categories
from app.services.photos import cards, gallery, making
from app.services.photos.gallery import Subject
from app.services.runs import history
from app.web.access import owner
from app.web.catalog import blueprint, unreadable_words, words
from app.web.catalog.photo_forms import LARGEST_REQUEST, PhotoForm
from app.web.doors import limits
from app.web.doors.headers import YEAR
from app.web.forms import ActionForm, sent
from app.web.messages import message
from app.web.sync.market_rows import item_address
from app.web.sync.plan_rows import change_rows, entry_rows

UPLOADS = ("catalog.put_product_photo", "catalog.put_group_photo")
MINUTES = 5 * 60
_DIGEST = re.compile("[0-9a-f]{64}")


@blueprint.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before anything reads the request."""
    if endpoint in UPLOADS:
        request.max_content_length = LARGEST_REQUEST


@blueprint.get("/catalog/stores/<string:store_id>/products/<string:product_id>")
def product(store_id: str, product_id: str) -> ResponseReturnValue:
    return _product_page(store_id, product_id, PhotoForm())


def _product_page(store_id: str, product_id: str, form: PhotoForm) -> ResponseReturnValue:
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
        words=words,
        unreadable_words=unreadable_words,
    ), form.status


@blueprint.get("/catalog/stores/<string:store_id>/groups/<string:group_id>")
def group(store_id: str, group_id: str) -> ResponseReturnValue:
    return _group_page(store_id, group_id, PhotoForm())


def _group_page(store_id: str, group_id: str, form: PhotoForm) -> ResponseReturnValue:
    try:
        shown = goods_group.group_page(owner(), store_id, group_id)
        category = group_categories.category_picker(owner(), group_id).present
    except UnknownEntity:
        abort(404)
    return render_template("catalog/group.html", shown=shown, category=category, form=form), form.status


@blueprint.post("/catalog/stores/<string:store_id>/products/<string:product_id>/photo")
@limits.UPLOADS
def put_product_photo(store_id: str, product_id: str) -> ResponseReturnValue:
    form = PhotoForm()
    if _put(Subject(Pictured.PRODUCT, store_id, product_id), form):
        return redirect(url_for(".product", store_id=store_id, product_id=product_id))
    return _product_page(store_id, product_id, form)


@blueprint.post("/catalog/stores/<string:store_id>/groups/<string:group_id>/photo")
@limits.UPLOADS
def put_group_photo(store_id: str, group_id: str) -> ResponseReturnValue:
    form = PhotoForm()
    if _put(Subject(Pictured.GROUP, store_id, group_id), form):
        return redirect(url_for(".group", store_id=store_id, group_id=group_id))
    return _group_page(store_id, group_id, form)


def _put(subject: Subject, form: PhotoForm) -> bool:
    """Whether the photo was taken; if not, the form says why."""
    try:
        gallery.put(owner(), subject, form.content())
    except UnknownEntity:
        abort(404)
    except BadPhoto as error:
        form.refuse(form.photo, message(error.code), status=503 if error.code == "photo_busy" else 422)
        return False
    flash("Фото сохранено. В ВК оно появится при следующем обновлении, если товар показывается.", "success")
    return True


@blueprint.post("/catalog/stores/<string:store_id>/products/<string:product_id>/photo/delete")
def delete_product_photo(store_id: str, product_id: str) -> ResponseReturnValue:
    sent(ActionForm)
    _delete(Subject(Pictured.PRODUCT, store_id, product_id))
    return redirect(url_for(".product", store_id=store_id, product_id=product_id))


@blueprint.post("/catalog/stores/<string:store_id>/groups/<string:group_id>/photo/delete")
def delete_group_photo(store_id: str, group_id: str) -> ResponseReturnValue:
    sent(ActionForm)
    _delete(Subject(Pictured.GROUP, store_id, group_id))
    return redirect(url_for(".group", store_id=store_id, group_id=group_id))


def _delete(subject: Subject) -> None:
    try:
        was_there = gallery.remove(owner(), subject)
    except UnknownEntity:
        abort(404)
    if was_there:
        flash("Фото убрано. В ВК оно сменится при следующем обновлении.", "success")
    else:
        flash("Своего фото здесь уже нет: убирать нечего.", "warning")


@blueprint.get("/catalog/photos/<string:digest>")
def photo(digest: str) -> ResponseReturnValue:
    """A photo of the visitor's own; with `size=small` as wide as a phone shows it."""
    content = gallery.content(owner().id, digest) if _DIGEST.fullmatch(digest) else None
    if content is None:
        abort(404)
    if request.args.get("size") == "small":
        try:
            content = making.small(content)
        except BadPhoto:
            abort(404)
    return _jpeg(content, f"private, max-age={YEAR}, immutable")


@blueprint.get("/catalog/stores/<string:store_id>/products/<string:product_id>/card")
def card(store_id: str, product_id: str) -> ResponseReturnValue:
    """The generated picture of a product without a photo."""
    try:
        name = goods_product.card_name(owner(), store_id, product_id)
    except UnknownEntity:
        abort(404)
    return _jpeg(making.small(cards.draw(name)), f"private, max-age={MINUTES}")


def _jpeg(content: bytes, keep: str) -> Response:
    return Response(content, mimetype="image/jpeg", headers={"Cache-Control": keep})
