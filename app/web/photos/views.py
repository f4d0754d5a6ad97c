"""Photos put, removed and shown; and the generated picture of a product without one."""

import re

from flask import Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.models import Pictured
from app.services.errors import BadPhoto, UnknownEntity
from app.services.pages.goods import product as goods_product
from app.services.photos import cards, gallery, making
from app.services.photos.gallery import Subject
from app.web.access import owner
from app.web.catalog.forms import LARGEST_REQUEST, PhotoForm
from app.web.catalog.product_views import group_page, product_page
from app.web.doors import limits
from app.web.doors.headers import YEAR
from app.web.forms import ActionForm, sent
from app.web.messages import message
from app.web.photos import blueprint

UPLOADS = ("photos.put_product_photo", "photos.put_group_photo")
MINUTES = 5 * 60
_DIGEST = re.compile("[0-9a-f]{64}")


@blueprint.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before anything reads the request. A form without files has no need of it, and is parsed all in memory."""
    if endpoint in UPLOADS and request.mimetype == "multipart/form-data":
        request.max_content_length = LARGEST_REQUEST


@blueprint.post("/catalog/stores/<string:store_id>/products/<string:product_id>/photo")
@limits.UPLOADS
def put_product_photo(store_id: str, product_id: str) -> ResponseReturnValue:
    form = PhotoForm()
    if _put(Subject(Pictured.PRODUCT, store_id, product_id), form):
        return redirect(url_for("catalog.product", store_id=store_id, product_id=product_id))
    return product_page(store_id, product_id, form)


@blueprint.post("/catalog/stores/<string:store_id>/groups/<string:group_id>/photo")
@limits.UPLOADS
def put_group_photo(store_id: str, group_id: str) -> ResponseReturnValue:
    form = PhotoForm()
    if _put(Subject(Pictured.GROUP, store_id, group_id), form):
        return redirect(url_for("catalog.group", store_id=store_id, group_id=group_id))
    return group_page(store_id, group_id, form)


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
    return redirect(url_for("catalog.product", store_id=store_id, product_id=product_id))


@blueprint.post("/catalog/stores/<string:store_id>/groups/<string:group_id>/photo/delete")
def delete_group_photo(store_id: str, group_id: str) -> ResponseReturnValue:
    sent(ActionForm)
    _delete(Subject(Pictured.GROUP, store_id, group_id))
    return redirect(url_for("catalog.group", store_id=store_id, group_id=group_id))


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
